// Ranges of addresses: merging those of one list, and cutting overlapping ones into pieces.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "model/ip.hpp"

namespace noroshi::codec {

/// Addresses from first to last, both included and of one family.
struct AddressRange {
  model::IpAddress first, last;
  auto operator<=>(AddressRange const &) const = default;
};

auto range_of(model::IpPrefix const &prefix) -> AddressRange;

/// The next address in the order of IpAddress; nothing behind the last one.
auto next_after(model::IpAddress address) -> std::optional<model::IpAddress>;

/// The same addresses in as few ranges as possible, ascending.
auto merged(std::vector<AddressRange> ranges) -> std::vector<AddressRange>;

/// Cuts ranges that may overlap into pieces: calls `piece(first address, keys)` in ascending order wherever the set of
/// ranges that hold an address changes; a piece goes on until the next. Keys of overlapping ranges must differ.
template <class Key, class Piece>
void sweep(std::vector<std::pair<AddressRange, Key>> const &ranges, Piece piece) {
  struct Edge {
    model::IpAddress at;
    bool begins;
    Key key;
  };
  auto edges = std::vector<Edge>{};
  edges.reserve(ranges.size() * 2);
  for (auto const &[range, key] : ranges) {
    edges.push_back({range.first, true, key});
    if (auto const behind = next_after(range.last)) edges.push_back({*behind, false, key});
  }
  // What ends goes before what begins, so that a range right behind another of the same key keeps it.
  std::ranges::sort(edges, {}, [](Edge const &edge) { return std::pair{edge.at, edge.begins}; });
  auto active = std::set<Key>{};
  for (auto i = std::size_t{0}; i < edges.size(); ++i) {
    if (edges[i].begins)
      active.insert(edges[i].key);
    else
      active.erase(edges[i].key);
    if (i + 1 == edges.size() || edges[i + 1].at != edges[i].at) piece(edges[i].at, std::as_const(active));
  }
}

}  // namespace noroshi::codec
