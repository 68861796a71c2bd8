#include "share/address_forms.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/bytes.hpp"

namespace noroshi::share {

namespace {

auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }
auto is_hex(char c) -> bool { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
auto is_word(char c) -> bool { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// One part of a dotted notation, read as inet_aton(3) does and as plain decimal.
struct Part {
  std::uint64_t aton = 0, decimal = 0;
  std::size_t end = 0;
};

// Longer runs of digits are no part of an address: 0x and 8 digits, or 11 octal digits, and zeros before them.
constexpr auto kLongestPart = std::size_t{24};

auto read_part(std::string_view text, std::size_t at) -> std::optional<Part> {
  auto part = Part{};
  auto end = at;
  auto const hexadecimal = text.substr(at, 2) == "0x" || text.substr(at, 2) == "0X";
  if (hexadecimal) end += 2;
  auto const first = end;
  while (end < text.size() && end - at < kLongestPart && (hexadecimal ? is_hex(text[end]) : is_digit(text[end]))) ++end;
  if (end == first || end - at == kLongestPart) return std::nullopt;
  auto const base = hexadecimal ? 16U : text[first] == '0' ? 8U : 10U;
  for (auto i = first; i < end; ++i) {
    auto const digit = is_digit(text[i]) ? static_cast<unsigned>(text[i] - '0')
                                         : static_cast<unsigned>(std::tolower(text[i]) - 'a' + 10);
    part.aton = (part.aton * base + digit) & 0xffff'ffff'ffff;
    part.decimal = (part.decimal * 10 + digit) & 0xffff'ffff'ffff;
  }
  part.end = end;
  return part;
}

auto quad(std::array<std::uint64_t, 4> const &parts) -> std::optional<std::uint32_t> {
  auto number = std::uint32_t{0};
  for (auto const part : parts) {
    if (part > 255) return std::nullopt;
    number = number << 8 | static_cast<std::uint32_t>(part);
  }
  return number;
}

auto reversed(std::uint32_t number) -> std::uint32_t {
  return number >> 24 | (number >> 8 & 0xff00) | (number << 8 & 0xff0000) | number << 24;
}

/// Four parts with one kind of separator, at `at`: its end, where they are a wanted address.
auto dotted_at(std::string_view text, std::size_t at, Wanted const &wanted) -> std::size_t {
  auto aton = std::array<std::uint64_t, 4>{};
  auto decimal = aton;
  auto separator = '\0';
  for (auto i = std::size_t{0}; i < 4; ++i) {
    auto const part = read_part(text, at);
    if (!part) return 0;
    aton[i] = part->aton;
    decimal[i] = part->decimal;
    at = part->end;
    if (i == 3) break;
    if (at == text.size() || (i > 0 && text[at] != separator)) return 0;
    separator = text[at++];
    if (separator != '.' && separator != '-' && separator != '_') return 0;
  }
  for (auto const &parts : {aton, decimal})
    if (auto const number = quad(parts);
        number && (wanted.is(model::IpAddress::v4(*number)) || wanted.is(model::IpAddress::v4(reversed(*number)))))
      return at;
  return 0;
}

/// One to three parts, the last one wide (inet_aton): only for the sensor itself, as such numbers stand everywhere.
auto short_form_at(std::string_view text, std::size_t at, Wanted const &wanted) -> std::size_t {
  if (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.')) return 0;
  auto parts = std::array<std::uint64_t, 3>{};
  auto count = std::size_t{0};
  while (count < parts.size()) {
    auto const part = read_part(text, at);
    if (!part) return 0;
    parts[count++] = part->aton;
    at = part->end;
    if (at == text.size() || text[at] != '.' || at + 1 == text.size() || !is_digit(text[at + 1])) break;
    ++at;
  }
  if (at < text.size() && (is_word(text[at]) || (text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]))))
    return 0;
  auto number = std::uint64_t{0};
  for (auto i = std::size_t{0}; i + 1 < count; ++i) {
    if (parts[i] > 255) return 0;
    number = number << 8 | parts[i];
  }
  auto const rest = 8 * (4 - (count - 1));
  if (parts[count - 1] >> rest != 0) return 0;
  number = number << rest | parts[count - 1];
  return number == (wanted.sensor.low() & 0xffff'ffff) && wanted.sensor.is_v4() ? at : 0;
}

/// A run with colons that is an IPv6 address, perhaps with a port behind it.
auto v6_at(std::string_view text, std::size_t at, Wanted const &wanted) -> std::size_t {
  constexpr auto kLongest = std::size_t{52};  // 39, or 45 with a dotted end, and a port
  if (at > 0 && (is_hex(text[at - 1]) || text[at - 1] == ':')) return 0;
  auto end = at;
  auto colons = 0;
  while (end < text.size() && end - at < kLongest && (is_hex(text[end]) || text[end] == ':' || text[end] == '.'))
    colons += static_cast<int>(text[end++] == ':');
  if (colons < 2) return 0;
  for (auto run = text.substr(at, end - at); run.size() > 2; run = run.substr(0, run.find_last_of(":."))) {
    auto const address = model::IpAddress::parse(run);
    if (address && wanted.is(*address)) return at + run.size();
    if (run.find_first_of(":.") == std::string_view::npos) break;
  }
  return 0;
}

void find_text(std::string_view text, std::string_view needle, std::vector<Found> &found, bool raw) {
  if (needle.empty()) return;
  for (auto at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + needle.size()))
    found.push_back({at, at + needle.size(), raw});
}

void find_bytes(std::string_view text, Wanted const &wanted, std::vector<Found> &found) {
  if (wanted.sensor == model::IpAddress{}) return;
  auto const all = wanted.sensor.bytes();
  auto bytes = std::string{reinterpret_cast<char const *>(all.data()), all.size()};
  if (wanted.sensor.is_v4()) bytes.erase(0, 12);
  // Four letters of ordinary text are a word, not an address.
  if (std::ranges::all_of(bytes, [](char c) { return std::isprint(static_cast<unsigned char>(c)) != 0; })) return;
  find_text(text, bytes, found, true);
  if (wanted.sensor.is_v4()) find_text(text, std::string{bytes.rbegin(), bytes.rend()}, found, true);
}

auto in_lower_case(std::string_view text) -> std::string {
  auto lower = std::string{text};
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace

auto Wanted::is(model::IpAddress address) const -> bool {
  if (address == model::IpAddress{}) return false;
  return address == sensor || std::ranges::any_of(own, [&](auto const &prefix) { return prefix.contains(address); });
}

auto find_addresses(std::string_view text, Wanted const &wanted) -> std::vector<Found> {
  auto found = std::vector<Found>{};
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    if (!is_hex(text[at]) && text[at] != ':') continue;
    auto end = std::size_t{0};
    if (is_digit(text[at]) && (at == 0 || !is_digit(text[at - 1]))) end = dotted_at(text, at, wanted);
    if (end == 0 && is_digit(text[at])) end = short_form_at(text, at, wanted);
    if (end == 0) end = v6_at(text, at, wanted);
    if (end == 0) continue;
    found.push_back({at, end, false});
    at = end - 1;
  }
  find_bytes(text, wanted, found);
  if (!wanted.names.empty()) {
    auto const lower = in_lower_case(text);
    for (auto const &name : wanted.names) find_text(lower, name, found, false);
  }
  std::ranges::sort(found, {}, [](Found const &one) { return std::pair{one.begin, ~one.end}; });
  auto apart = std::vector<Found>{};
  for (auto const &one : found)
    if (apart.empty() || one.begin >= apart.back().end) apart.push_back(one);
  return apart;
}

}  // namespace noroshi::share
