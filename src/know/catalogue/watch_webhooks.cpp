#include "know/catalogue/sqlite_watch_book.hpp"
#include "know/catalogue/watch_rows.hpp"

namespace noroshi::know {

namespace {

// Of a sentence about a failure: the receiver had a part in it.
constexpr auto kMaxTrouble = std::size_t{500};

}  // namespace

auto SqliteWatchBook::due_webhooks(Time now) -> Result<std::vector<model::DueWebhook>> {
  return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<model::DueWebhook>> {
    auto all = std::vector<model::DueWebhook>{};
    auto query = connection.query(
        "SELECT w.id, w.webhook, w.secret, w.delivered, w.failures, u.id, u.name, u.role, u.organisation FROM watches "
        "w "
        "JOIN users u ON u.id = w.owner AND u.disabled = 0 WHERE w.webhook <> '' AND w.next_try <= ? AND EXISTS(SELECT "
        "1 "
        "FROM watch_answers a WHERE a.watch = w.id AND a.id > w.delivered)");
    query.bind(now);
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return all;
      auto due = model::DueWebhook{};
      due.watch.id = {query.integer(0)};
      due.watch.webhook = query.text(1);
      due.secret = query.text(2);
      due.watch.delivered = query.integer(3);
      due.watch.failures = static_cast<unsigned>(query.integer(4));
      due.owner = {
          {query.integer(5)}, std::string{query.text(6)}, query.enumerated<model::UserRole>(7), {query.integer(8)}};
      // A role that was taken away takes the answers with it.
      if (due.owner.may_see_observations()) all.push_back(std::move(due));
    }
  });
}

auto SqliteWatchBook::note_delivered(model::WatchId watch, std::int64_t through) -> Result<void> {
  return database_->write([&](sqlite::Connection &connection) {
    return connection.run(
        "UPDATE watches SET delivered = max(delivered, ?), failures = 0, next_try = 0, trouble = '' WHERE id = ?",
        through, watch);
  });
}

auto SqliteWatchBook::note_refused(model::WatchId watch, std::string_view trouble, Time next_try) -> Result<void> {
  return database_->write([&](sqlite::Connection &connection) {
    return connection.run("UPDATE watches SET failures = failures + 1, next_try = ?, trouble = ? WHERE id = ?",
                          next_try, trouble.substr(0, kMaxTrouble), watch);
  });
}

}  // namespace noroshi::know
