// Lists of indicators whose values meet a condition: every entry is looked at, most for some nanoseconds.
#pragma once

#include <algorithm>
#include <string>

#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

inline auto among(auto const &wanted, auto one) -> bool {
  return wanted.empty() || std::ranges::find(wanted, one) != wanted.end();
}

/// Whether a context is to be listed.
auto passes(model::Context const &context, model::IndicatorFilter const &filter, model::Viewer const &viewer, Time now)
    -> bool;

/// The cursor of the page that begins with this hash.
auto cursor_at(std::uint64_t hash) -> std::string;

struct ScanQuestion {
  model::IndicatorFilter const &filter;
  model::Viewer const &viewer;
  Time now;
  std::uint64_t from = 0;  // hash
  std::size_t limit = 1;
};

/// A page of Engine::list(): what meets filter.value, in the order of hashes, within the slice.
auto scan(Snapshot const &snapshot, ScanQuestion const &question) -> Result<model::IndicatorPage>;

}  // namespace noroshi::know::engine
