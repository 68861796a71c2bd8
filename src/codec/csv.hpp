// Comma-separated values (RFC 4180), one record a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::csv {

/// Reports in use have up to a hundred columns.
inline constexpr auto kMaxFields = std::size_t{256};

/// Splits one line (without its line end) into `fields`; views point into `line`, or into `scratch` for fields with
/// doubled quotes. Malformed: a quoted field that the line does not end, text behind a closing quote, too many fields.
auto split(std::string_view line, std::vector<std::string_view> &fields, std::string &scratch) -> Result<void>;

}  // namespace noroshi::codec::csv
