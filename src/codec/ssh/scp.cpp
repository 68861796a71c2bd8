#include "codec/ssh/scp.hpp"

#include <charconv>
#include <optional>

namespace noroshi::codec::ssh {
namespace {

template <class Number>
auto take_number(std::string_view &line) -> std::optional<Number> {
  auto number = Number{};
  auto const [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return number;
}

auto take_space(std::string_view &line) -> bool {
  auto const found = line.starts_with(' ');
  if (found) line.remove_prefix(1);
  return found;
}

auto parse_times(std::string_view line) -> Result<ScpRecord> {
  auto record = ScpRecord{.kind = ScpRecord::Kind::times};
  auto const wrong = [](std::string_view what) { return fail(ErrorCode::malformed, "{} not delimited", what); };
  if (line.empty() || line.front() < '0' || line.front() > '9')
    return fail(ErrorCode::malformed, "mtime.sec not present");
  auto const modified = take_number<std::int64_t>(line);
  if (!modified || !take_space(line)) return wrong("mtime.sec");
  if (!take_number<std::int64_t>(line) || !take_space(line)) return wrong("mtime.usec");
  auto const accessed = take_number<std::int64_t>(line);
  if (!accessed || !take_space(line)) return wrong("atime.sec");
  if (!take_number<std::int64_t>(line) || !line.empty()) return wrong("atime.usec");
  record.modified = *modified;
  record.accessed = *accessed;
  return record;
}

}  // namespace

auto parse_scp_record(std::string_view line) -> Result<ScpRecord> {
  using Kind = ScpRecord::Kind;
  if (line.empty()) return fail(ErrorCode::malformed, "unexpected <newline>");
  auto const letter = line.front();
  line.remove_prefix(1);
  if (letter == '\1' || letter == '\2') {
    auto const kind = letter == '\1' ? Kind::trouble : Kind::last_trouble;
    return ScpRecord{.kind = kind, .text = line};
  }
  if (letter == 'E') return ScpRecord{.kind = Kind::end_of_folder};
  if (letter == 'T') return parse_times(line);
  if (letter != 'C' && letter != 'D') return fail(ErrorCode::malformed, "expected control record");
  auto record = ScpRecord{.kind = letter == 'C' ? Kind::file : Kind::folder};
  for (auto digit = 0; digit < 4; ++digit) {
    if (line.empty() || line.front() < '0' || line.front() > '7') return fail(ErrorCode::malformed, "bad mode");
    record.mode = (record.mode << 3) | static_cast<std::uint32_t>(line.front() - '0');
    line.remove_prefix(1);
  }
  if (!take_space(line)) return fail(ErrorCode::malformed, "mode not delimited");
  if (line.empty() || line.front() < '0' || line.front() > '9') return fail(ErrorCode::malformed, "size not present");
  auto const size = take_number<std::uint64_t>(line);
  if (!size) return fail(ErrorCode::malformed, "size out of range");
  if (!take_space(line)) return fail(ErrorCode::malformed, "size not delimited");
  record.size = *size;
  record.text = line;
  return record;
}

auto is_scp_name(std::string_view name) -> bool {
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

auto parse_scp_command(std::vector<std::string> const &words) -> ScpCommand {
  auto command = ScpCommand{};
  auto options = true;
  for (auto i = std::size_t{1}; i < words.size(); ++i) {
    auto const &word = words[i];
    if (options && word == "--") {
      options = false;
    } else if (options && word.size() > 1 && word.front() == '-') {
      auto const has = [&](char letter) { return word.find(letter) != std::string::npos; };
      command.is_sink |= has('t');
      command.is_source |= has('f');
      command.is_recursive |= has('r');
      command.keeps_times |= has('p');
      command.wants_folder |= has('d');
    } else {
      options = false;
      command.paths.push_back(word);
    }
  }
  return command;
}

}  // namespace noroshi::codec::ssh
