#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "know/indicators/sqlite_indicator_store.hpp"
#include "know/sqlite_context.hpp"
#include "model/ip.hpp"

namespace noroshi::know {

namespace {

/// A group of the intake is at most 50,000 observations, each good for a handful of writes; more is a mistake above.
constexpr auto kMaxCommitWrites = std::size_t{1'000'000};

auto key_of(model::IndicatorWrite const &write) {
  auto const &context = write.context;
  return std::tie(write.indicator.type, write.indicator.text, context.source, context.report, context.attribute,
                  context.role, context.direction, context.evidence);
}

/// The writes of one commit merged by key, in key order: one row is touched once, and neighbours in the file follow
/// each other.
auto merged(model::IndicatorCommit const &commit) -> std::vector<model::IndicatorWrite> {
  auto order = std::vector<model::IndicatorWrite const *>{};
  order.reserve(commit.writes.size());
  for (auto const &write : commit.writes) order.push_back(&write);
  std::ranges::sort(order, [](auto const *a, auto const *b) { return key_of(*a) < key_of(*b); });
  auto writes = std::vector<model::IndicatorWrite>{};
  for (auto const *const write : order) {
    if (!writes.empty() && key_of(writes.back()) == key_of(*write))
      model::merge(writes.back().context, write->context);
    else
      writes.push_back(*write);
  }
  for (auto &write : writes) write.context.sequence = commit.position;
  return writes;
}

/// One commit inside its transaction.
class Applier {
public:
  explicit Applier(sqlite::Connection &connection) : connection_(connection) {}

  auto apply(model::IndicatorCommit const &commit) -> Result<void> {
    for (auto const source : commit.raised) TRY_VOID(raise(source));
    for (auto &write : merged(commit)) TRY_VOID(keep(write));
    for (auto const &withdrawal : commit.withdrawals) TRY_VOID(withdraw(withdrawal));
    TRY_VOID(connection_.run("UPDATE totals SET indicators = indicators + ?, contexts = contexts + ?", indicators_,
                             contexts_));
    return connection_.run(
        "INSERT INTO cursors(stream, position) VALUES(?1, ?2) "
        "ON CONFLICT DO UPDATE SET position = ?2",
        commit.stream, commit.position);
  }

private:
  auto raise(model::SourceId source) -> Result<void> {
    return connection_.run(
        "INSERT INTO generations(source, generation) VALUES(?, 1) "
        "ON CONFLICT DO UPDATE SET generation = generation + 1",
        source);
  }

  auto generation_of(model::SourceId source) -> Result<std::int64_t> {
    if (auto const known = generations_.find(source.number); known != generations_.end()) return known->second;
    auto query = connection_.query("SELECT generation FROM generations WHERE source = ?");
    TRY(auto const found, query.bind(source).step());
    auto const generation = found ? query.integer(0) : 0;
    generations_.emplace(source.number, generation);
    return generation;
  }

  auto keep(model::IndicatorWrite &write) -> Result<void> {
    TRY(auto const generation, generation_of(write.context.source));
    TRY_VOID(find_or_add(write.indicator));
    TRY(auto const there, !current_is_new_ ? merge_stored(write.context, generation) : Result<bool>{false});
    if (!there) ++contexts_;
    static auto const sql = fmt::format(
        "INSERT INTO contexts(indicator, generation, {}) VALUES(?, ?, {}) ON CONFLICT DO UPDATE SET "
        "generation = excluded.generation, collected_by = excluded.collected_by, scope = excluded.scope, "
        "first_seen = excluded.first_seen, last_seen = excluded.last_seen, count = excluded.count, "
        "confidence = excluded.confidence, tlp = excluded.tlp, pap = excluded.pap, to_ids = excluded.to_ids, "
        "tags = excluded.tags, expiry = excluded.expiry, sequence = excluded.sequence",
        sqlite::context_columns(), sqlite::context_marks());
    auto insert = connection_.query(sql);
    insert.bind(current_id_, generation);
    sqlite::bind_context(insert, write.context);
    return insert.run();
  }

  /// Merges what is stored under the same key into `context`; false where nothing is. A row of an older generation
  /// counts as there, and says nothing any more.
  auto merge_stored(model::Context &context, std::int64_t generation) -> Result<bool> {
    static auto const sql = fmt::format(
        "SELECT generation, {} FROM contexts WHERE indicator = ? AND source = ? AND report = ? AND attribute = ? AND "
        "role = ? AND direction = ? AND evidence = ?",
        sqlite::context_columns());
    auto query = connection_.query(sql);
    query.bind(current_id_, context.source, context.report, context.attribute, context.role, context.direction,
               context.evidence);
    TRY(auto const found, query.step());
    if (found && query.integer(0) == generation) model::merge(context, sqlite::read_context(query, 1));
    return found;
  }

  /// Writes come in key order, so all of one indicator's follow each other.
  auto find_or_add(model::Value const &indicator) -> Result<void> {
    if (current_id_ != 0 && indicator == current_) {
      current_is_new_ = false;
      return ok;
    }
    auto query = connection_.query("SELECT id FROM indicators WHERE type = ? AND text = ?");
    TRY(auto const found, query.bind(indicator.type, indicator.text).step());
    current_ = indicator;
    current_is_new_ = !found;
    if (found) {
      current_id_ = query.integer(0);
      return ok;
    }
    TRY_VOID(connection_.run("INSERT INTO indicators(type, text) VALUES(?, ?)", indicator.type, indicator.text));
    current_id_ = connection_.last_row_id();
    ++indicators_;
    return indicator.type == model::ValueType::cidr ? note_length(indicator) : Result<void>{ok};
  }

  auto note_length(model::Value const &cidr) -> Result<void> {
    TRY(auto const prefix, model::IpPrefix::parse(cidr.text));
    return connection_.run("INSERT OR IGNORE INTO lengths(family, length) VALUES(?, ?)",
                           prefix.address().is_v4() ? 4 : 6, prefix.length());
  }

  auto withdraw(model::IndicatorCommit::Withdrawal const &withdrawal) -> Result<void> {
    // With the term "report <> 0" the index of reports is used; a source's contexts of no report are looked for in all.
    auto const where = std::string{withdrawal.report.number == 0 ? "WHERE source = ? AND report = ?"
                                                                 : "WHERE source = ? AND report = ? AND report <> 0"};
    auto touched = std::vector<std::int64_t>{};
    {
      auto query = connection_.query("SELECT indicator FROM contexts " + where);
      query.bind(withdrawal.source, withdrawal.report);
      for (;;) {
        TRY(auto const more, query.step());
        if (!more) break;
        touched.push_back(query.integer(0));
      }
    }
    TRY_VOID(connection_.run("DELETE FROM contexts " + where, withdrawal.source, withdrawal.report));
    contexts_ -= connection_.changes();
    for (auto const id : touched) {
      TRY_VOID(
          connection_.run("DELETE FROM indicators WHERE id = ?1 AND NOT EXISTS "
                          "(SELECT 1 FROM contexts WHERE indicator = ?1)",
                          id));
      indicators_ -= connection_.changes();
    }
    current_id_ = 0;
    return ok;
  }

  sqlite::Connection &connection_;
  std::unordered_map<std::int64_t, std::int64_t> generations_;
  model::Value current_;
  std::int64_t current_id_ = 0;  // 0: none
  bool current_is_new_ = false;  // it has no context yet
  std::int64_t indicators_ = 0;  // by how many the totals move
  std::int64_t contexts_ = 0;
};

}  // namespace

auto SqliteIndicatorStore::apply(model::IndicatorCommit const &commit) -> Result<void> {
  if (commit.writes.size() > kMaxCommitWrites)
    return fail(ErrorCode::too_large, "a commit of {} writes; at most {} go into one, apply it in parts",
                commit.writes.size(), kMaxCommitWrites);
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const reached, read_cursor(connection, commit.stream));
    if (commit.position <= reached) return ok;
    return Applier{connection}.apply(commit);
  });
}

}  // namespace noroshi::know
