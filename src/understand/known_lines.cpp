#include "understand/known_lines.hpp"

#include <algorithm>

#include <sodium.h>

namespace noroshi::understand {

namespace {

constexpr auto kSlot = std::chrono::minutes{10};
// Half a gigabyte at the worst moment; a sensor that hears 13,000 lines a second stays below it.
constexpr auto kMaxLinesInSlot = std::size_t{8'000'000};
// Slots beyond these are read from the ledger again when the log comes back to them.
constexpr auto kMaxLines = std::size_t{4'000'000};
constexpr auto kMaxSlots = std::size_t{16'384};

}  // namespace

auto KnownLines::hash(std::string_view line) const -> std::uint64_t {
  // SipHash-2-4: attackers write parts of these lines, and without the key nobody makes two of one hash.
  auto hash = std::uint64_t{0};
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == sizeof hash);
  ::crypto_shorthash(reinterpret_cast<unsigned char *>(&hash), reinterpret_cast<unsigned char const *>(line.data()),
                     line.size(), ledger_.key().data());
  return hash;
}

auto KnownLines::slot_of(model::SensorId sensor, Time time) -> Result<Slot *> {
  auto const number = std::chrono::floor<std::chrono::minutes>(time).time_since_epoch() / kSlot;
  auto const key = Key{sensor.number, number};
  if (key == last_ && last_slot_ != nullptr) return last_slot_;
  auto found = slots_.find(key);
  if (found == slots_.end()) {
    TRY(auto const lines, ledger_.load(sensor, number));
    found = slots_.emplace(key, Slot{}).first;
    for (auto const line : lines) found->second.lines.insert(line);
    held_ += found->second.lines.size();
  }
  found->second.used = ++uses_;
  last_ = key;
  last_slot_ = &found->second;
  return last_slot_;
}

auto KnownLines::add(model::SensorId sensor, Time time, std::string_view line) -> Result<bool> {
  TRY(auto *const slot, slot_of(sensor, time));
  auto const hashed = hash(line);
  if (slot->lines.size() >= kMaxLinesInSlot)
    return fail(ErrorCode::too_large, "more than {} lines of one sensor within ten minutes", kMaxLinesInSlot);
  if (!slot->lines.insert(hashed)) return false;
  slot->added.push_back(hashed);
  ++held_;
  return true;
}

auto KnownLines::flush() -> std::vector<model::LedgerPart> {
  auto parts = std::vector<model::LedgerPart>{};
  for (auto &[key, slot] : slots_)
    if (!slot.added.empty()) parts.push_back({{key.first}, 0, key.second, std::exchange(slot.added, {})});
  make_room();
  return parts;
}

void KnownLines::make_room() {
  if (held_ <= kMaxLines && slots_.size() <= kMaxSlots) return;
  auto uses = std::vector<std::uint64_t>{};
  for (auto const &[key, slot] : slots_) uses.push_back(slot.used);
  std::ranges::nth_element(uses, uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2));
  auto const middle = uses[uses.size() / 2];
  std::erase_if(slots_, [&](auto const &entry) {
    if (entry.second.used > middle) return false;
    held_ -= entry.second.lines.size();
    return true;
  });
  last_slot_ = nullptr;
}

void KnownLines::clear() {
  slots_.clear();
  last_slot_ = nullptr;
  held_ = 0;
}

}  // namespace noroshi::understand
