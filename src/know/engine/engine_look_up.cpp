#include <algorithm>

#include "know/engine/collect.hpp"
#include "know/engine/engine.hpp"
#include "model/probes.hpp"

namespace noroshi::know::engine {

namespace {

using model::ValueType;

/// One answer's hits are held in memory; at some 300 bytes a hit this is 300 MB, far past what a person or a page
/// reads.
constexpr auto kMaxHits = std::size_t{1'000'000};
// Values whose filter lines are on their way from memory at the same time.
constexpr auto kGroup = std::size_t{32};

auto bits_of(std::uint64_t v4) -> std::vector<unsigned> {
  auto bits = std::vector<unsigned>{};
  for (auto bit = 0U; bit < 64; ++bit)
    if (((v4 >> bit) & 1) != 0) bits.push_back(bit);
  return bits;
}

/// One batch on one snapshot, a group of values after the other: of each group first the hashes under which its values
/// may be known, then the filters' lines, the tables', the indexes' and the entries, so that many lines are on their
/// way from memory at the same time.
class LookUp {
public:
  LookUp(Snapshot const &snapshot, StoreKey const &key, model::Viewer const &viewer, Time now)
      : snapshot_(snapshot), key_(key), viewer_(viewer), now_(now), collector_(snapshot) {
    v4_ = bits_of(snapshot.lengths.v4);
    for (auto word = std::size_t{0}; word < snapshot.lengths.v6.size(); ++word)
      for (auto const bit : bits_of(snapshot.lengths.v6[word])) v6_.push_back(static_cast<unsigned>(word * 64) + bit);
    auto const urls = static_cast<std::size_t>(ValueType::url);
    has_urls_ = std::ranges::any_of(snapshot.runs, [&](auto const &run) { return run->facts().of_type[urls] > 0; });
  }

  auto run(std::span<model::Value const> values) -> Result<std::vector<std::vector<model::Hit>>> {
    auto answer = std::vector<std::vector<model::Hit>>(values.size());
    for (auto first = std::size_t{0}; first < values.size(); first += kGroup) {
      auto const size = std::min(kGroup, values.size() - first);
      TRY_VOID(look_up_group(values.subspan(first, size), std::span{answer}.subspan(first, size)));
    }
    return answer;
  }

private:
  /// A hash under which a value of the group may be known.
  struct Candidate {
    std::uint64_t hash;
    std::uint32_t value;  // in the group
    bool exact;
  };
  /// A run that may hold a value itself.
  struct Found {
    Run const *run;
    std::uint64_t hash;
    std::uint64_t record;
    std::uint32_t value;
  };

  auto look_up_group(std::span<model::Value const> values, std::span<std::vector<model::Hit>> answer) -> Result<void> {
    candidates_.clear();
    for (auto i = std::uint32_t{0}; i < values.size(); ++i) add_candidates(values[i], i);
    for (auto const &run : snapshot_.runs)
      for (auto const &candidate : candidates_) run->prefetch_filter(candidate.hash);
    found_.clear();
    otherwise_.assign(values.size(), false);
    for (auto const &candidate : candidates_)
      for (auto const &run : snapshot_.runs) {
        if (!run->may_contain(candidate.hash)) continue;
        if (!candidate.exact) {
          otherwise_[candidate.value] = true;
          break;
        }
        run->prefetch_table(candidate.hash);
        found_.push_back({run.get(), candidate.hash, 0, candidate.value});
      }
    for (auto &one : found_) one.record = one.run->locate(one.hash);
    std::erase_if(found_, [](Found const &one) { return one.record == Run::kNowhere; });
    for (auto const &one : found_) one.run->prefetch_entry(one.record);
    auto next = found_.begin();
    for (auto i = std::uint32_t{0}; i < values.size(); ++i) {
      auto const from = next;
      while (next != found_.end() && next->value == i) ++next;
      if (otherwise_[i]) {
        TRY_VOID(look_everywhere(values[i], answer[i]));
      } else if (from != next) {
        TRY_VOID(look(values[i], {from, next}, answer[i]));
      }
    }
    return ok;
  }

  /// The value itself, and whatever else may answer for it: more than model::probes() asks for where that is cheaper
  /// than finding out what it would ask for.
  void add_candidates(model::Value const &value, std::uint32_t number) {
    candidates_.push_back({hash_of(key_, value), number, true});
    if (value.type == ValueType::domain) {
      auto name = std::string_view{value.text};
      for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        name.remove_prefix(dot + 1);
        if (name.find('.') == std::string_view::npos) break;  // a top-level domain
        candidates_.push_back({hash_of(key_, ValueType::domain, name), number, false});
      }
    } else if (value.type == ValueType::ip || value.type == ValueType::cidr) {
      add_ranges(value, number);
    } else if (value.type == ValueType::url && has_urls_) {
      for (auto const &probe : model::probes(value, {}))
        if (probe.match != model::MatchKind::exact) candidates_.push_back({hash_of(key_, probe.value), number, false});
    }
  }
  void add_ranges(model::Value const &value, std::uint32_t number) {
    if (v4_.empty() && v6_.empty()) return;
    auto const block = value.type == ValueType::cidr ? model::IpPrefix::parse(value.text)
                                                     : Result<model::IpPrefix>{model::IpPrefix::of({}, 0)};
    auto const address = value.type == ValueType::ip ? model::IpAddress::parse(value.text)
                         : block                     ? Result<model::IpAddress>{block->address()}
                                                     : Result<model::IpAddress>{block.error()};
    if (!address) return;
    auto const shorter_than = value.type == ValueType::cidr ? block->length() : address->is_v4() ? 33U : 129U;
    for (auto const length : address->is_v4() ? v4_ : v6_)
      if (length < shorter_than) candidates_.push_back({hash_of_block(key_, *address, length), number, false});
  }

  /// Only the value itself can be known.
  auto look(model::Value const &value, std::span<Found const> where, std::vector<model::Hit> &hits) -> Result<void> {
    auto const stored = StoredForm{value};
    auto any = false;
    for (auto const &one : where) {
      TRY(auto const entry, one.run->find_at(one.record, one.hash, stored.type(), stored.bytes()));
      if (!entry) continue;
      TRY_VOID(collector_.add(*one.run, *entry));
      any = true;
    }
    return any ? add_hits({model::MatchKind::exact, value}, hits) : Result<void>{ok};
  }

  auto look_everywhere(model::Value const &value, std::vector<model::Hit> &hits) -> Result<void> {
    for (auto const &probe : model::probes(value, {v4_, v6_})) {
      auto const hash = hash_of(key_, probe.value);
      auto const stored = StoredForm{probe.value};
      auto any = false;
      for (auto const &run : snapshot_.runs) {
        if (!run->may_contain(hash)) continue;
        TRY(auto const entry, run->find(hash, stored.type(), stored.bytes()));
        if (!entry) continue;
        TRY_VOID(collector_.add(*run, *entry));
        any = true;
      }
      if (any) TRY_VOID(add_hits(probe, hits));
    }
    return ok;
  }

  /// Adds what is said about one probe, in the order of its key. A domain above the one asked is a `parent` whatever
  /// its scope; that a `subtree` speaks fully for names below is read from the context, where strength is assessed.
  auto add_hits(model::Probe const &probe, std::vector<model::Hit> &hits) -> Result<void> {
    auto &contexts = collector_.contexts();
    hits.reserve(hits.size() + contexts.size());
    for (auto &context : contexts) {
      // Only the whole says what marking it has and when it expires.
      if (!viewer_.may_see(context.tlp) || (context.expiry && *context.expiry <= now_)) continue;
      if (++hits_ > kMaxHits)
        return fail(ErrorCode::too_large, "these values have more than {} hits together; ask for fewer at once",
                    kMaxHits);
      hits.push_back({probe.match, probe.value, std::move(context)});
    }
    return ok;
  }

  Snapshot const &snapshot_;
  StoreKey const &key_;
  model::Viewer const &viewer_;
  Time now_;
  Collector collector_;
  std::vector<unsigned> v4_, v6_;  // prefix lengths in use
  bool has_urls_ = false;
  std::size_t hits_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<Found> found_;
  std::vector<bool> otherwise_;  // values of the group that something else than they themselves may answer for
};

}  // namespace

auto Engine::look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
    -> Result<std::vector<std::vector<model::Hit>>> {
  auto const held = snapshot();
  return LookUp{*held, key_, viewer, now}.run(values);
}

}  // namespace noroshi::know::engine
