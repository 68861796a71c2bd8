// Indicators in order, as lists and exports walk them.
#include <algorithm>
#include <functional>

#include "know/indicators/parts.hpp"
#include "know/indicators/sqlite_indicator_store.hpp"
#include "know/sqlite_context.hpp"

namespace noroshi::know {

namespace {

// A page's contexts are held in memory; whoever lists more asks again.
constexpr auto kMaxListed = std::size_t{10'000};

/// A bit for each of the wanted numbers; all bits where nothing is wanted in particular.
template <class Enum>
auto mask_of(std::vector<Enum> const &wanted) -> std::int64_t {
  auto mask = std::int64_t{0};
  for (auto const one : wanted) mask |= std::int64_t{1} << static_cast<unsigned>(one);
  return wanted.empty() ? ~std::int64_t{0} : mask;
}

/// What every part of a context has in common is asked of the rows; the rest only the whole can tell.
auto list_sql() -> std::string const & {
  // CROSS JOIN keeps the order of the tables: indicators by their index on (type, text), each with its contexts.
  static auto const sql = fmt::format(
      "SELECT i.id, i.type, i.text, {} FROM indicators i CROSS JOIN contexts c ON c.indicator = i.id LEFT JOIN "
      "generations g ON g.source = c.source WHERE (i.type, i.text) > (?, ?) AND ((? >> i.type) & 1) = 1 AND "
      "((? >> c.role) & 1) = 1 AND ((? >> c.direction) & 1) = 1 AND c.evidence >= ? AND "
      "c.generation = ifnull(g.generation, 0) ORDER BY i.type, i.text, c.source",
      sqlite::context_columns("c."));
  return sql;
}

class Walk {
public:
  Walk(model::IndicatorFilter const &filter, std::size_t limit, model::Viewer const &viewer, Time now)
      : filter_(filter), limit_(limit), viewer_(viewer), now_(now) {}

  auto run(sqlite::Query &query) -> Result<std::vector<model::ListedIndicator>> {
    auto current = std::int64_t{0};
    while (listed_.size() < limit_) {
      TRY(auto const more, query.step());
      if (!more) break;
      if (auto const id = query.integer(0); id != current) {
        finish();
        if (listed_.size() == limit_) break;
        next_.indicator = {query.enumerated<model::ValueType>(1), std::string{query.text(2)}};
        current = id;
      }
      auto context = sqlite::read_context(query, 3);
      if (!joins(context, next_.contexts, 0, std::identity{})) next_.contexts.push_back(std::move(context));
    }
    if (listed_.size() < limit_) finish();
    return std::move(listed_);
  }

private:
  [[nodiscard]] auto passes(model::Context const &context) const -> bool {
    return viewer_.may_see(context.tlp) && (!context.expiry || *context.expiry > now_) &&
           context.confidence >= filter_.confidence && (context.to_ids || !filter_.to_ids_only) &&
           (!filter_.since || context.last_seen >= *filter_.since) &&
           (!filter_.before || context.last_seen < *filter_.before);
  }
  /// All contexts of the indicator are read.
  void finish() {
    std::erase_if(next_.contexts, [this](model::Context const &context) { return !passes(context); });
    if (!next_.contexts.empty()) listed_.push_back(std::move(next_));
    next_ = {};
  }

  model::IndicatorFilter const &filter_;
  std::size_t limit_;
  model::Viewer const &viewer_;
  Time now_;
  model::ListedIndicator next_;
  std::vector<model::ListedIndicator> listed_;
};

}  // namespace

auto SqliteIndicatorStore::list(model::IndicatorFilter const &filter, std::optional<model::Value> const &after,
                                std::size_t limit, model::Viewer const &viewer, Time now)
    -> Result<std::vector<model::ListedIndicator>> {
  limit = std::min(limit, kMaxListed);
  return database_->read([&](sqlite::Connection &connection) {
    auto query = connection.query(list_sql());
    query.bind(after ? static_cast<int>(after->type) : 0, after ? std::string_view{after->text} : std::string_view{});
    query.bind_more(mask_of(filter.types), mask_of(filter.roles), mask_of(filter.directions), filter.evidence);
    return Walk{filter, limit, viewer, now}.run(query);
  });
}

}  // namespace noroshi::know
