// A number on the command line that names one entry of a list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace noroshi::apps {

/// Declares the argument ID; what is no whole number is refused with `list` ("noroshi watch list") as the place to
/// look.
void add_id(CLI::App &app, std::int64_t &id, std::string_view list);

/// What was named and does not exist is wrong use, not a failure.
template <class T>
auto of_given_id(Result<T> result) -> Result<T> {
  if (!result && result.error().code == ErrorCode::not_found)
    return Error{ErrorCode::malformed, std::move(result).error().sentence};
  return result;
}

}  // namespace noroshi::apps
