// Where the data that the product ships lies: personas, rules, texts (the folder packs/ of the source).
#pragma once

#include <string>

#include "base/result.hpp"

namespace noroshi {

/// NOROSHI_PACKS where it is set; else, beside the program as installed or built, the first of PROGRAM/packs,
/// PROGRAM/../packs, PROGRAM/../share/noroshi/packs. not_found names where it looked.
auto packs_folder() -> Result<std::string>;

/// Where country and network data lies that set-up fetched (country.mmdb, asn.ranges): NOROSHI_GEO where it is set;
/// else the first of PROGRAM/geo, PROGRAM/deps/geo, PROGRAM/../geo, PROGRAM/../share/noroshi/geo. Empty where there is
/// none: the program works without.
auto geo_folder() -> std::string;

}  // namespace noroshi
