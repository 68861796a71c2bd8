#include <algorithm>

#include "know/indicators/parts.hpp"
#include "know/indicators/sqlite_indicator_store.hpp"
#include "know/sqlite_context.hpp"
#include "model/probes.hpp"

namespace noroshi::know {

namespace {

/// One answer's hits are held in memory; at some 300 bytes a hit this is 300 MB, far past what a person or a page
/// reads.
constexpr auto kMaxHits = std::size_t{1'000'000};

/// One batch on one snapshot.
class LookUp {
public:
  LookUp(sqlite::Connection &connection, model::Viewer const &viewer, Time now)
      : connection_(connection), viewer_(viewer), now_(now) {}

  /// Reads which prefix lengths are in use; before the first hits_of().
  auto prepare() -> Result<void> {
    auto query = connection_.query("SELECT family, length FROM lengths");
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return ok;
      (query.integer(0) == 4 ? v4_ : v6_).push_back(static_cast<unsigned>(query.integer(1)));
    }
  }

  auto hits_of(model::Value const &value) -> Result<std::vector<model::Hit>> {
    auto hits = std::vector<model::Hit>{};
    for (auto const &probe : model::probes(value, {v4_, v6_})) TRY_VOID(look(probe, hits));
    return hits;
  }

private:
  /// Adds what is said about one probe, in the order of its key. A domain above the one asked is a `parent` whatever
  /// its scope; that a `subtree` speaks fully for names below is read from the context, where strength is assessed.
  auto look(model::Probe const &probe, std::vector<model::Hit> &hits) -> Result<void> {
    static auto const sql = fmt::format(
        "SELECT {} FROM indicators i JOIN contexts c ON c.indicator = i.id LEFT JOIN generations g ON g.source = "
        "c.source "
        "WHERE i.type = ? AND i.text = ? AND c.generation = ifnull(g.generation, 0) "
        "ORDER BY c.indicator, c.source, c.report, c.attribute, c.role, c.direction, c.evidence",
        sqlite::context_columns("c."));
    auto query = connection_.query(sql);
    query.bind(probe.value.type, probe.value.text);
    auto const first = hits.size();
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) break;
      add(probe, sqlite::read_context(query, 0), first, hits);
      if (found_ + hits.size() - first > kMaxHits)
        return fail(ErrorCode::too_large, "these values have more than {} hits together; ask for fewer at once",
                    kMaxHits);
    }
    // Only the whole says what marking it has and when it expires.
    auto const hidden = [this](model::Hit const &hit) {
      return !viewer_.may_see(hit.context.tlp) || (hit.context.expiry && *hit.context.expiry <= now_);
    };
    hits.erase(std::remove_if(hits.begin() + static_cast<std::ptrdiff_t>(first), hits.end(), hidden), hits.end());
    found_ += hits.size() - first;
    return ok;
  }

  static void add(model::Probe const &probe, model::Context context, std::size_t first, std::vector<model::Hit> &hits) {
    if (!joins(context, hits, first, &model::Hit::context))
      hits.push_back({probe.match, probe.value, std::move(context)});
  }

  sqlite::Connection &connection_;
  model::Viewer const &viewer_;
  Time now_;
  std::vector<unsigned> v4_, v6_;  // prefix lengths in use
  std::size_t found_ = 0;
};

}  // namespace

auto SqliteIndicatorStore::look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
    -> Result<std::vector<std::vector<model::Hit>>> {
  return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<std::vector<model::Hit>>> {
    auto answer = std::vector<std::vector<model::Hit>>{};
    answer.reserve(values.size());
    auto look_up = LookUp{connection, viewer, now};
    TRY_VOID(look_up.prepare());
    for (auto const &value : values) {
      TRY(auto hits, look_up.hits_of(value));
      answer.push_back(std::move(hits));
    }
    return answer;
  });
}

}  // namespace noroshi::know
