// The version of this program, as packages and the API tell it.
#pragma once

#include <string_view>

namespace noroshi {

auto version() -> std::string_view;

}  // namespace noroshi
