#include "understand/feeds/lines.hpp"

#include <algorithm>
#include <cstring>

namespace noroshi::understand::feeds {

namespace {
constexpr auto kByteOrderMark = std::string_view{"\xef\xbb\xbf"};
constexpr auto kTooLong = std::string_view{"line too long"};
constexpr auto kShown = std::size_t{80};  // of a line that was refused unread
}  // namespace

void LineFeed::begin_file(std::string_view, FeedSink &) {
  carried_.clear();
  line_ = 0;
  long_bytes_ = 0;
}

void LineFeed::give(std::string_view line, FeedSink &to) {
  to.at_line(++line_);
  if (line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.size() > kMaxFeedLine) {
    to.refuse(kTooLong, line.substr(0, kShown),
              fmt::format("it has {} bytes; at most {} are read", line.size(), kMaxFeedLine));
    return;
  }
  line = trimmed(line);
  if (line.empty())
    to.comment();
  else
    read_line(line, to);
}

void LineFeed::read(std::string_view bytes, FeedSink &to) {
  while (!bytes.empty()) {
    auto const *const found = static_cast<char const *>(std::memchr(bytes.data(), '\n', bytes.size()));
    auto const size = found == nullptr ? bytes.size() : static_cast<std::size_t>(found - bytes.data());
    auto const line = bytes.substr(0, size);
    bytes.remove_prefix(std::min(bytes.size(), size + 1));
    if (found != nullptr && carried_.empty()) {
      give(line, to);
      continue;
    }
    // One byte more than is read is kept, which tells a line that is too long.
    auto const room = kMaxFeedLine + 1 - carried_.size();
    carried_.append(line.substr(0, room));
    if (size > room) long_bytes_ += size - room;
    if (found != nullptr) give_carried(to);
  }
}

void LineFeed::end_file(FeedSink &to) {
  if (!carried_.empty()) give_carried(to);
}

void LineFeed::give_carried(FeedSink &to) {
  if (long_bytes_ > 0) {
    to.at_line(++line_);
    to.refuse(kTooLong, std::string_view{carried_}.substr(0, kShown),
              fmt::format("it has {} bytes; at most {} are read", carried_.size() + long_bytes_, kMaxFeedLine));
  } else {
    give(carried_, to);
  }
  carried_.clear();
  long_bytes_ = 0;
}

auto without_remark(std::string_view line, std::string_view signs) -> std::string_view {
  for (auto at = line.find_first_of(signs); at != std::string_view::npos; at = line.find_first_of(signs, at + 1))
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return trimmed(line.substr(0, at));
  return line;
}

auto wildcard(std::string_view text) -> NameAndScope {
  if (text.starts_with("*.")) return {text.substr(2), model::Scope::subtree};
  if (text.starts_with('.')) return {text.substr(1), model::Scope::subtree};
  return {text, model::Scope::exact};
}

auto sample_lines(FeedSample const &sample, std::size_t most) -> std::vector<std::string_view> {
  auto lines = std::vector<std::string_view>{};
  auto rest = sample.beginning;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  while (!rest.empty() && lines.size() < most) {
    auto const end = rest.find('\n');
    if (end == std::string_view::npos && !sample.is_whole) break;
    auto const line = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.empty() && line.front() != '#' && line.front() != ';') lines.push_back(line);
  }
  return lines;
}

}  // namespace noroshi::understand::feeds
