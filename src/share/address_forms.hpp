// Where a text names one of some addresses, whatever notation it uses. Pure; used by secrecy.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ip.hpp"

namespace noroshi::share {

/// Whom to look for.
struct Wanted {
  model::IpAddress sensor;
  std::vector<model::IpPrefix> const &own;
  std::vector<std::string> const &names;  // lower case

  [[nodiscard]] auto is(model::IpAddress address) const -> bool;
};

/// Bytes [begin, end) of the text.
struct Found {
  std::size_t begin = 0, end = 0;
  bool raw = false;  // the address's own bytes, not their notation
};

/// All that text itself shows, without undoing an encoding; in order, without overlaps.
auto find_addresses(std::string_view text, Wanted const &wanted) -> std::vector<Found>;

}  // namespace noroshi::share
