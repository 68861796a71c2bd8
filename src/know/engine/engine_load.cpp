// A load: entries are encoded and dealt as they come, sorted at the end, and written as one run past the log.
#include <algorithm>
#include <set>

#include "know/engine/engine.hpp"
#include "know/engine/load_pieces.hpp"
#include "know/engine/load_sorter.hpp"

namespace noroshi::know::engine {

/// Thread-safe where it touches the engine; otherwise one thread's.
class Load final : public model::IndicatorLoad {
public:
  explicit Load(Engine &engine) : engine_(engine), sorter_(*engine.files_, engine.options_.load_bytes) {}

  auto context(model::Context const &context) -> std::uint32_t override {
    // The generation is the store's when the load ends.
    auto const number = descriptors_.intern(to_descriptor(context, 0));
    if (number == contexts_.size()) contexts_.push_back(context);
    return number;
  }

  auto add(model::ValueType type, std::string_view canonical, std::uint32_t context, model::Seen const &seen)
      -> Result<void> override {
    if (context >= contexts_.size()) return fail(ErrorCode::internal, "no context {} in this load", context);
    if (canonical.size() > model::kMaxValueBytes)
      return fail(ErrorCode::too_large, "a value of {} bytes; at most {} are kept", canonical.size(),
                  model::kMaxValueBytes);
    auto const micros = [](Time time) { return static_cast<std::int64_t>(time.time_since_epoch().count()); };
    auto fragment = Fragment{};
    fragment.descriptor = context;
    fragment.first_seen = micros(seen.first);
    fragment.last_seen = micros(seen.last);
    fragment.count = seen.count;
    fragment.expires = seen.expiry.has_value();
    if (seen.expiry) fragment.expiry = micros(*seen.expiry);
    if (sorter_.entries() == 0) base_.time = fragment.first_seen;
    auto const stored = StoredForm{type, canonical};
    body_.clear();
    append_body(body_, stored.type(), stored.bytes(), {&fragment, 1}, base_);
    return sorter_.add(hash_of(engine_.key_, type, canonical), body_);
  }

  auto finish(std::span<model::SourceId const> replaced) -> Result<std::uint64_t> override {
    replaced_ = {replaced.begin(), replaced.end()};
    TRY_VOID(sorter_.end());
    TRY(auto const count, sorter_.entries() <= engine_.options_.small_load ? finish_small() : finish_large());
    engine_.keep_house_soon();
    return count;
  }

private:
  /// Fills `to` with the descriptors under the numbers that entries name.
  void fill(DescriptorTable &to, Erasures const &raised) const {
    for (auto const &context : contexts_) (void)to.intern(to_descriptor(context, raised.generation_of(context.source)));
  }
  [[nodiscard]] auto raised(Erasures erasures) const -> Erasures {
    for (auto const source : replaced_) ++erasures.generations[source];
    return erasures;
  }

  auto finish_small() -> Result<std::uint64_t> {
    auto const lock = std::lock_guard{engine_.write_};
    auto batch = Batch{};
    batch.stream = "load";
    auto const reached = engine_.cursors_.find(batch.stream);
    batch.position = reached == engine_.cursors_.end() ? 1 : reached->second + 1;
    batch.version = ++engine_.version_;
    batch.raised.assign(replaced_.begin(), replaced_.end());
    batch.base = {base_.time, batch.version};
    fill(batch.descriptors, raised(engine_.snapshot()->erasures));
    for (auto part = std::size_t{0}; part < LoadSorter::kParts; ++part)
      TRY_VOID(each_entry(sorter_.part(part), [&](std::uint64_t hash, std::span<LoadSorter::Record const> same) {
        return add_entry(batch, hash, same);
      }));
    TRY_VOID(engine_.log(batch));
    TRY_VOID(engine_.take_in(batch));
    return batch.entries.size();
  }
  static auto add_entry(Batch &batch, std::uint64_t hash, std::span<LoadSorter::Record const> same) -> Result<void> {
    auto &entry = batch.entries.emplace_back();
    entry.hash = hash;
    for (auto const &record : same) {
      TRY(auto const view, read_body(record.view()));
      entry.type = view.type;
      entry.value = view.value;
      entry.fragments.push_back(FragmentReader{view.fragments, batch.base}.next());
    }
    return unite(entry.fragments, batch.descriptors);
  }

  auto finish_large() -> Result<std::uint64_t> {
    auto const one_at_a_time = std::lock_guard{engine_.house_};
    auto name = std::string{};
    auto erasures = Erasures{};
    {
      auto const lock = std::lock_guard{engine_.write_};
      base_.version = ++engine_.version_;
      name = run_name(engine_.manifest_.next_file++);
      erasures = raised(engine_.snapshot()->erasures);
    }
    auto &files = *engine_.files_;
    auto const temporary = name + ".tmp";
    auto const published = [&]() -> Result<std::uint64_t> {
      TRY_VOID(write(temporary, erasures));
      TRY_VOID(files.rename(temporary, name));
      TRY_VOID(files.sync_folder());
      TRY(auto bytes, files.map(name));
      TRY(auto run, Run::open(std::move(bytes), files.where() + "/" + name));
      TRY_VOID(publish(name, run, erasures));
      return run->facts().entries;
    }();
    if (!published) {  // a full disk gets its space back
      (void)files.remove(temporary);
      if (!may_be_named_) (void)files.remove(name);
    }
    return published;
  }

  auto write(std::string const &temporary, Erasures const &erasures) -> Result<void> {
    TRY(auto const file, engine_.files_->create(temporary));
    auto writer = RunWriter{*file, sorter_.entries(), base_};
    fill(writer.descriptors(), erasures);
    TRY_VOID(write_pieces(sorter_, writer));
    TRY_VOID(writer.finish());
    return file->sync();
  }

  auto publish(std::string const &name, std::shared_ptr<Run const> const &run, Erasures const &erasures)
      -> Result<void> {
    auto const lock = std::lock_guard{engine_.write_};
    auto changed = Snapshot{*engine_.snapshot()};
    changed.erasures = raised(std::move(changed.erasures));
    for (auto const &context : contexts_)
      if (changed.erasures.generation_of(context.source) != erasures.generation_of(context.source))
        return fail(ErrorCode::conflict,
                    "one of these sources was replaced or distrusted while they were loaded; load them again");
    auto next = engine_.manifest_;
    // The log's own raises are counted once more when it is replayed, so only this one is added.
    next.erasures = raised(std::move(next.erasures));
    next.runs.push_back({name, run->size()});
    changed.runs.insert(changed.runs.begin() + static_cast<std::ptrdiff_t>(engine_.file_runs_), run);
    if (!replaced_.empty()) TRY_VOID(engine_.purge_small(changed, next.runs.size()));
    if (auto const saved = engine_.save(std::move(next)); !saved) {
      // The manifest on disk may name the run; it goes only once the one before is there again for sure.
      may_be_named_ = !engine_.save(engine_.manifest_);
      return saved;
    }
    engine_.file_runs_ = engine_.manifest_.runs.size();
    engine_.publish(std::move(changed));
    return ok;
  }

  Engine &engine_;
  LoadSorter sorter_;
  DescriptorTable descriptors_;
  std::vector<model::Context> contexts_;
  std::set<model::SourceId> replaced_;
  bool may_be_named_ = false;
  Base base_;
  std::string body_;
};

auto Engine::load() -> Result<std::unique_ptr<model::IndicatorLoad>> { return std::make_unique<Load>(*this); }

}  // namespace noroshi::know::engine
