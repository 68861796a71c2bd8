#include "understand/held_hunts.hpp"

#include "understand/watcher.hpp"

namespace noroshi::understand {

HeldHunts::~HeldHunts() {
  if (!ids_.empty()) watcher_.drop_held(ids_);
}

auto HeldHunts::plan(std::string_view stream, std::uint64_t position, model::Hunt const &hunt) -> Result<void> {
  TRY(auto const id, watcher_.plan_held(stream, position, hunt));
  if (id != 0) ids_.push_back(id);
  return ok;
}

void HeldHunts::release() { watcher_.release_held(std::exchange(ids_, {})); }

}  // namespace noroshi::understand
