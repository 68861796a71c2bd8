// MISP's types of attributes, and which values of ours they hold.
#pragma once

#include <array>
#include <string_view>

#include "model/context.hpp"

namespace noroshi::understand::feeds {

struct MispType {
  std::string_view name;
  /// Names of our types before and behind a '|'; "-": something that is no value; empty: nothing.
  std::array<std::string_view, 2> parts;
  model::Direction direction = model::Direction::unknown;
};

/// nullptr: a type whose values are no indicators, or of which nothing is known here.
auto misp_type(std::string_view name) -> MispType const *;

}  // namespace noroshi::understand::feeds
