// The indicator store with the watcher behind it: whatever becomes known goes through here, so no way in is forgotten.
#pragma once

#include <memory>

#include "model/ports/indicator_store.hpp"
#include "understand/watcher.hpp"

namespace noroshi::understand {

/// Commits of the stream "intake" are the applier's, which shows them to the watcher together with their observations.
/// Of the stream "catalogue" every commit is looked at exactly once: its cursor is the lesser of the store's and the
/// book's. What a load brings is hunted for at least once. Both outlive this.
auto watch_over(model::IndicatorStore &store, Watcher &watcher, model::WatchBook &book, Clock const &clock)
    -> std::unique_ptr<model::IndicatorStore>;

}  // namespace noroshi::understand
