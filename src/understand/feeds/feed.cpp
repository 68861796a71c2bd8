#include "understand/feeds/feed.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "model/characters.hpp"

namespace noroshi::understand {

namespace {

// In this order: each is safer than those behind it.
constexpr auto kOrder = std::array<std::string_view, 5>{"misp", "stix", "maltrail", "hosts", "plain"};

constexpr auto kBeside = std::array<std::string_view, 9>{"license", "licence", "copying",      "copyright", "notice",
                                                         "readme",  "authors", "contributing", "changelog"};

/// Ten digits are seconds from 2001 to 2286, thirteen the same in milliseconds.
auto parse_epoch(std::string_view digits) -> std::optional<Time> {
  if ((digits.size() != 10 && digits.size() != 13) || !std::ranges::all_of(digits, model::is_digit))
    return std::nullopt;
  auto number = std::int64_t{0};
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return digits.size() == 10 ? Time{std::chrono::seconds{number}} : Time{std::chrono::milliseconds{number}};
}

}  // namespace

auto FeedFormat::wants(std::string_view file) const -> bool { return is_list(file); }

auto is_list(std::string_view file) -> bool {
  auto const name = model::lower(file.substr(file.rfind('/') + 1));
  if (name.starts_with('.')) return false;
  // "LICENSE", "README.md", "license-2.0.txt", and no "readmes.example.com.txt".
  auto const word = std::string_view{name}.substr(0, name.find_first_of(".-_"));
  return std::ranges::find(kBeside, word) == kBeside.end();
}

auto FeedFormat::set_columns(std::string_view) -> Result<void> {
  return fail(ErrorCode::malformed, "only CSV has columns; leave --columns out, or add --as csv");
}

auto is_utf16(std::string_view beginning) -> bool {
  if (beginning.starts_with("\xff\xfe") || beginning.starts_with("\xfe\xff")) return true;
  constexpr auto kLooked = std::size_t{4};
  if (beginning.size() < kLooked) return false;
  auto const zero_at = [&](std::size_t at) { return beginning[at] == '\0'; };
  return zero_at(0) != zero_at(1) && zero_at(0) == zero_at(2) && zero_at(1) == zero_at(3);
}

auto recognise_feed(FeedSample const &sample) -> Result<std::string> {
  if (is_utf16(sample.beginning))
    return fail(ErrorCode::malformed, "{} is in UTF-16; make it UTF-8 first: iconv -f UTF-16 -t UTF-8",
                printable(sample.file));
  auto const &registry = Registry<FeedFormat>::instance();
  for (auto const name : kOrder)
    if (auto const format = registry.create(name); format && format->recognises(sample)) return std::string{name};
  auto names = std::string{};
  for (auto const &name : registry.names()) names += (names.empty() ? "" : ", ") + name;
  return fail(ErrorCode::malformed, "{} does not tell its format by itself; name it with --as: {}",
              printable(sample.file), names);
}

auto parse_feed_time(std::string_view text) -> Result<Time> {
  text = trimmed(text);
  if (auto const epoch = parse_epoch(text)) return *epoch;
  if (auto const time = parse_rfc3339(text)) return *time;
  // "2026-01-31 10:20:30 UTC", as abuse.ch and many others write.
  if (text.ends_with(" UTC")) text.remove_suffix(4);
  auto written = std::string{text};
  if (written.size() > 10 && written[10] == ' ') written[10] = 'T';
  if (auto const time = parse_rfc3339(written)) return *time;
  if (auto const time = parse_rfc3339(written + "Z")) return *time;
  return fail(ErrorCode::malformed,
              "{} is not a time; write 2026-01-31T10:20:30Z, 2026-01-31 10:20:30, 2026-01-31 or seconds since 1970",
              model::quoted(text));
}

auto trimmed(std::string_view text) -> std::string_view {
  auto const is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace noroshi::understand
