#include "understand/derived.hpp"

#include <algorithm>
#include <bit>
#include <random>
#include <tuple>

#include <xxhash.h>

namespace noroshi::understand {

namespace {

// Tags that a bit stands for; rules of one's own may bring more.
constexpr auto kTagBits = std::uint32_t{64};
// Decoys and rules there can be; a sensor that makes up more services, or a rule more tags, gets kTheRest for them all.
constexpr auto kMaxNames = std::size_t{4096};
constexpr auto kTheRest = std::string_view{"other"};

auto fresh_seed() -> std::uint64_t {
  static auto const seed = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  return seed;
}

auto hash_of(std::string_view text, std::uint64_t seed) -> std::uint64_t {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

auto hash_of(model::Value const &indicator, model::Context const &context, std::uint64_t seed) -> std::uint64_t {
  auto const kinds = static_cast<std::uint64_t>(indicator.type) | static_cast<std::uint64_t>(context.role) << 8 |
                     static_cast<std::uint64_t>(context.direction) << 16 |
                     static_cast<std::uint64_t>(context.evidence) << 24;
  auto const numbers =
      static_cast<std::uint64_t>(context.source.number) * 31 + static_cast<std::uint64_t>(context.report.number);
  return hash_of(indicator.text, hash_of(context.attribute, seed ^ kinds ^ numbers << 32));
}

/// The number of `text` in a short list of texts, which it joins where it is new.
auto number_in(std::vector<std::string> &texts, std::string_view text) -> std::uint32_t {
  auto const found = std::ranges::find(texts, text);
  auto const number = static_cast<std::uint32_t>(found - texts.begin());
  if (found != texts.end()) return number;
  if (texts.size() == kMaxNames) return kMaxNames - 1;
  texts.emplace_back(texts.size() == kMaxNames - 1 ? kTheRest : text);
  return number;
}

}  // namespace

Derived::Derived() : seed_(fresh_seed()) {}

auto Derived::full() const -> bool { return visitors_.size() + others_.size() >= kLimit || bytes_ >= kByteLimit; }

auto Derived::hash_of(Visitor const &visitor, std::uint32_t service) const -> std::uint64_t {
  std::uint64_t const key[] = {visitor.address.high(), visitor.address.low(),
                               static_cast<std::uint64_t>(visitor.source.number), service};
  return XXH3_64bits_withSeed(key, sizeof key, seed_);
}

auto Derived::slot_of(Visitor const &visitor) -> std::uint32_t & {
  auto const service = number_in(services_, visitor.service);
  auto const is_it = [&](std::uint32_t number) {
    auto const &entry = visitors_[number];
    return entry.address == visitor.address && entry.source == visitor.source && entry.service == service;
  };
  if (latest_ != Index::kFree && is_it(latest_)) return latest_;
  auto &slot = visitor_index_.find(hash_of(visitor, service), is_it);
  if (slot != Index::kFree) latest_ = slot;
  return slot;
}

auto Derived::knows(Visitor const &visitor) -> bool { return slot_of(visitor) != Index::kFree; }

void Derived::add(Visitor const &visitor, Conduct const &conduct) {
  if (auto const known = slot_of(visitor); known == Index::kFree) {
    if (full()) {
      ++left_out_;
      return;
    }
    visitor_index_.grow(visitors_.size(), [this](std::uint32_t number) {
      auto const &entry = visitors_[number];
      return hash_of({entry.address, entry.source, {}}, entry.service);
    });
    slot_of(visitor) = static_cast<std::uint32_t>(visitors_.size());
    auto &fresh = visitors_.emplace_back();
    fresh.address = visitor.address;
    fresh.source = visitor.source;
    fresh.collected_by = visitor.collected_by;
    fresh.service = number_in(services_, visitor.service);
    fresh.first = fresh.last = conduct.time;
    bytes_ += sizeof(model::IpAddress) + visitor.service.size();
  }
  auto &entry = visitors_[slot_of(visitor)];
  entry.first = std::min(entry.first, conduct.time);
  entry.last = std::max(entry.last, conduct.time);
  entry.expiry = std::max(entry.expiry, conduct.expiry);
  entry.confidence = std::max(entry.confidence, conduct.confidence);
  entry.sessions += conduct.sessions;
  if (!conduct.tag.empty()) add_tag(entry, conduct.tag);
}

void Derived::add_tag(VisitorEntry &entry, std::string_view tag) {
  auto const number = number_in(tags_, tag);
  if (number < kTagBits)
    entry.tags |= std::uint64_t{1} << number;
  else if (std::ranges::find(entry.further_tags, number) == entry.further_tags.end())
    entry.further_tags.push_back(number);
}

void Derived::add(model::Value const &indicator, model::Context const &context) {
  auto const hash = understand::hash_of(indicator, context, seed_);
  auto const is_it = [&](std::uint32_t number) {
    auto const &[other_hash, write] = others_[number];
    return other_hash == hash && write.indicator == indicator && model::same_key(write.context, context);
  };
  if (auto const known = other_index_.find(hash, is_it); known != Index::kFree) {
    model::merge(others_[known].write.context, context);
    return;
  }
  if (full()) {
    ++left_out_;
    return;
  }
  other_index_.grow(others_.size(), [this](std::uint32_t number) { return others_[number].hash; });
  other_index_.find(hash, is_it) = static_cast<std::uint32_t>(others_.size());
  others_.push_back({hash, {indicator, context}});
  bytes_ += indicator.text.size() + context.attribute.size();
}

auto Derived::write_of(VisitorEntry const &entry) const -> model::IndicatorWrite {
  auto write = model::IndicatorWrite{{model::ValueType::ip, entry.address.to_string()}, {}};
  auto &context = write.context;
  context.source = entry.source;
  context.attribute = "decoy/" + services_[entry.service];
  context.role = model::Role::scanner;
  context.direction = model::Direction::inbound;
  context.evidence = model::Evidence::observed;
  context.collected_by = entry.collected_by;
  context.first_seen = entry.first;
  context.last_seen = entry.last;
  context.count = entry.sessions;
  context.confidence = entry.confidence;
  context.to_ids = true;
  context.expiry = entry.expiry;
  for (auto bits = entry.tags; bits != 0; bits &= bits - 1)
    context.tags.push_back(tags_[static_cast<std::size_t>(std::countr_zero(bits))]);
  for (auto const number : entry.further_tags) context.tags.push_back(tags_[number]);
  std::ranges::sort(context.tags);
  return write;
}

auto Derived::writes() && -> std::vector<model::IndicatorWrite> {
  auto writes = std::vector<model::IndicatorWrite>{};
  writes.reserve(visitors_.size() + others_.size());
  std::ranges::sort(visitors_, [](VisitorEntry const &a, VisitorEntry const &b) {
    return std::tie(a.address, a.source, a.service) < std::tie(b.address, b.source, b.service);
  });
  for (auto const &entry : visitors_) writes.push_back(write_of(entry));
  for (auto &other : others_) writes.push_back(std::move(other.write));
  return writes;
}

}  // namespace noroshi::understand
