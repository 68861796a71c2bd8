// Which type of value a text can only be, judged by its signs.
#pragma once

#include <optional>
#include <string_view>

#include "model/value.hpp"

namespace noroshi::model {

/// A type's word and a colon in front of a value: "ja3:", "User-Agent: ", "bitcoin:". Any case; "-" counts as "_".
struct Typed {
  ValueType type;
  std::string_view rest;
};
auto typed(std::string_view text) -> std::optional<Typed>;

/// Of refanged text; canonical() then says whether it is one. A domain where there is no sign of anything else.
auto guess_type(std::string_view refanged) -> ValueType;

/// How many hexadecimal digits the digests of a type have; 0 for all that are none.
auto hash_digits(ValueType type) -> std::size_t;

}  // namespace noroshi::model
