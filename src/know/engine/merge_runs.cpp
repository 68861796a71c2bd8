#include "know/engine/merge_runs.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "know/engine/run_writer.hpp"

namespace noroshi::know::engine {

namespace {

// A context that expired is still the past of one that may come again; after a month it is forgotten.
constexpr auto kForgetAfter = std::chrono::days{30};
// Entries between two questions whether to stop: some milliseconds.
constexpr auto kAskEvery = std::uint64_t{16'384};

/// A run on its way into another one.
class Source {
public:
  Source(Run const &run, Erasures const &erasures, DescriptorTable &table)
      : cursor_(run), erasures_(erasures), table_(table), known_(run.descriptors()) {}

  auto cursor() -> Run::Cursor & { return cursor_; }
  [[nodiscard]] auto key() const { return std::tuple{cursor_.hash(), cursor_.entry().type, cursor_.entry().value}; }

  /// Adds the entry's fragments that still say something to `to`.
  auto take(std::vector<Fragment> &to, std::int64_t forget_before) -> Result<void> {
    auto fragments = cursor_.run().fragments(cursor_.entry());
    while (!fragments.done()) {
      auto one = fragments.next();
      if (fragments.failed() || one.descriptor >= known_.size())
        return fail(ErrorCode::malformed, "{}: an entry is damaged; \"noroshi store check\" tells what else is",
                    cursor_.run().name());
      auto const &known = descriptor(one.descriptor);
      if (known.gone || one.version <= known.withdrawn_through) continue;
      if (one.expires && one.expiry < forget_before) continue;
      one.descriptor = known.number;
      to.push_back(one);
    }
    return ok;
  }

private:
  struct Known {
    std::uint32_t number = kUnknown;  // in the new run
    bool gone = false;
    std::uint64_t withdrawn_through = 0;
  };
  static constexpr auto kUnknown = std::numeric_limits<std::uint32_t>::max();

  auto descriptor(std::uint32_t number) -> Known const & {
    auto &known = known_[number];
    if (known.number == kUnknown && !known.gone) {
      auto const bytes = cursor_.run().descriptor(number);
      auto const head = head_of(bytes);
      known.gone = head.generation != erasures_.generation_of(head.source);
      known.withdrawn_through = erasures_.withdrawn_through(head.source, head.report);
      if (!known.gone) known.number = table_.intern(bytes);
    }
    return known;
  }

  Run::Cursor cursor_;
  Erasures const &erasures_;
  DescriptorTable &table_;
  std::vector<Known> known_;
};

auto base_of(std::span<std::shared_ptr<Run const> const> runs) -> Base {
  auto base = Base{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::uint64_t>::max()};
  for (auto const &run : runs) {
    base.time = std::min(base.time, run->facts().base.time);
    base.version = std::min(base.version, run->facts().base.version);
  }
  return runs.empty() ? Base{} : base;
}

}  // namespace

auto merge_runs(std::span<std::shared_ptr<Run const> const> runs, Erasures const &erasures, MergeOptions const &options,
                OutFile &to) -> Result<RunFacts> {
  auto entries = std::uint64_t{0};
  for (auto const &run : runs) entries += run->facts().entries;
  auto writer = RunWriter{to, entries, base_of(runs)};
  auto sources = std::vector<Source>{};
  sources.reserve(runs.size());
  for (auto const &run : runs) sources.emplace_back(*run, erasures, writer.descriptors());
  auto const forget_before = (options.now - kForgetAfter).time_since_epoch().count();

  auto fragments = std::vector<Fragment>{};
  for (auto done = std::uint64_t{0};; ++done) {
    if (options.stop && done % kAskEvery == 0 && options.stop(done))
      return fail(ErrorCode::unavailable, "the merge was stopped");
    // A handful of runs: looking at each is cheaper than keeping a heap of them.
    auto *least = static_cast<Source *>(nullptr);
    for (auto &source : sources) {
      if (source.cursor().failure()) return *source.cursor().failure();
      if (!source.cursor().done() && (least == nullptr || source.key() < least->key())) least = &source;
    }
    if (least == nullptr) break;
    fragments.clear();
    auto const hash = least->cursor().hash();
    auto const entry = least->cursor().entry();
    for (auto &source : sources) {
      auto &cursor = source.cursor();
      if (cursor.done() || cursor.hash() != hash || cursor.entry().type != entry.type ||
          cursor.entry().value != entry.value)
        continue;
      TRY_VOID(source.take(fragments, forget_before));
      cursor.next();
    }
    TRY_VOID(unite(fragments, writer.descriptors()));
    if (!fragments.empty()) TRY_VOID(writer.add(hash, entry.type, entry.value, fragments));
  }
  return writer.finish();
}

}  // namespace noroshi::know::engine
