#include "understand/feed_desk.hpp"

#include <algorithm>

namespace noroshi::understand {

namespace {

auto gone(std::string_view id) -> Error {
  return fail(ErrorCode::not_found, "there is no load {}; it is over, or was given up after {} minutes without a part",
              id.substr(0, 40), kLoadPatience.count());
}

auto read_part(FeedLoad &load, FeedPart const &part) -> Result<void> {
  if (part.begins_file) TRY_VOID(load.begin_file(part.file));
  TRY_VOID(load.read(part.bytes));
  return part.ends_file ? load.end_file() : Result<void>{ok};
}

}  // namespace

auto FeedDesk::begin(FeedOrder order, model::Viewer const &viewer) -> Result<std::string> {
  give_up_old();
  TRY(auto load, FeedLoad::create(std::move(order), ports_, viewer));
  auto const lock = std::lock_guard{mutex_};
  TRY_VOID(make_way(load->source(), viewer));
  if (open_.size() >= kMaxLoads)
    return fail(ErrorCode::unavailable, "{} loads are going on; wait until one of them is done", open_.size());
  auto opened = std::make_shared<Open>();
  opened->owner = viewer.user;
  opened->source = load->source();
  opened->load = std::move(load);
  opened->last_used = ports_.clock.steady();
  auto id = model::Uuid::generate().to_string();
  open_.emplace(id, std::move(opened));
  return id;
}

/// Gives up the same user's load of the source where its program is gone by all signs.
auto FeedDesk::make_way(model::SourceId source, model::Viewer const &viewer) -> Result<void> {
  auto const found = std::ranges::find_if(open_, [&](auto const &entry) { return entry.second->source == source; });
  if (found == open_.end()) return ok;
  auto const &other = *found->second;
  auto const idle = std::chrono::floor<std::chrono::seconds>(ports_.clock.steady() - other.last_used);
  auto const is_own = other.owner == viewer.user;
  if (is_own && found->second.use_count() == 1 && idle >= kLoadIdle) {
    open_.erase(found);
    return ok;
  }
  auto const next =
      is_own ? fmt::format("if its program is gone, ask again {} seconds after its last part", kLoadIdle.count())
             : fmt::format("it is given up {} minutes after its last part", kLoadPatience.count());
  return fail(ErrorCode::conflict,
              "a load of the same source is going on, its last part came {} s ago; wait until it is done, or {}",
              idle.count(), next);
}

auto FeedDesk::find(std::string_view id, model::Viewer const &viewer) -> Result<std::shared_ptr<Open>> {
  auto const lock = std::lock_guard{mutex_};
  auto const found = open_.find(id);
  if (found == open_.end() || found->second->owner != viewer.user) return gone(id);
  found->second->last_used = ports_.clock.steady();
  return found->second;
}

void FeedDesk::forget(std::string_view id) {
  auto const lock = std::lock_guard{mutex_};
  if (auto const found = open_.find(id); found != open_.end()) open_.erase(found);
}

auto FeedDesk::take(std::string_view id, FeedPart const &part, model::Viewer const &viewer) -> Result<FeedOutcome> {
  TRY(auto const open, find(id, viewer));
  auto const lock = std::lock_guard{open->mutex};
  if (!open->load) return gone(id);
  if (part.number != open->next_part)
    return fail(ErrorCode::conflict, "part {} came where part {} is the next one", part.number, open->next_part);
  ++open->next_part;
  if (auto read = read_part(*open->load, part); !read) {
    open->load.reset();
    forget(id);
    return std::move(read).error();
  }
  {
    auto const desk = std::lock_guard{mutex_};  // a part that took long is a sign of life when it ends, too
    open->last_used = ports_.clock.steady();
  }
  return open->load->so_far();
}

auto FeedDesk::finish(std::string_view id, model::Viewer const &viewer) -> Result<FeedOutcome> {
  TRY(auto const open, find(id, viewer));
  auto const lock = std::lock_guard{open->mutex};
  if (!open->load) return gone(id);
  auto outcome = open->load->finish();
  open->load.reset();
  forget(id);
  return outcome;
}

auto FeedDesk::abandon(std::string_view id, model::Viewer const &viewer) -> Result<void> {
  TRY(auto const open, find(id, viewer));
  auto const lock = std::lock_guard{open->mutex};
  if (!open->load) return gone(id);  // it was finished meanwhile
  open->load.reset();
  forget(id);
  return ok;
}

void FeedDesk::give_up_old() {
  auto const lock = std::lock_guard{mutex_};
  auto const now = ports_.clock.steady();
  // One whose part is being taken has another owner, and is not old once that is done.
  std::erase_if(open_, [&](auto const &entry) {
    return entry.second.use_count() == 1 && now - entry.second->last_used > kLoadPatience;
  });
}

}  // namespace noroshi::understand
