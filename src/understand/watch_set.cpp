#include "understand/watch_set.hpp"

#include <algorithm>
#include <functional>

#include <sodium.h>
#include <xxhash.h>

#include "model/domain_names.hpp"
#include "model/probes.hpp"

namespace noroshi::understand {

using model::IpAddress;
using model::IpPrefix;
using model::MatchKind;
using model::ValueType;

namespace {

constexpr auto kFree = ~std::uint64_t{0};
constexpr auto kFirstSlots = std::size_t{64};
constexpr auto kLowHalf = std::uint64_t{0xffff'ffff};

/// "com.example.a" before "com.example.b": names below a domain stand together.
auto backwards_less(std::string_view a, std::string_view b) -> bool {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

void note_length(std::vector<unsigned> &lengths, unsigned length) {
  auto const place = std::ranges::lower_bound(lengths, length, std::ranges::greater{});
  if (place == lengths.end() || *place != length) lengths.insert(place, length);
}

}  // namespace

WatchSet::WatchSet() : slots_(kFirstSlots, kFree) { randombytes_buf(&seed_, sizeof seed_); }

auto WatchSet::hash_of(IpAddress address, std::uint64_t length) const -> std::uint64_t {
  std::uint64_t const parts[3] = {address.high(), address.low(), length};
  return ::XXH3_64bits_withSeed(parts, sizeof parts, seed_);
}

auto WatchSet::hash_of(ValueType type, std::string_view text) const -> std::uint64_t {
  return ::XXH3_64bits_withSeed(text.data(), text.size(), seed_ + static_cast<std::uint64_t>(type));
}

auto WatchSet::hash_of_value(ValueType type, std::string_view text) const -> std::uint64_t {
  if (type == ValueType::ip)
    if (auto const address = IpAddress::parse(text)) return hash_of(*address, kWhole);
  if (type == ValueType::cidr)
    if (auto const block = IpPrefix::parse(text)) return hash_of(block->address(), block->length());
  return hash_of(type, text);
}

template <class Same>
auto WatchSet::find(std::uint64_t hash, Same const &same) const -> std::uint32_t {
  auto const mask = slots_.size() - 1;
  for (auto at = hash & mask;; at = (at + 1) & mask) {
    auto const slot = slots_[at];
    if (slot == kFree) return kNone;
    if ((slot ^ hash) >> 32 == 0 && same(entries_[slot & kLowHalf])) return static_cast<std::uint32_t>(slot & kLowHalf);
  }
}

auto WatchSet::find_text(ValueType type, std::string_view text) const -> std::uint32_t {
  return find(hash_of_value(type, text),
              [&](Entry const &entry) { return entry.type == type && text_of(entry) == text; });
}

void WatchSet::insert(std::uint64_t hash, std::uint32_t entry) {
  auto const mask = slots_.size() - 1;
  auto at = hash & mask;
  while (slots_[at] != kFree) at = (at + 1) & mask;
  slots_[at] = (hash & ~kLowHalf) | entry;
}

void WatchSet::grow() {
  if ((entries_.size() + 1) * 2 <= slots_.size()) return;
  slots_.assign(slots_.size() * 2, kFree);
  for (auto number = std::uint32_t{0}; number < entries_.size(); ++number)
    insert(hash_of_value(entries_[number].type, text_of(entries_[number])), number);
}

void WatchSet::add(model::WatchId watch, ValueType type, std::string_view text) {
  youngest_ = std::max(youngest_, watch);
  auto number = find_text(type, text);
  if (number == kNone) {
    grow();
    number = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({texts_.size(), kNone, static_cast<std::uint16_t>(text.size()), type});
    texts_ += text;
    insert(hash_of_value(type, text), number);
  }
  auto &entry = entries_[number];
  for (auto link = entry.link; link != kNone; link = links_[link].next)
    if (links_[link].watch == watch) return;
  links_.push_back({watch, entry.link});
  entry.link = static_cast<std::uint32_t>(links_.size() - 1);
}

void WatchSet::finish() {
  for (auto number = std::uint32_t{0}; number < entries_.size(); ++number) {
    auto const &entry = entries_[number];
    if (entry.type == ValueType::cidr) {
      if (auto const block = IpPrefix::parse(text_of(entry)))
        note_length(block->address().is_v4() ? v4_lengths_ : v6_lengths_, block->length());
    } else if (entry.type == ValueType::ip) {
      if (auto const address = IpAddress::parse(text_of(entry))) addresses_.emplace_back(*address, number);
    } else if (entry.type == ValueType::domain) {
      names_.push_back(number);
    }
    types_ |= std::uint64_t{1} << static_cast<unsigned>(entry.type);
  }
  std::ranges::sort(addresses_);
  std::ranges::sort(names_, backwards_less, [this](std::uint32_t number) { return text_of(entries_[number]); });
}

void WatchSet::match_blocks(IpAddress address, unsigned shorter_than, std::vector<Match> &to) const {
  for (auto const length : address.is_v4() ? v4_lengths_ : v6_lengths_) {
    if (length >= shorter_than) continue;
    auto const block = IpPrefix::of(address, length);
    auto const found = find(hash_of(block.address(), length), [&](Entry const &entry) {
      return entry.type == ValueType::cidr && text_of(entry) == block.to_string();
    });
    if (found != kNone) to.push_back({found, MatchKind::range});
  }
}

void WatchSet::match(IpAddress address, std::vector<Match> &to) const {
  auto const found = find(hash_of(address, kWhole), [&](Entry const &entry) {
    return entry.type == ValueType::ip && text_of(entry) == address.to_string();
  });
  if (found != kNone) to.push_back({found, MatchKind::exact});
  match_blocks(address, 129, to);
}

void WatchSet::match(model::Value const &value, std::vector<Match> &to) const {
  if (value.type == ValueType::ip) {
    if (auto const address = IpAddress::parse(value.text)) match(*address, to);
    return;
  }
  if (auto const found = find_text(value.type, value.text); found != kNone) to.push_back({found, MatchKind::exact});
  if (value.type == ValueType::cidr) {
    if (auto const block = IpPrefix::parse(value.text)) match_blocks(block->address(), block->length(), to);
  } else if (value.type == ValueType::domain && has(ValueType::domain)) {
    for (auto const name : model::parents(value.text))
      if (auto const found = find_text(ValueType::domain, name); found != kNone)
        to.push_back({found, MatchKind::parent});
  } else if (value.type == ValueType::url && has(ValueType::url)) {
    for (auto const &probe : model::probes(value, {}))
      if (probe.match != MatchKind::exact)
        if (auto const found = find_text(ValueType::url, probe.value.text); found != kNone)
          to.push_back({found, probe.match});
  }
}

void WatchSet::match_indicator(model::Value const &indicator, std::vector<Match> &to) const {
  match(indicator, to);
  if (indicator.type == ValueType::url) {
    auto const host = model::split_url(indicator.text).host;
    if (auto const address = IpAddress::parse(host))
      match(*address, to);
    else
      match({ValueType::domain, std::string{host}}, to);
  } else if (indicator.type == ValueType::cidr) {
    if (auto const block = IpPrefix::parse(indicator.text)) cover_addresses(*block, to);
  } else if (indicator.type == ValueType::domain) {
    cover_names(indicator.text, to);
  }
}

void WatchSet::cover_addresses(IpPrefix const &block, std::vector<Match> &to) const {
  auto at = std::ranges::lower_bound(addresses_, std::pair{block.address(), std::uint32_t{0}});
  for (auto left = kMaxCovered; left > 0 && at != addresses_.end() && block.contains(at->first); ++at, --left)
    to.push_back({at->second, MatchKind::range});
}

void WatchSet::cover_names(std::string_view domain, std::vector<Match> &to) const {
  auto const below = "." + std::string{domain};
  auto at = std::ranges::lower_bound(names_, std::string_view{below}, backwards_less,
                                     [this](std::uint32_t number) { return text_of(entries_[number]); });
  for (auto left = kMaxCovered; left > 0 && at != names_.end() && text_of(entries_[*at]).ends_with(below); ++at, --left)
    to.push_back({*at, MatchKind::parent});
}

auto WatchSet::value(std::uint32_t entry) const -> model::Value {
  return {entries_[entry].type, std::string{text_of(entries_[entry])}};
}

void WatchSet::each_watch(std::uint32_t entry, std::function<void(model::WatchId)> const &take) const {
  for (auto link = entries_[entry].link; link != kNone; link = links_[link].next) take(links_[link].watch);
}

}  // namespace noroshi::understand
