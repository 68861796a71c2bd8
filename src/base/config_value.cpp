#include "base/config_value.hpp"

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace noroshi::config {

namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t worth;
};
constexpr auto kDurationUnits = std::array{
    Unit{"us", 1},           Unit{"ms", 1'000},        Unit{"s", 1'000'000},
    Unit{"min", 60'000'000}, Unit{"h", 3'600'000'000}, Unit{"d", 86'400'000'000},
};
constexpr auto kSizeUnits = std::array{
    Unit{"B", 1},
    Unit{"KiB", 1ULL << 10},
    Unit{"MiB", 1ULL << 20},
    Unit{"GiB", 1ULL << 30},
};

auto malformed() -> Error { return fail(ErrorCode::malformed, "not a value of this type"); }

/// A whole number with one of the units behind it, in the smallest unit; at most what 63 bits hold.
template <std::size_t kCount>
auto parse_with_unit(std::string_view text, std::array<Unit, kCount> const &units) -> Result<std::uint64_t> {
  auto number = std::uint64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return malformed();
  auto const suffix = std::string_view{end, text.data() + text.size()};
  for (auto const &unit : units) {
    if (suffix != unit.suffix) continue;
    if (number > static_cast<std::uint64_t>(INT64_MAX) / unit.worth) return malformed();
    return number * unit.worth;
  }
  return malformed();
}

auto append_quoted(std::string &to, std::string_view text) {
  to += '"';
  for (auto const character : text) {
    auto const byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\')
      to.append({'\\', character});
    else if (byte < 0x20 || byte == 0x7f)
      to += fmt::format("\\u{:04X}", byte);
    else
      to += character;
  }
  to += '"';
}

}  // namespace

template <>
auto parse<std::string>(std::string_view text) -> Result<std::string> {
  if (!is_utf8(text)) return malformed();
  return std::string{text};
}

template <>
auto parse<std::int64_t>(std::string_view text) -> Result<std::int64_t> {
  auto number = std::int64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return malformed();
  return number;
}

template <>
auto parse<bool>(std::string_view text) -> Result<bool> {
  if (text != "true" && text != "false") return malformed();
  return text == "true";
}

template <>
auto parse<Duration>(std::string_view text) -> Result<Duration> {
  TRY(auto const micros, parse_with_unit(text, kDurationUnits));
  return Duration{static_cast<std::int64_t>(micros)};
}

template <>
auto parse<ByteSize>(std::string_view text) -> Result<ByteSize> {
  TRY(auto const bytes, parse_with_unit(text, kSizeUnits));
  return ByteSize{bytes};
}

template <>
auto parse<std::vector<std::string>>(std::string_view text) -> Result<std::vector<std::string>> {
  auto entries = std::vector<std::string>{};
  if (text.empty()) return entries;
  if (!is_utf8(text)) return malformed();
  entries.emplace_back();
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto const escapes = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\');
    if (escapes)
      entries.back() += text[++i];
    else if (text[i] == ',')
      entries.emplace_back();
    else
      entries.back() += text[i];
  }
  for (auto const &entry : entries)
    if (entry.empty()) return malformed();
  return entries;
}

auto check(ConfigKeyBase::Type type, std::string_view text) -> bool {
  switch (type) {
    case ConfigKeyBase::Type::text: return parse<std::string>(text).has_value();
    case ConfigKeyBase::Type::number: return parse<std::int64_t>(text).has_value();
    case ConfigKeyBase::Type::flag: return parse<bool>(text).has_value();
    case ConfigKeyBase::Type::duration: return parse<Duration>(text).has_value();
    case ConfigKeyBase::Type::size: return parse<ByteSize>(text).has_value();
    case ConfigKeyBase::Type::list: return parse<std::vector<std::string>>(text).has_value();
  }
  return false;
}

auto expected(ConfigKeyBase::Type type) -> std::string_view {
  switch (type) {
    case ConfigKeyBase::Type::text: return "text in UTF-8";
    case ConfigKeyBase::Type::number: return "a whole number";
    case ConfigKeyBase::Type::flag: return "true or false";
    case ConfigKeyBase::Type::duration: return "a duration with unit, such as \"90s\" (us, ms, s, min, h, d)";
    case ConfigKeyBase::Type::size: return "a size with unit, such as \"64MiB\" (B, KiB, MiB, GiB)";
    case ConfigKeyBase::Type::list: return "a list of texts without empty ones, such as [\"a\", \"b\"] (--set: a,b)";
  }
  return "";
}

auto join_list(std::vector<std::string> const &entries) -> std::string {
  auto text = std::string{};
  for (auto const &entry : entries) {
    if (&entry != entries.data()) text += ',';
    for (auto const character : entry) {
      if (character == ',' || character == '\\') text += '\\';
      text += character;
    }
  }
  return text;
}

auto to_toml_value(ConfigKeyBase::Type type, std::string_view text) -> std::string {
  if (type == ConfigKeyBase::Type::number || type == ConfigKeyBase::Type::flag) return std::string{text};
  auto value = std::string{};
  if (type != ConfigKeyBase::Type::list) {
    append_quoted(value, text);
    return value;
  }
  value = "[";
  for (auto const &entry : parse<std::vector<std::string>>(text).value_or(std::vector<std::string>{})) {
    if (value.size() > 1) value += ", ";
    append_quoted(value, entry);
  }
  return value + "]";
}

}  // namespace noroshi::config
