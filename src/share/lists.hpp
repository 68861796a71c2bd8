// Block lists: which indicators stand on which list, and why. What is on no list is as much the point as what is.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/config.hpp"
#include "model/ports/indicator_store.hpp"
#include "share/writer.hpp"

namespace noroshi::share {

/// own: for the node's organisation and its members; acts on one sensor at once. open: for anybody; an entry needs
/// several sensors, comes late and says only that it is there, so that nobody learns from the list which decoy saw him.
enum class Audience : std::uint8_t { own, open };

struct ListSpec {
  std::string_view name;  // "inbound-ips"
  std::string_view title;
  std::vector<model::ValueType> types;
  std::vector<model::Role> roles;
  model::Direction direction = model::Direction::unknown;  // contexts with this one, or with both
};
auto lists() -> std::span<ListSpec const>;

/// "public-inbound-ips.stix.json": a list, its audience, the writer of its format.
struct FeedName {
  ListSpec const *list = nullptr;
  Audience audience = Audience::own;
  std::string_view writer;  // name in the registry
};
/// not_found lists the names that there are.
auto parse_feed_name(std::string_view name) -> Result<FeedName>;

/// True for a value that no block may name, whoever says it is bad. Empty: there is none.
using Never = std::function<bool(model::Value const &)>;

/// Secret of a node, for delays that nobody can predict.
using ListKey = std::array<unsigned char, 32>;

struct ListRules {
  Never never;
  ListKey key{};
  std::size_t open_sensors = 3;  // that must have seen what a public list names
  Duration open_delay{};         // drawn from 0 to this for every entry of a public list
  Duration lifetime{};           // of what its source gave no expiry, since it was last seen
};
/// From `feeds.public_sensors`, `feeds.public_delay`, `feeds.lifetime`.
auto list_rules(Config const &config, Never never, ListKey const &key) -> ListRules;

/// What the store is asked for a list. Victims are asked for too: they keep an indicator off.
auto filter_for(ListSpec const &list) -> model::IndicatorFilter;

/// The entry, or why there is none: then `until` is when that may change by time alone.
struct Selection {
  std::optional<OutIndicator> entry;
  std::optional<Time> until;
};
auto select(model::ListedIndicator const &listed, ListSpec const &list, Audience audience, ListRules const &rules,
            Time now) -> Selection;

/// What its contexts say together. Where some list for the own house would name it, it is blockable, and only those
/// contexts count for which lists do: what is merely claimed of it lengthens no block.
auto summarise(model::ListedIndicator const &listed, ListRules const &rules, Time now) -> OutIndicator;

}  // namespace noroshi::share
