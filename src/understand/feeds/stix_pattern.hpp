// STIX 2.1 patterns (section 9): the values that a pattern says are bad, each by itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/value.hpp"

namespace noroshi::understand::feeds {

struct PatternValue {
  model::ValueType type = model::ValueType::ip;
  std::string text;
};

/// The values of a pattern of comparisons with = and IN joined by OR; hashes of one file also by AND, as they say the
/// same. malformed: no pattern. not_found, with a reason of few words: a pattern that means more than one value
/// (AND, FOLLOWEDBY), less (NOT, LIKE, MATCHES, <), or no type that is known here.
auto pattern_values(std::string_view pattern) -> Result<std::vector<PatternValue>>;

}  // namespace noroshi::understand::feeds
