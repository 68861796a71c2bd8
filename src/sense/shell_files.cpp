// The shell's files: a few of the machine's own, and what the visitor leaves, kept up to a cap and never run.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "sense/shell.hpp"

namespace noroshi::sense {
namespace {

/// What one cat gives before it reads no further file: all that a visit's files keep.
constexpr auto kMaxCat = std::size_t{2} << 20;

auto digit_of(char character, unsigned base) -> int {
  auto const digit = character >= '0' && character <= '9'   ? character - '0'
                     : character >= 'a' && character <= 'f' ? character - 'a' + 10
                     : character >= 'A' && character <= 'F' ? character - 'A' + 10
                                                            : 99;
  return digit < static_cast<int>(base) ? digit : -1;
}

/// Reads up to `most` digits behind `at`, which moves to the last one.
auto number_behind(std::string_view text, std::size_t &at, unsigned base, int most) -> char {
  auto number = 0;
  for (auto i = 0; i < most && at + 1 < text.size() && digit_of(text[at + 1], base) >= 0; ++i)
    number = number * static_cast<int>(base) + digit_of(text[++at], base);
  return static_cast<char>(number);
}

/// The escapes of echo -e (POSIX XSI echo, and BusyBox's \xHH).
auto unescape(std::string_view text) -> std::string {
  auto bytes = std::string{};
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      bytes += text[at];
      continue;
    }
    auto const letter = text[++at];
    switch (letter) {
      case 'n': bytes += '\n'; break;
      case 'r': bytes += '\r'; break;
      case 't': bytes += '\t'; break;
      case 'a': bytes += '\a'; break;
      case '\\': bytes += '\\'; break;
      case 'x': bytes += number_behind(text, at, 16, 2); break;
      case '0': bytes += number_behind(text, at, 8, 3); break;
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
        --at;
        bytes += number_behind(text, at, 8, 3);
        break;
      default: bytes += '\\', bytes += letter;
    }
  }
  return bytes;
}

auto size_of(std::string_view text) -> std::size_t {
  auto size = std::size_t{0};
  std::from_chars(text.data(), text.data() + text.size(), size);
  return size;
}

/// chmod's first word (POSIX.1-2017, XCU chmod), as far as loaders use it: octal digits, or +, - and = for all.
auto mode_after(std::string_view word, std::uint32_t mode) -> std::uint32_t {
  auto octal = std::uint32_t{0};
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), octal, 8);
  if (error == std::errc{} && end == word.data() + word.size()) return octal & 07'777U;
  auto const sign = word.find_first_of("+-=");
  if (sign == std::string_view::npos) return mode;
  auto bits = std::uint32_t{0};
  for (auto const letter : word.substr(sign + 1))
    bits |= letter == 'r' ? 0444U : letter == 'w' ? 0222U : letter == 'x' ? 0111U : letter == 's' ? 06000U : 0U;
  auto const who = word.substr(0, sign);
  if (!who.empty() && who.find('a') == std::string_view::npos)
    bits &= (who.find('u') != std::string_view::npos ? 04'700U : 0U) |
            (who.find('g') != std::string_view::npos ? 02'070U : 0U) |
            (who.find('o') != std::string_view::npos ? 0007U : 0U);
  return word[sign] == '+' ? mode | bits : word[sign] == '-' ? mode & ~bits : bits;
}

}  // namespace

auto Shell::absolute(std::string_view path) const -> std::string { return VisitFiles::absolute(path, folder_); }

auto Shell::read(std::string_view path) const -> std::optional<std::string> {
  auto bytes = std::string{};
  if (files_.read(absolute(path), bytes) != FileFault{}) return std::nullopt;
  return bytes;
}

auto Shell::write(std::string_view path, std::string_view bytes, bool append, Visit &visit) -> bool {
  auto const whole = absolute(path);
  auto const now = visit.now();
  auto const created = files_.create(whole, 0644, now);
  if (created == FileFault::no_space_on_device) return true;  // seems to work, is not kept
  if (created != FileFault{}) return false;
  auto status = FileStatus{};
  if (!append) (void)files_.resize(whole, 0, now);
  if (files_.status(whole, status) == FileFault{}) (void)files_.write(whole, status.size, bytes, now);
  return true;
}

void Shell::finish(Visit &visit) { files_.note_all(visit); }

auto Shell::cat(Call &call) -> int {
  auto status = 0;
  if (call.words.size() == 1 || call.words[1] == "-") return call.output = call.input, 0;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i) {
    if (call.output.size() > kMaxCat) break;
    if (auto const bytes = read(call.words[i])) {
      call.output += *bytes;
    } else {
      call.output += fmt::format("cat: can't open '{}': No such file or directory\n", call.words[i]);
      status = 1;
    }
  }
  return status;
}

auto Shell::dd(Call &call) -> int {
  auto input = std::optional<std::string>{call.input};
  auto name = std::string{};
  auto target = std::string{};
  auto block = std::size_t{512};
  auto count = std::string::npos;
  for (auto const &word : call.words) {
    auto const value = std::string_view{word}.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("if=")) name = value;
    if (word.starts_with("of=")) target = value;
    if (word.starts_with("bs=")) block = size_of(value);
    if (word.starts_with("count=")) count = size_of(value);
  }
  if (!name.empty()) input = read(name);
  if (!input) {
    call.output = fmt::format("dd: can't open '{}': No such file or directory\n", name);
    return 1;
  }
  auto const wanted = block == 0 || count > input->size() / block ? input->size() : block * count;
  auto const bytes = input->substr(0, wanted);
  auto const records = block == 0 ? 0 : bytes.size() / block;
  auto const partial = block != 0 && bytes.size() % block != 0 ? 1 : 0;
  if (target.empty())
    call.output = bytes;
  else
    write(target, bytes, false, call.visit);
  call.output += fmt::format("{0}+{1} records in\n{0}+{1} records out\n", records, partial);
  return 0;
}

auto Shell::echo(Call &call) -> int {
  auto at = std::size_t{1};
  auto newline = call.words.front() != "printf";
  auto escapes = !newline;
  for (; at < call.words.size() && call.words.front() != "printf"; ++at) {
    auto const &word = call.words[at];
    if (word.size() < 2 || word.front() != '-' || word.find_first_not_of("neE", 1) != std::string::npos) break;
    newline &= word.find('n') == std::string::npos;
    escapes |= word.find('e') != std::string::npos;
  }
  for (auto first = true; at < call.words.size(); ++at) {
    if (!std::exchange(first, false)) call.output += ' ';
    call.output += escapes ? unescape(call.words[at]) : call.words[at];
  }
  if (newline) call.output += '\n';
  return 0;
}

auto Shell::cp(Call &call) -> int {
  auto const moves = call.words.front().ends_with("mv");
  if (call.words.size() < 3) return fails(call);
  auto const &from = call.words[call.words.size() - 2];
  auto to = absolute(call.words.back());
  auto const bytes = read(from);
  if (!bytes && !(moves && is_folder(absolute(from)))) {
    call.output = fmt::format("{}: can't stat '{}': No such file or directory\n", moves ? "mv" : "cp", from);
    return 1;
  }
  if (is_folder(to)) to = VisitFiles::absolute(name_of(absolute(from)), to);
  auto const done = moves ? files_.rename(absolute(from), to) == FileFault{} : write(to, *bytes, false, call.visit);
  if (!done) {
    call.output = fmt::format("{}: can't create '{}': Read-only file system\n", moves ? "mv" : "cp", call.words.back());
    return 1;
  }
  auto status = FileStatus{};
  if (!moves && files_.status(absolute(from), status) == FileFault{}) (void)files_.set_mode(to, status.mode);
  return 0;
}

auto Shell::is_folder(std::string const &path) const -> bool {
  auto status = FileStatus{};
  return files_.status(path, status) == FileFault{} && status.type == FileType::folder;
}

auto Shell::rm(Call &call) -> int {
  auto forced = false;
  auto recursive = false;
  auto status = 0;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i) {
    auto const &word = call.words[i];
    if (word.starts_with('-')) {
      forced |= word.find('f') != std::string::npos;
      recursive |= word.find_first_of("rR") != std::string::npos;
      continue;
    }
    auto const path = absolute(word);
    if (recursive && is_folder(path)) {
      files_.remove_all(path, call.visit);
    } else if (files_.remove(path, call.visit) != FileFault{} && !forced && word.find('*') == std::string::npos) {
      call.output += fmt::format("rm: can't remove '{}': No such file or directory\n", word);
      status = 1;
    }
  }
  return status;
}

auto Shell::chmod(Call &call) -> int {
  for (auto i = std::size_t{2}; i < call.words.size(); ++i) {
    auto const path = absolute(call.words[i]);
    auto status = FileStatus{};
    if (files_.status(path, status) == FileFault{}) {
      files_.note(path, call.visit);  // about to be run, so it is whole
      (void)files_.set_mode(path, mode_after(call.words[1], status.mode));
    } else if (call.words[i].find('*') == std::string::npos) {
      call.output += fmt::format("chmod: {}: No such file or directory\n", call.words[i]);
      return 1;
    }
  }
  return 0;
}

auto Shell::ls(Call &call) -> int {
  auto folder = folder_;
  auto shows_hidden = false;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i)
    if (!call.words[i].starts_with('-'))
      folder = absolute(call.words[i]);
    else
      shows_hidden |= call.words[i].find_first_of("aA") != std::string::npos;
  auto names = std::vector<std::string>{};
  auto const fault = files_.names(folder, names);
  if (fault == FileFault::not_a_directory && read(folder)) return call.output = call.words.back() + "\n", 0;
  if (fault != FileFault{}) {
    call.output = fmt::format("ls: {}: No such file or directory\n", call.words.back());
    return 1;
  }
  for (auto const &name : names)
    if (shows_hidden || !name.starts_with('.')) call.output.append(name).append("\n");
  return 0;
}

auto Shell::mkdir(Call &call) -> int {
  auto const makes_all =
      call.words.size() > 1 && call.words[1].starts_with("-") && call.words[1].find('p') != std::string::npos;
  auto status = 0;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i) {
    if (call.words[i].starts_with('-')) continue;
    auto const path = absolute(call.words[i]);
    if (makes_all)
      for (auto end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
        (void)files_.make_folder(path.substr(0, end), 0755, call.visit.now());
    auto const fault = files_.make_folder(path, 0755, call.visit.now());
    if (fault == FileFault{} || (makes_all && is_folder(path))) continue;
    call.output += fmt::format("mkdir: can't create directory '{}': {}\n", call.words[i], sentence_of(fault));
    status = 1;
  }
  return status;
}

auto Shell::touch(Call &call) -> int {
  for (auto i = std::size_t{1}; i < call.words.size(); ++i)
    if (!call.words[i].starts_with('-')) (void)files_.create(absolute(call.words[i]), 0644, call.visit.now());
  return 0;
}

auto Shell::head(Call &call) -> int {
  call.output = call.input;
  if (call.words.size() > 1 && !call.words.back().starts_with('-')) call.output = read(call.words.back()).value_or("");
  return 0;
}

auto Shell::cd(Call &call) -> int {
  auto const target = call.words.size() > 1 && call.words[1] != "~" ? absolute(call.words[1]) : std::string{"/root"};
  if (!is_folder(target)) {
    call.output = fmt::format("-sh: cd: can't cd to {}\n", call.words[1]);
    return 1;
  }
  folder_ = target;
  return 0;
}

auto Shell::pwd(Call &call) -> int {
  call.output = folder_ + "\n";
  return 0;
}

}  // namespace noroshi::sense
