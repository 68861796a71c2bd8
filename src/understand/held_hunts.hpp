// Hunts for what is on its way into the indicator store: written down before it is visible, run once it is.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/ports/watch.hpp"

namespace noroshi::understand {

class Watcher;

/// No hunt of it is run before release(). Where that never comes, what they are about did not become visible, and they
/// are dropped at the end of its life. A crash in between leaves them due: of what did become visible they are run, and
/// what nobody names is not told. Not thread-safe; the watcher outlives it.
class HeldHunts {
public:
  explicit HeldHunts(Watcher &watcher) : watcher_(watcher) {}
  ~HeldHunts();
  HeldHunts(HeldHunts const &) = delete;
  auto operator=(HeldHunts const &) -> HeldHunts & = delete;

  /// See WatchBook::plan_hunt().
  auto plan(std::string_view stream, std::uint64_t position, model::Hunt const &hunt) -> Result<void>;
  /// What they are about is visible. Where no watcher runs, the next node hunts.
  void release();

private:
  Watcher &watcher_;
  std::vector<std::int64_t> ids_;
};

}  // namespace noroshi::understand
