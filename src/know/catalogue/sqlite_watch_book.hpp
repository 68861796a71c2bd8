// The book of watches in the catalogue's file; its methods stand in one file a topic: watches, their answers, hunts,
// webhooks.
#pragma once

#include <atomic>
#include <memory>

#include "know/sqlite_database.hpp"
#include "model/ports/watch_book.hpp"

namespace noroshi::know {

class SqliteWatchBook final : public model::WatchBook {
public:
  /// Shared with the catalogue, whose tables stand in the same file.
  SqliteWatchBook(std::shared_ptr<sqlite::Database> database, Clock const &clock)
      : database_(std::move(database)), clock_(clock) {}

  // watches.cpp
  auto add(model::NewWatch const &watch, model::Viewer const &viewer) -> Result<model::AddedWatch> override;
  auto watches(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::Watch>> override;
  auto watch(model::WatchId id, model::Viewer const &viewer) -> Result<model::Watch> override;
  auto values(model::WatchId id, model::Value const &after, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::Value>> override;
  auto remove(model::WatchId id, model::Viewer const &viewer) -> Result<void> override;
  [[nodiscard]] auto version() const -> std::uint64_t override { return version_.load(); }
  auto each_value(Time now, std::function<void(model::WatchId, model::ValueType, std::string_view)> const &take)
      -> Result<void> override;

  // watch_answers.cpp
  auto answers(std::int64_t after, std::optional<model::WatchId> watch, std::size_t limit, model::Viewer const &viewer)
      -> Result<model::AnswerPage> override;
  auto last_answer() -> Result<std::int64_t> override;

  // watch_findings.cpp
  auto record(std::string_view stream, std::uint64_t position, std::span<model::Finding const> findings, Time now)
      -> Result<std::vector<model::WatchAnswer>> override;
  auto cursor(std::string_view stream) -> Result<std::uint64_t> override;
  auto sweep(Time now, Duration keep) -> Result<std::vector<model::WatchAnswer>> override;

  // watch_hunts.cpp
  auto plan_hunt(std::string_view stream, std::uint64_t position, model::Hunt const &hunt, Time now)
      -> Result<std::int64_t> override;
  auto next_hunt(std::set<std::int64_t> const &held) -> Result<std::optional<model::Hunt>> override;
  auto finish_hunt(std::int64_t hunt, std::span<model::Finding const> findings, Time now)
      -> Result<std::vector<model::WatchAnswer>> override;

  // watch_webhooks.cpp
  auto due_webhooks(Time now) -> Result<std::vector<model::DueWebhook>> override;
  auto note_delivered(model::WatchId watch, std::int64_t through) -> Result<void> override;
  auto note_refused(model::WatchId watch, std::string_view trouble, Time next_try) -> Result<void> override;

private:
  std::shared_ptr<sqlite::Database> database_;
  Clock const &clock_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace noroshi::know
