// What the store is made of, and whether it is what was written.
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

auto Engine::files() -> Result<std::vector<model::IndicatorFile>> {
  auto const lock = std::lock_guard{write_};  // which runs are files must fit the snapshot
  auto const now = snapshot();
  auto all = std::vector<model::IndicatorFile>{};
  for (auto i = std::size_t{0}; i < now->runs.size(); ++i) {
    auto const &run = *now->runs[i];
    auto const in_memory = i >= manifest_.runs.size();
    auto const &facts = run.facts();
    all.push_back({in_memory ? fmt::format("memory-{}", i - manifest_.runs.size() + 1) : manifest_.runs[i].name,
                   in_memory ? "memory"
                   : i == 0  ? "base"
                             : "young",
                   facts.entries, facts.fragments, run.size(), facts.filter.bytes});
  }
  return all;
}

auto Engine::check(std::string const &file) -> Result<void> {
  auto found = std::shared_ptr<Run const>{};
  {
    auto const lock = std::lock_guard{write_};
    auto const now = snapshot();
    for (auto i = std::size_t{0}; i < now->runs.size(); ++i) {
      auto const is_it = i < manifest_.runs.size() ? manifest_.runs[i].name == file
                                                   : fmt::format("memory-{}", i - manifest_.runs.size() + 1) == file;
      if (is_it) found = now->runs[i];
    }
  }
  if (!found) return fail(ErrorCode::not_found, "{} is no part of the store any more; it was merged meanwhile", file);
  auto checked = found->check();
  if (checked) return checked;
  return fail(checked.error().code, "{}; a backup or the sources have what was in it", checked.error().sentence);
}

}  // namespace noroshi::know::engine
