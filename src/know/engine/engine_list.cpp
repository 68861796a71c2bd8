// Indicators in the order of their hashes, as lists and exports walk them.
#include <algorithm>
#include <charconv>

#include "know/engine/scan.hpp"
#include "know/engine/walk.hpp"

namespace noroshi::know::engine {

namespace {

// A page's contexts are held in memory; whoever lists more asks again.
constexpr auto kMaxListed = std::size_t{10'000};

/// The hash that a cursor names; 0 for an empty one.
auto place_of(std::string_view cursor) -> Result<std::uint64_t> {
  auto place = std::uint64_t{0};
  auto const [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), place, 16);
  if (cursor.empty()) return place;
  if (cursor.size() != 16 || error != std::errc{} || end != cursor.data() + cursor.size())
    return fail(ErrorCode::malformed, "the cursor is none of ours; begin again without one");
  return place;
}

}  // namespace

auto Engine::list(model::IndicatorFilter const &filter, std::string_view cursor, std::size_t limit,
                  model::Viewer const &viewer, Time now) -> Result<model::IndicatorPage> {
  limit = std::clamp<std::size_t>(limit, 1, kMaxListed);
  TRY(auto const from, place_of(cursor));
  auto const held = snapshot();
  if (!filter.value.is_empty() || filter.slice.of > 1 || filter.examine != ~std::uint64_t{0})
    return scan(*held, {filter, viewer, now, from, limit});
  auto walk = Walk{*held, from};
  auto page = model::IndicatorPage{};
  for (auto last = std::uint64_t{0}; !walk.done();) {
    // A page ends between two hashes, so that the next one can begin with one.
    if (page.listed.size() >= limit && walk.hash() != last) {
      page.next = cursor_at(walk.hash());
      return page;
    }
    last = walk.hash();
    ++page.examined;
    auto const entry = walk.entry();
    if (!among(filter.types, static_cast<model::ValueType>(entry.type & 0x7f))) {
      TRY_VOID(walk.skip());
      continue;
    }
    TRY(auto contexts, walk.take());
    std::erase_if(contexts, [&](auto const &context) { return !passes(context, filter, viewer, now); });
    if (contexts.empty()) continue;
    TRY(auto value, from_stored(entry.type, entry.value));
    page.listed.push_back({std::move(value), std::move(contexts)});
  }
  TRY_VOID(walk.outcome());
  return page;
}

}  // namespace noroshi::know::engine
