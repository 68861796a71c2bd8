#include "codec/range_index.hpp"

#include <map>

namespace noroshi::codec {

auto RangeIndex::build(std::vector<std::pair<AddressRange, std::uint32_t>> const &ranges) -> RangeIndex {
  auto index = RangeIndex{};
  auto known = std::map<std::vector<std::uint32_t>, std::uint32_t>{};
  sweep(ranges, [&](model::IpAddress first, std::set<std::uint32_t> const &active) {
    auto lists = std::vector<std::uint32_t>{active.begin(), active.end()};
    auto const [place, is_new] = known.try_emplace(lists, static_cast<std::uint32_t>(index.distinct_.size()));
    if (is_new) index.distinct_.push_back(std::move(lists));
    if (!index.sets_.empty() && index.sets_.back() == place->second) return;
    index.firsts_.push_back(first);
    index.sets_.push_back(place->second);
  });
  return index;
}

/// The piece that holds the address, counted from 1; 0 in front of the first.
auto RangeIndex::piece_of(model::IpAddress address) const -> std::size_t {
  return static_cast<std::size_t>(std::ranges::upper_bound(firsts_, address) - firsts_.begin());
}

auto RangeIndex::find(model::IpAddress address) const -> std::span<std::uint32_t const> {
  auto const piece = piece_of(address);
  if (piece == 0) return {};
  return distinct_[sets_[piece - 1]];
}

auto RangeIndex::any_in(AddressRange const &range) const -> std::optional<std::uint32_t> {
  // Neighbouring pieces differ, so at most one in a row is empty.
  for (auto piece = std::max<std::size_t>(piece_of(range.first), 1); piece <= firsts_.size(); ++piece) {
    if (firsts_[piece - 1] > range.last) return std::nullopt;
    if (auto const &lists = distinct_[sets_[piece - 1]]; !lists.empty()) return lists.front();
  }
  return std::nullopt;
}

}  // namespace noroshi::codec
