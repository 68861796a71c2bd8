// Walking all indicators a page at a time, with cursors that fit into a header and a URL whatever the values are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/ports/indicator_store.hpp"

namespace noroshi::share {

struct IndicatorPage {
  std::vector<model::ListedIndicator> listed;
  std::optional<std::string> next;  // none behind the last page
};

/// `cursor` is the `next` of the page before, with the same filter; empty at the beginning. malformed where it is none.
auto next_indicators(model::IndicatorStore &store, model::IndicatorFilter const &filter, std::string_view cursor,
                     std::size_t limit, model::Viewer const &viewer, Time now) -> Result<IndicatorPage>;

}  // namespace noroshi::share
