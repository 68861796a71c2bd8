// A drawing of cost a look-up by size of the store, both axes logarithmic, as SVG.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace noroshi::bench {

struct Series {
  std::string name;
  struct Point {
    double indicators, nanoseconds;
  };
  std::vector<Point> points;
};

/// Replaces the file at `path`.
auto draw(std::string const &path, std::vector<Series> const &all) -> Result<void>;

}  // namespace noroshi::bench
