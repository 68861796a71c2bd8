#include <algorithm>
#include <array>

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

/// One batch on one snapshot.
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
    auto hashes = std::array<std::uint64_t, kGroup>{};
    for (auto first = std::size_t{0}; first < values.size(); first += kGroup) {
      auto const group = values.subspan(first, std::min(kGroup, values.size() - first));
      for (auto i = std::size_t{0}; i < group.size(); ++i) {
        hashes[i] = hash_of(key_, group[i]);
        for (auto const &run : snapshot_.runs) run->prefetch_filter(hashes[i]);
      }
      for (auto i = std::size_t{0}; i < group.size(); ++i) {
        auto const exact = may_contain(hashes[i]);
        if (exact) prefetch_table(hashes[i]);
        if (!exact && !may_answer_otherwise(group[i])) continue;
        TRY_VOID(look(group[i], answer[first + i]));
      }
    }
    return answer;
  }

private:
  [[nodiscard]] auto may_contain(std::uint64_t hash) const -> bool {
    return std::ranges::any_of(snapshot_.runs, [&](auto const &run) { return run->may_contain(hash); });
  }
  void prefetch_table(std::uint64_t hash) const {
    for (auto const &run : snapshot_.runs) run->prefetch_table(hash);
  }

  /// False only where no indicator but the value itself could answer. More than model::probes() is asked for here where
  /// that is cheaper than finding out what it would ask for.
  [[nodiscard]] auto may_answer_otherwise(model::Value const &value) const -> bool {
    if (value.type == ValueType::domain) return may_have_parent(value.text);
    if (value.type == ValueType::ip || value.type == ValueType::cidr) return may_have_range(value);
    return value.type == ValueType::url && has_urls_;
  }
  [[nodiscard]] auto may_have_parent(std::string_view name) const -> bool {
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
      name.remove_prefix(dot + 1);
      if (name.find('.') == std::string_view::npos) return false;  // a top-level domain
      if (may_contain(hash_of(key_, ValueType::domain, name))) return true;
    }
    return false;
  }
  [[nodiscard]] auto may_have_range(model::Value const &value) const -> bool {
    if (v4_.empty() && v6_.empty()) return false;
    auto const block = model::IpPrefix::parse(value.text);
    auto const address = block ? Result<model::IpAddress>{block->address()} : model::IpAddress::parse(value.text);
    if (!address) return false;
    auto const all = address->is_v4() ? 33U : 129U;
    auto const shorter_than = block && value.type == ValueType::cidr ? block->length() : all;
    return std::ranges::any_of(address->is_v4() ? v4_ : v6_, [&](unsigned length) {
      return length < shorter_than && may_contain(hash_of_block(key_, *address, length));
    });
  }

  auto look(model::Value const &value, std::vector<model::Hit> &hits) -> Result<void> {
    for (auto const &probe : model::probes(value, {v4_, v6_})) {
      auto const hash = hash_of(key_, probe.value);
      if (!may_contain(hash)) continue;
      TRY_VOID(look(probe, hash, hits));
    }
    return ok;
  }

  /// Adds what is said about one probe, in the order of its key. A domain above the one asked is a `parent` whatever
  /// its scope; that a `subtree` speaks fully for names below is read from the context, where strength is assessed.
  auto look(model::Probe const &probe, std::uint64_t hash, std::vector<model::Hit> &hits) -> Result<void> {
    auto const stored = to_stored(probe.value);
    for (auto const &run : snapshot_.runs) {
      if (!run->may_contain(hash)) continue;
      TRY(auto const entry, run->find(hash, stored.type, stored.bytes));
      if (entry) TRY_VOID(collector_.add(*run, *entry));
    }
    for (auto &context : collector_.contexts()) {
      // Only the whole says what marking it has and when it expires.
      if (!viewer_.may_see(context.tlp) || (context.expiry && *context.expiry <= now_)) continue;
      if (++found_ > kMaxHits)
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
  std::size_t found_ = 0;
};

}  // namespace

auto Engine::look_up(std::span<model::Value const> values, model::Viewer const &viewer, Time now)
    -> Result<std::vector<std::vector<model::Hit>>> {
  auto const held = snapshot();
  return LookUp{*held, key_, viewer, now}.run(values);
}

}  // namespace noroshi::know::engine
