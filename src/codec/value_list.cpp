#include "codec/value_list.hpp"

#include <array>

#include <simdjson.h>

#include "base/text.hpp"
#include "base/time.hpp"

namespace noroshi::codec {

namespace {

constexpr auto kShownBytes = std::size_t{60};
// A header is read from comments; nobody's name is longer.
constexpr auto kMaxHeaderBytes = std::size_t{200};

auto trimmed(std::string_view text) -> std::string_view {
  constexpr auto kSpace = std::string_view{" \t\r\n"};
  auto const first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// A range that holds everything of a family, or IPv4 by way of IPv6, is a mistake or an attack.
auto is_sane(AddressRange const &range) -> bool {
  if (range.first.is_v4() != range.last.is_v4() || range.last < range.first) return false;
  constexpr auto kV4 = model::IpAddress::v4(0);
  if (!range.first.is_v4() && range.first <= kV4 && range.last >= kV4) return false;
  constexpr auto kWidestV4 = std::uint64_t{1} << 28;  // a /4
  if (range.first.is_v4()) return range.last.low() - range.first.low() < kWidestV4;
  constexpr auto kWidestV6 = std::uint64_t{1} << 56;  // a /8, counted in /64s
  return range.last.high() - range.first.high() < kWidestV6;
}

auto parse_address_or_prefix(std::string_view text) -> std::optional<AddressRange> {
  if (text.contains('/')) {
    auto const prefix = model::IpPrefix::parse(text);
    return prefix ? std::optional{range_of(*prefix)} : std::nullopt;
  }
  auto const address = model::IpAddress::parse(text);
  return address ? std::optional{AddressRange{*address, *address}} : std::nullopt;
}

auto is_port(std::string_view text) -> bool {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

auto parse_range(std::string_view text) -> std::optional<AddressRange> {
  if (auto const range = parse_address_or_prefix(text)) return range;
  if (auto const dash = text.find('-'); dash != std::string_view::npos) {
    auto const first = model::IpAddress::parse(trimmed(text.substr(0, dash)));
    auto const last = model::IpAddress::parse(trimmed(text.substr(dash + 1)));
    if (first && last) return AddressRange{*first, *last};
  }
  auto const colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return parse_address_or_prefix(host);
}

class Collector {
public:
  explicit Collector(ValueList &list) : list_(list) {}

  void add(std::string_view text, std::string_view what, std::uint64_t number) {
    text = trimmed(text);
    if (text.empty()) return;
    if (auto const range = parse_range(text)) {
      if (!is_sane(*range)) return refuse(text, what, number);
      list_.ranges.push_back(*range);
      ++list_.entries;
      return;
    }
    // Lists write "everything below" as ".example.com" or "*.example.com".
    auto name = text;
    if (name.starts_with("*.")) name.remove_prefix(1);
    if (name.starts_with('.')) name.remove_prefix(1);
    auto value = model::parse_value(name);
    if (!value) return refuse(text, what, number);
    list_.values.push_back(*std::move(value));
    ++list_.entries;
  }

  auto finish() -> Result<void> {
    if (list_.refused > 0 && list_.refused * 10 > list_.entries)
      return fail(ErrorCode::malformed,
                  "it is no list of addresses or names: {} of {} entries are none, the first is {}", list_.refused,
                  list_.refused + list_.entries, list_.first_refused);
    list_.ranges = merged(std::move(list_.ranges));
    std::ranges::sort(list_.values);
    auto const again = std::ranges::unique(list_.values);
    list_.values.erase(again.begin(), again.end());
    return ok;
  }

private:
  void refuse(std::string_view text, std::string_view what, std::uint64_t number) {
    if (list_.refused++ == 0)
      list_.first_refused = fmt::format("{} {}: \"{}\"", what, number, printable(text.substr(0, kShownBytes)));
  }
  ValueList &list_;
};

/// "# name: Tor exits": a description, where the comment is one.
void take_header(std::string_view comment, ValueList &list) {
  comment = trimmed(comment);
  auto const colon = comment.find(':');
  if (colon == std::string_view::npos) return;
  auto const key = comment.substr(0, colon);
  auto const content = trimmed(comment.substr(colon + 1)).substr(0, kMaxHeaderBytes);
  if (key == "name" && list.name.empty()) list.name = printable(content);
  if (key == "flag" && list.flag.empty()) list.flag = printable(content);
  if (key == "date" && list.date.empty() && parse_day(content)) list.date = content;
}

void read_lines(std::string_view text, ValueList &list, Collector &collector) {
  for (auto number = std::uint64_t{1}; !text.empty(); ++number) {
    auto const end = std::min(text.find('\n'), text.size());
    auto const line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#') || line.starts_with(';')) {
      if (list.entries == 0) take_header(line.substr(1), list);
      continue;
    }
    // Behind a value only: URLs have fragments.
    auto const comment = std::min(line.find(" #"), line.find("\t#"));
    collector.add(line.substr(0, comment), "line", number);
  }
}

/// MISP's versions are days (20260811) or plain counters; only the former say when.
auto date_of(std::uint64_t version) -> std::string {
  if (version < 20'000'000 || version > 30'000'000) return {};
  auto const text = std::to_string(version);
  auto day = fmt::format("{}-{}-{}", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2));
  return parse_day(day) ? day : std::string{};
}

auto broken(std::string_view what) -> Error {
  return fail(ErrorCode::malformed, "it is no MISP warninglist: {}", what);
}

auto read_warninglist(std::string_view json, ValueList &list, Collector &collector) -> Result<void> {
  auto parser = simdjson::dom::parser{kMaxListBytes};
  auto document = simdjson::dom::object{};
  if (auto const error = parser.parse(json.data(), json.size()).get(document))
    return broken(simdjson::error_message(error));
  auto text = std::string_view{};
  if (document["name"].get(text) == simdjson::SUCCESS) list.name = printable(text.substr(0, kMaxHeaderBytes));
  auto version = std::uint64_t{0};
  if (document["version"].get(version) == simdjson::SUCCESS) list.date = date_of(version);
  auto entries = simdjson::dom::array{};
  if (document["list"].get(entries) != simdjson::SUCCESS) return broken("it has no array \"list\"");
  auto number = std::uint64_t{0};
  for (auto const entry : entries) {
    ++number;
    if (entry.get(text) != simdjson::SUCCESS) return broken(fmt::format("entry {} is no text", number));
    collector.add(text, "entry", number);
  }
  return ok;
}

}  // namespace

auto parse_value_list(std::string_view bytes) -> Result<ValueList> {
  if (bytes.size() > kMaxListBytes)
    return fail(ErrorCode::too_large, "the list has more than {} MiB", kMaxListBytes >> 20);
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);  // a byte order mark
  auto list = ValueList{};
  auto collector = Collector{list};
  if (trimmed(bytes.substr(0, kShownBytes)).starts_with('{')) {
    TRY_VOID(read_warninglist(bytes, list, collector));
  } else {
    read_lines(bytes, list, collector);
  }
  TRY_VOID(collector.finish());
  return list;
}

}  // namespace noroshi::codec
