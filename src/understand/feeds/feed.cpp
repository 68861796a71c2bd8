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

/// Ten digits are seconds from 2001 to 2286, thirteen the same in milliseconds.
auto parse_epoch(std::string_view digits) -> std::optional<Time> {
  if ((digits.size() != 10 && digits.size() != 13) || !std::ranges::all_of(digits, model::is_digit))
    return std::nullopt;
  auto number = std::int64_t{0};
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return digits.size() == 10 ? Time{std::chrono::seconds{number}} : Time{std::chrono::milliseconds{number}};
}

}  // namespace

auto FeedFormat::wants(std::string_view file) const -> bool {
  auto const name = file.substr(file.rfind('/') + 1);
  return !name.starts_with('.');
}

auto FeedFormat::set_columns(std::string_view) -> Result<void> {
  return fail(ErrorCode::malformed, "only CSV has columns; leave --columns out, or add --as csv");
}

auto recognise_feed(FeedSample const &sample) -> Result<std::string> {
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
