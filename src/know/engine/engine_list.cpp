// Indicators in the order of their hashes, as lists and exports walk them.
#include <algorithm>

#include "know/engine/collect.hpp"
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

namespace {

// A page's contexts are held in memory; whoever lists more asks again.
constexpr auto kMaxListed = std::size_t{10'000};

auto among(auto const &wanted, auto one) -> bool {
  return wanted.empty() || std::ranges::find(wanted, one) != wanted.end();
}

auto passes(model::Context const &context, model::IndicatorFilter const &filter, model::Viewer const &viewer, Time now)
    -> bool {
  return viewer.may_see(context.tlp) && (!context.expiry || *context.expiry > now) &&
         among(filter.roles, context.role) && among(filter.directions, context.direction) &&
         context.evidence >= filter.evidence && context.confidence >= filter.confidence &&
         (context.to_ids || !filter.to_ids_only) && (!filter.since || context.last_seen >= *filter.since) &&
         (!filter.before || context.last_seen < *filter.before);
}

}  // namespace

auto Engine::list(model::IndicatorFilter const &filter, std::optional<model::Value> const &after, std::size_t limit,
                  model::Viewer const &viewer, Time now) -> Result<std::vector<model::ListedIndicator>> {
  limit = std::min(limit, kMaxListed);
  auto const held = snapshot();
  auto const after_hash = after ? hash_of(key_, *after) : std::uint64_t{0};
  auto cursors = std::vector<Run::Cursor>{};
  for (auto const &run : held->runs) cursors.emplace_back(*run, after_hash);
  auto const behind = after ? std::optional{to_stored(*after)} : std::nullopt;
  auto collector = Collector{*held};
  auto listed = std::vector<model::ListedIndicator>{};
  auto const key = [](Run::Cursor const &cursor) {
    return std::tuple{cursor.hash(), cursor.entry().type, cursor.entry().value};
  };
  while (listed.size() < limit) {
    auto *least = static_cast<Run::Cursor *>(nullptr);
    for (auto &cursor : cursors) {
      if (cursor.failure()) return *cursor.failure();
      if (!cursor.done() && (least == nullptr || key(cursor) < key(*least))) least = &cursor;
    }
    if (least == nullptr) break;
    auto const at = key(*least);
    auto const [hash, type, bytes] = at;
    // Reading contexts costs more than passing over them.
    auto const wanted = among(filter.types, static_cast<model::ValueType>(type & 0x7f)) &&
                        (!behind || at > std::tuple{after_hash, behind->type, std::string_view{behind->bytes}});
    for (auto &cursor : cursors) {
      if (cursor.done() || key(cursor) != at) continue;
      if (wanted) TRY_VOID(collector.add(cursor.run(), cursor.entry()));
      cursor.next();
    }
    if (!wanted) continue;
    auto contexts = collector.contexts();
    std::erase_if(contexts, [&](auto const &context) { return !passes(context, filter, viewer, now); });
    if (contexts.empty()) continue;
    TRY(auto value, from_stored(type, bytes));
    listed.push_back({std::move(value), std::move(contexts)});
  }
  return listed;
}

}  // namespace noroshi::know::engine
