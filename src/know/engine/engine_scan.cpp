// Scans: each run by itself, as its entries lie; only what is found is then gathered from all runs.
#include <tuple>

#include "know/engine/collect.hpp"
#include "know/engine/scan.hpp"
#include "know/engine/stored_condition.hpp"

namespace noroshi::know::engine {

namespace {

/// A value that meets the condition, where a run holds it.
struct Found {
  std::uint64_t hash = 0;
  std::uint8_t type = 0;
  std::string_view value;
  [[nodiscard]] auto key() const { return std::tie(hash, type, value); }
};

/// The part of the space of hashes that a page is made of: [first, end), or to the last hash where `end` is 0.
struct Window {
  std::uint64_t first = 0, end = 0;
  [[nodiscard]] auto holds(std::uint64_t hash) const -> bool { return end == 0 || hash < end; }
};

auto slice_start(std::uint32_t number, std::uint32_t of) -> std::uint64_t {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(number) << 64) / of);
}

auto slice_of(model::IndicatorFilter const &filter, std::uint64_t from) -> Result<Window> {
  auto const &[number, of] = filter.slice;
  if (number >= of) return fail(ErrorCode::malformed, "there is no slice {} of {}", number, of);
  return Window{std::max(from, slice_start(number, of)), number + 1 == of ? 0 : slice_start(number + 1, of)};
}

/// As much of the slice as holds about `examine` entries: hashes are spread evenly.
auto narrowed(Window slice, std::uint64_t entries, std::uint64_t examine) -> Window {
  if (examine >= entries) return slice;
  auto const step = static_cast<unsigned __int128>(std::max<std::uint64_t>(1, examine)) * ~std::uint64_t{0} / entries;
  auto const end = slice.first + step + 1;
  auto const limit = slice.end == 0 ? static_cast<unsigned __int128>(1) << 64 : slice.end;
  return end >= limit ? slice : Window{slice.first, static_cast<std::uint64_t>(end)};
}

class Scan {
public:
  Scan(Snapshot const &snapshot, ScanQuestion const &question)
      : snapshot_(snapshot), question_(question), condition_(question.filter) {}

  auto run() -> Result<model::IndicatorPage> {
    TRY(auto const slice, slice_of(question_.filter, question_.from));
    auto page = model::IndicatorPage{};
    if (slice.end != 0 && slice.first >= slice.end) return page;
    auto entries = std::uint64_t{0};
    for (auto const &run : snapshot_.runs) entries += run->facts().entries;
    window_ = narrowed(slice, entries, question_.filter.examine);
    for (auto const &run : snapshot_.runs) TRY_VOID(look_through(*run));
    page.examined = examined_;
    std::ranges::sort(found_, {}, &Found::key);
    auto const again = std::ranges::unique(found_, {}, &Found::key);
    found_.erase(again.begin(), again.end());
    for (auto const &one : found_)
      if (window_.holds(one.hash)) TRY_VOID(gather(one, page));
    if (window_.end != slice.end) page.next = cursor_at(window_.end);
    return page;
  }

private:
  /// Behind `limit` finds the window ends: what lies behind is the next page's, in every run.
  auto look_through(Run const &run) -> Result<void> {
    auto const before = found_.size();
    auto cursor = Run::Cursor{run, window_.first};
    for (; !cursor.done() && window_.holds(cursor.hash()); cursor.next()) {
      ++examined_;
      auto const &entry = cursor.entry();
      if (!condition_.meets(entry.type, entry.value)) continue;
      if (found_.size() - before >= question_.limit && cursor.hash() != found_.back().hash) {
        window_.end = cursor.hash();
        break;
      }
      found_.push_back({cursor.hash(), entry.type, entry.value});
    }
    return cursor.failure() ? Result<void>{*cursor.failure()} : ok;
  }

  auto gather(Found const &one, model::IndicatorPage &page) -> Result<void> {
    for (auto const &run : snapshot_.runs) {
      TRY(auto const entry, run->find(one.hash, one.type, one.value));
      if (entry) TRY_VOID(collector_.add(*run, *entry));
    }
    auto contexts = std::move(collector_.contexts());
    std::erase_if(contexts, [&](auto const &context) {
      return !passes(context, question_.filter, question_.viewer, question_.now);
    });
    if (contexts.empty()) return ok;
    TRY(auto value, from_stored(one.type, one.value));
    page.listed.push_back({std::move(value), std::move(contexts)});
    return ok;
  }

  Snapshot const &snapshot_;
  ScanQuestion const &question_;
  StoredCondition condition_;
  Collector collector_{snapshot_};
  Window window_;
  std::vector<Found> found_;
  std::uint64_t examined_ = 0;
};

}  // namespace

auto passes(model::Context const &context, model::IndicatorFilter const &filter, model::Viewer const &viewer, Time now)
    -> bool {
  return viewer.may_see(context.tlp) && (!context.expiry || *context.expiry > now) &&
         among(filter.roles, context.role) && among(filter.directions, context.direction) &&
         context.evidence >= filter.evidence && context.confidence >= filter.confidence &&
         (context.to_ids || !filter.to_ids_only) && (!filter.since || context.last_seen >= *filter.since) &&
         (!filter.before || context.last_seen < *filter.before);
}

auto cursor_at(std::uint64_t hash) -> std::string { return fmt::format("{:016x}", hash); }

auto scan(Snapshot const &snapshot, ScanQuestion const &question) -> Result<model::IndicatorPage> {
  return Scan{snapshot, question}.run();
}

}  // namespace noroshi::know::engine
