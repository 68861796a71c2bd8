// A list that the API answers, in the format asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/output.hpp"

namespace noroshi::apps {

struct Column {
  enum class Kind : std::uint8_t { text, time, size };
  std::string_view title, member;
  Kind kind = Kind::text;
};

/// GET `path` answers {`member`: [{…}, …], next?}, page by page unless the query has a limit: a table of the columns,
/// or the objects one a line. `nothing` is said where a table would be empty.
auto print_list(Client &client, std::string path, net::HttpFields query, std::string_view member,
                std::vector<Column> const &columns, std::string_view nothing, Format format) -> Result<void>;

}  // namespace noroshi::apps
