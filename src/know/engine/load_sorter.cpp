#include "know/engine/load_sorter.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/bytes.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kPartBits = 10U;
static_assert(LoadSorter::kParts == std::size_t{1} << kPartBits);
// Records are dealt once more inside a part, so that what is compared with each other are a few dozen.
constexpr auto kHeapBits = 11U;
constexpr auto kHeaps = std::size_t{1} << kHeapBits;

// What is dealt at once, and how much may wait for it: a few MiB, so that neither side waits for the other.
constexpr auto kBlockBytes = std::size_t{1} << 20;
constexpr auto kBlocksWaiting = std::size_t{4};

// A record = u64 hash, u32 n, n bytes body.
constexpr auto kHeadBytes = std::size_t{8 + 4};

struct Identity {
  std::uint8_t type;
  std::string_view value;
  auto operator<=>(Identity const &) const = default;
};
auto identity_of(LoadSorter::Record const &record) -> Identity {
  auto from = ByteReader{record.view()};
  auto const type = from.little<std::uint8_t>();
  auto const size = from.varint();
  return {type, from.take(size)};
}
auto before(LoadSorter::Record const &a, LoadSorter::Record const &b) -> bool {
  if (a.hash != b.hash) return a.hash < b.hash;
  return identity_of(a) < identity_of(b);
}

void read_records(std::string_view bytes, std::vector<LoadSorter::Record> &to) {
  while (bytes.size() >= kHeadBytes) {
    auto const size = load_le<std::uint32_t>(bytes.data() + 8);
    to.push_back({load_le<std::uint64_t>(bytes.data()), bytes.data() + kHeadBytes, size});
    bytes.remove_prefix(kHeadBytes + size);
  }
}

auto heap_of(std::uint64_t hash) -> std::size_t {
  return static_cast<std::size_t>((hash << kPartBits) >> (64 - kHeapBits));
}

/// A counting sort by the next bits, then each heap by comparing.
auto sorted(std::vector<LoadSorter::Record> records) -> std::vector<LoadSorter::Record> {
  if (records.size() < kHeaps) {
    std::ranges::sort(records, before);
    return records;
  }
  auto ends = std::array<std::uint32_t, kHeaps + 1>{};
  for (auto const &record : records) ++ends[heap_of(record.hash) + 1];
  for (auto i = std::size_t{0}; i < kHeaps; ++i) ends[i + 1] += ends[i];
  auto next = ends;
  auto dealt = std::vector<LoadSorter::Record>(records.size());
  for (auto const &record : records) dealt[next[heap_of(record.hash)]++] = record;
  for (auto i = std::size_t{0}; i < kHeaps; ++i)
    std::sort(dealt.begin() + ends[i], dealt.begin() + ends[i + 1], before);
  return dealt;
}

}  // namespace

LoadSorter::~LoadSorter() {
  {
    auto const lock = std::lock_guard{mutex_};
    waiting_.clear();
    ending_ = true;
  }
  changed_.notify_all();
  if (dealer_.joinable()) dealer_.join();
}

auto LoadSorter::add(std::uint64_t hash, std::string_view body) -> Result<void> {
  auto head = std::array<char, kHeadBytes>{};
  auto const size = static_cast<std::uint32_t>(body.size());
  std::memcpy(head.data(), &hash, sizeof hash);
  std::memcpy(head.data() + sizeof hash, &size, sizeof size);
  block_.append(head.data(), head.size()).append(body);
  ++entries_;
  return block_.size() < kBlockBytes ? Result<void>{ok} : hand_over();
}

/// The block goes to the dealer, and an empty one takes its place.
auto LoadSorter::hand_over() -> Result<void> {
  if (!dealer_.joinable()) dealer_ = std::thread{[this] { work(); }};
  auto lock = std::unique_lock{mutex_};
  changed_.wait(lock, [this] { return waiting_.size() < kBlocksWaiting || !outcome_; });
  if (!outcome_) return outcome_;
  waiting_.push_back(std::exchange(block_, {}));
  if (!empty_.empty()) {
    block_ = std::move(empty_.back());
    empty_.pop_back();
  }
  changed_.notify_all();
  return ok;
}

void LoadSorter::work() {
  auto lock = std::unique_lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto block = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    changed_.notify_all();
    auto dealt = deal(block);
    block.clear();
    lock.lock();
    empty_.push_back(std::move(block));
    if (dealt) continue;
    outcome_ = std::move(dealt);
    changed_.notify_all();
    return;
  }
}

auto LoadSorter::deal(std::string_view records) -> Result<void> {
  while (!records.empty()) {
    auto const hash = load_le<std::uint64_t>(records.data());
    auto const bytes = kHeadBytes + load_le<std::uint32_t>(records.data() + sizeof hash);
    parts_[hash >> (64 - kPartBits)].held.append(records.substr(0, bytes));
    held_ += bytes;
    records.remove_prefix(bytes);
  }
  return held_ < memory_bytes_ ? Result<void>{ok} : spill();
}

auto LoadSorter::spill() -> Result<void> {
  if (!scratch_) {
    TRY(scratch_, files_.scratch());
  }
  for (auto &part : parts_) {
    if (part.held.empty()) continue;
    TRY_VOID(scratch_->write_at(spilled_, part.held));
    part.spilled.push_back({spilled_, part.held.size()});
    spilled_ += part.held.size();
    part.held.clear();
  }
  held_ = 0;
  return ok;
}

auto LoadSorter::end() -> Result<void> {
  {
    auto const lock = std::lock_guard{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  if (dealer_.joinable()) dealer_.join();
  TRY_VOID(outcome_);
  TRY_VOID(deal(std::exchange(block_, {})));
  if (!scratch_) return ok;
  TRY(mapped_, scratch_->map());
  return ok;
}

auto LoadSorter::part(std::size_t number) const -> std::vector<Record> {
  auto const &part = parts_[number];
  auto records = std::vector<Record>{};
  if (part.held.empty() && part.spilled.empty()) return records;
  records.reserve(entries_ / kParts + entries_ / kParts / 8 + 64);
  for (auto const &[offset, bytes] : part.spilled) read_records(mapped_->view().substr(offset, bytes), records);
  read_records(part.held, records);
  return sorted(std::move(records));
}

auto same_indicator(LoadSorter::Record const &a, LoadSorter::Record const &b) -> bool {
  return a.hash == b.hash && identity_of(a) == identity_of(b);
}

void LoadSorter::drop(std::size_t number) { parts_[number] = {}; }

}  // namespace noroshi::know::engine
