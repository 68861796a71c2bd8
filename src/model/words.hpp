// The words of an enumeration: one table gives to_string and parse, so that the two cannot part.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/characters.hpp"

namespace noroshi::model {

/// An enumerator's stable word in JSON, configuration and on the command line.
template <class Enum>
struct Word {
  Enum value;
  std::string_view text;
};

/// The word of `value`; "unknown" for a number that is no enumerator.
template <class Enum, std::size_t count>
auto word_of(std::array<Word<Enum>, count> const &words, Enum value) -> std::string_view {
  for (auto const &word : words)
    if (word.value == value) return word.text;
  return "unknown";
}

/// The enumerator of `text`, else malformed with `what` ("a role") and all the words that are possible.
template <class Enum, std::size_t count>
auto parse_word(std::array<Word<Enum>, count> const &words, std::string_view text, std::string_view what)
    -> Result<Enum> {
  auto possible = std::string{};
  for (auto const &word : words) {
    if (word.text == text) return word.value;
    if (!possible.empty()) possible += ", ";
    possible += word.text;
  }
  return fail(ErrorCode::malformed, "{} is not {}; possible are {}", quoted(text), what, possible);
}

}  // namespace noroshi::model
