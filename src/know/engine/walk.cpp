#include "know/engine/walk.hpp"

namespace noroshi::know::engine {

Walk::Walk(Snapshot const &snapshot, std::uint64_t from) : collector_(snapshot) {
  cursors_.reserve(snapshot.runs.size());
  for (auto const &run : snapshot.runs) cursors_.emplace_back(*run, from);
  find_least();
}

void Walk::find_least() {
  least_ = nullptr;
  for (auto &cursor : cursors_) {
    if (cursor.failure()) {
      failure_ = cursor.failure();
      least_ = nullptr;
      return;
    }
    if (!cursor.done() && (least_ == nullptr || key_of(cursor) < key_of(*least_))) least_ = &cursor;
  }
}

auto Walk::take() -> Result<std::vector<model::Context>> {
  TRY_VOID(pass(true));
  return std::move(collector_.contexts());
}

auto Walk::pass(bool collect) -> Result<void> {
  auto const at = key_of(*least_);
  for (auto &cursor : cursors_) {
    if (cursor.done() || key_of(cursor) != at) continue;
    if (collect) TRY_VOID(collector_.add(cursor.run(), cursor.entry()));
    cursor.next();
  }
  find_least();
  return ok;
}

}  // namespace noroshi::know::engine
