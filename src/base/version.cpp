#include "base/version.hpp"

namespace noroshi {

auto version() -> std::string_view { return NOROSHI_VERSION; }

}  // namespace noroshi
