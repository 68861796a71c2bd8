// Numbers that registries gave out: of networks, of weaknesses, of what attackers do.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "model/canonical.hpp"
#include "model/characters.hpp"

namespace noroshi::model {

namespace {

auto refuse(std::string_view text, std::string_view why) -> Error {
  return fail(ErrorCode::malformed, "{} is not {}", quoted(text), why);
}

auto all_digits(std::string_view text) -> bool { return std::ranges::all_of(text, is_digit); }

/// A decimal number of at most `most`, without leading zeros.
auto read_number(std::string_view digits, std::uint64_t most) -> std::optional<std::uint64_t> {
  if (digits.empty() || digits.size() > 10 || !all_digits(digits)) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  auto number = std::uint64_t{0};
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number <= most ? std::optional{number} : std::nullopt;
}

struct Letters {
  std::string_view letters;
  bool has_parts;  // "T1059.001"
};
// Techniques, tactics, groups, software, campaigns, mitigations, data sources and components, detection strategies,
// analytics, assets (attack.mitre.org).
constexpr auto kAttackLetters = std::to_array<Letters>({
    {"T", true},
    {"TA", false},
    {"G", false},
    {"S", false},
    {"C", false},
    {"M", false},
    {"DS", false},
    {"DC", false},
    {"DET", false},
    {"AN", false},
    {"A", false},
});

}  // namespace

auto canonical_asn(std::string_view text) -> Result<std::string> {
  auto number = text;
  auto const word = lower(number.substr(0, 3));
  if (word.starts_with("as")) number.remove_prefix(word == "asn" ? 3 : 2);
  if (number.size() < text.size() && (number.starts_with(' ') || number.starts_with('-'))) number.remove_prefix(1);
  constexpr auto kHalf = std::uint64_t{0xffff};
  auto value = std::optional<std::uint64_t>{};
  if (auto const dot = number.find('.'); dot == std::string_view::npos) {
    value = read_number(number, 0xffff'ffff);
  } else {
    auto const high = read_number(number.substr(0, dot), kHalf);
    auto const low = read_number(number.substr(dot + 1), kHalf);
    if (high && low) value = *high << 16 | *low;
  }
  if (!value) return refuse(text, "the number of an autonomous system: \"AS\" and 0 to 4294967295, or AS1.10");
  return fmt::format("AS{}", *value);
}

auto canonical_cve(std::string_view text) -> Result<std::string> {
  constexpr auto kWord = std::string_view{"cve"};
  constexpr auto kMostDigits = std::size_t{19};  // CVE Record Format 5
  auto const wrong = [&] { return refuse(text, "a CVE id: \"CVE-\", the year, \"-\", four digits or more"); };
  auto const is_joint = [](char character) { return character == '-' || character == '_' || character == ' '; };
  if (lower(text.substr(0, kWord.size())) != kWord || text.size() < 13 || !is_joint(text[3]) || !is_joint(text[8]))
    return wrong();
  auto const year = text.substr(4, 4);
  auto const number = text.substr(9);
  if (!all_digits(year) || year < "1999" || number.size() > kMostDigits || !all_digits(number)) return wrong();
  if (number.size() > 4 && number.front() == '0') return wrong();  // zeros fill up to four digits, no further
  return fmt::format("CVE-{}-{}", year, number);
}

auto canonical_attack(std::string_view text) -> Result<std::string> {
  auto form = std::string{text};
  for (auto &character : form)
    if (is_letter(character)) character = static_cast<char>(character & ~0x20);
  auto const digits = std::min(form.find_first_of("0123456789"), form.size());
  auto const letters = std::string_view{form}.substr(0, digits);
  auto const *const known = std::ranges::find(kAttackLetters, letters, &Letters::letters);
  auto const number = std::string_view{form}.substr(digits);
  auto const is_part =
      number.size() == 8 && number[4] == '.' && all_digits(number.substr(0, 4)) && all_digits(number.substr(5));
  auto const is_whole = number.size() == 4 && all_digits(number);
  if (known == kAttackLetters.end() || (!is_whole && !(known->has_parts && is_part)))
    return refuse(text, "an id of ATT&CK, such as T1059.001, G0016 or S0154");
  return form;
}

}  // namespace noroshi::model
