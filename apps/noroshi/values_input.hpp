// Values given on the command line and in a file, one a line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace noroshi::apps {

/// Long values are given fewer at a time: together they stay near this size.
inline constexpr auto kMaxBytesAtOnce = std::size_t{16} << 20;

/// Calls `take` with up to `at_once` values at a time, in order: first `given`, then the lines of `file` ("-": stdin;
/// empty: none). Empty lines and lines that begin with '#' are none. Stops at the first error of `take`. Of a
/// line that is longer than any value its beginning is taken, and a sentence on stderr says so.
auto each_values(std::vector<std::string> const &given, std::string const &file, std::size_t at_once,
                 std::function<Result<void>(std::vector<std::string> const &)> const &take) -> Result<void>;

}  // namespace noroshi::apps
