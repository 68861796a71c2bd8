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
  if (open_.size() >= kMaxLoads)
    return fail(ErrorCode::unavailable, "{} loads are going on; wait until one of them is done", open_.size());
  for (auto const &[_, other] : open_)
    if (other->source == load->source())
      return fail(ErrorCode::conflict, "a load of the same source is going on; wait until it is done");
  auto opened = std::make_shared<Open>();
  opened->owner = viewer.user;
  opened->source = load->source();
  opened->load = std::move(load);
  opened->last_used = ports_.clock.steady();
  auto id = model::Uuid::generate().to_string();
  open_.emplace(id, std::move(opened));
  return id;
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
