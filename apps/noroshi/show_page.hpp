// The pages of `noroshi show` as people read them.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "apps/noroshi/output.hpp"
#include "base/result.hpp"

namespace noroshi::apps {

auto parse_page(std::string_view body) -> Result<boost::json::object>;

/// Heading with verdict and reasons, then facts, then what was seen. `width`: of the terminal, 0 for no limit.
auto page_text(std::string_view kind, boost::json::object const &thing, std::size_t width) -> std::string;

/// A row for each observation of a session, for each member of anything else.
auto page_table(boost::json::object const &thing) -> Table;

}  // namespace noroshi::apps
