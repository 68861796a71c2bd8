#include <algorithm>

#include "know/engine/candidates.hpp"
#include "know/engine/collect.hpp"
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

namespace {

/// One answer's hits are held in memory; at some 300 bytes a hit this is 300 MB, far past what a person or a page
/// reads.
constexpr auto kMaxHits = std::size_t{1'000'000};
// Values whose lines are on their way from memory at the same time.
constexpr auto kGroup = std::size_t{64};
// A million values asked at once do not fit the processor's caches either.
constexpr auto kTextsAhead = std::size_t{8};

/// One batch on one snapshot, a group of values after the other: first the hashes under which they may be known, then
/// the filters' lines, the tables', the indexes' and the entries, so that many lines are on their way from memory at
/// the same time.
class LookUp {
public:
  LookUp(Snapshot const &snapshot, StoreKey const &key, model::Viewer const &viewer, Time now)
      : runs_(snapshot.runs), viewer_(viewer), now_(now), candidates_(snapshot.runs, key), collector_(snapshot) {}

  auto run(std::span<model::Value const> values) -> Result<std::vector<std::vector<model::Hit>>> {
    auto answer = std::vector<std::vector<model::Hit>>(values.size());
    for (auto first = std::size_t{0}; first < values.size(); first += kGroup) {
      auto const size = std::min(kGroup, values.size() - first);
      TRY_VOID(look_up_group(values.subspan(first, size), std::span{answer}.subspan(first, size)));
    }
    return answer;
  }

private:
  /// A run that has the hash of a candidate.
  struct Found {
    std::uint32_t candidate;
    std::uint32_t run;
    Run::Place place;
  };

  auto look_up_group(std::span<model::Value const> values, std::span<std::vector<model::Hit>> answer) -> Result<void> {
    candidates_.clear();
    for (auto i = std::uint32_t{0}; i < values.size(); ++i) {
      if (i + kTextsAhead < values.size()) __builtin_prefetch(values[i + kTextsAhead].text.data());
      candidates_.add(values[i], i);
    }
    find_places();
    for (auto next = std::span<Found const>{found_}; !next.empty();) {
      auto const candidate = next.front().candidate;
      auto count = std::size_t{1};
      while (count < next.size() && next[count].candidate == candidate) ++count;
      auto const number = candidates_[candidate].value;
      TRY_VOID(read(candidate, values[number], next.first(count), answer[number]));
      next = next.subspan(count);
    }
    return ok;
  }

  void find_places() {
    auto const hashes = candidates_.hashes();
    found_.clear();
    for (auto run = std::uint32_t{0}; run < runs_.size(); ++run) {
      perhaps_.clear();
      runs_[run]->filter_candidates(hashes, perhaps_);
      for (auto const candidate : perhaps_) {
        runs_[run]->prefetch_table(hashes[candidate]);
        found_.push_back({candidate, run});
      }
    }
    for (auto &one : found_) one.place = runs_[one.run]->locate(hashes[one.candidate]);
    std::erase_if(found_, [](Found const &one) { return one.place.is_nowhere(); });
    for (auto const &one : found_) runs_[one.run]->prefetch_entry(one.place);
    if (runs_.size() > 1)
      std::ranges::sort(found_, {}, [](Found const &one) { return std::pair{one.candidate, one.run}; });
  }

  auto read(std::size_t candidate, model::Value const &asked, std::span<Found const> where,
            std::vector<model::Hit> &hits) -> Result<void> {
    for (auto const &[match, type, text] : candidates_.forms(candidates_[candidate], asked)) {
      auto const stored = StoredForm{type, text};
      auto any = false;
      for (auto const &one : where) {
        auto const &run = *runs_[one.run];
        TRY(auto const entry, run.find_at(one.place, candidates_.hashes()[candidate], stored.type(), stored.bytes()));
        if (!entry) continue;
        TRY_VOID(collector_.add(run, *entry));
        any = true;
      }
      if (any) TRY_VOID(add_hits(match, {type, std::string{text}}, hits));
    }
    return ok;
  }

  /// Adds what is said about one indicator, in the order of its key. A domain above the one asked is a `parent`
  /// whatever its scope; that a `subtree` speaks fully for names below is read from the context, where strength is
  /// assessed.
  auto add_hits(model::MatchKind match, model::Value indicator, std::vector<model::Hit> &hits) -> Result<void> {
    auto &contexts = collector_.contexts();
    hits.reserve(hits.size() + contexts.size());
    for (auto i = std::size_t{0}; i < contexts.size(); ++i) {
      auto &context = contexts[i];
      // Only the whole says what marking it has and when it expires.
      if (!viewer_.may_see(context.tlp) || (context.expiry && *context.expiry <= now_)) continue;
      if (++hits_ > kMaxHits)
        return fail(ErrorCode::too_large, "these values have more than {} hits together; ask for fewer at once",
                    kMaxHits);
      auto const last = i + 1 == contexts.size();
      hits.push_back({match, last ? std::move(indicator) : indicator, std::move(context)});
    }
    return ok;
  }

  std::span<std::shared_ptr<Run const> const> runs_;
  model::Viewer const &viewer_;
  Time now_;
  Candidates candidates_;
  Collector collector_;
  std::size_t hits_ = 0;
  std::vector<std::uint32_t> perhaps_;
  std::vector<Found> found_;
};

}  // namespace

auto Engine::look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
    -> Result<std::vector<std::vector<model::Hit>>> {
  auto const held = snapshot();
  return LookUp{*held, key_, viewer, now}.run(values);
}

}  // namespace noroshi::know::engine
