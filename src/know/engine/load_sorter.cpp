#include "know/engine/load_sorter.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/bytes.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kPartBits = 10U;
static_assert(LoadSorter::kParts == std::size_t{1} << kPartBits);
// Records are dealt once more inside a part, so that what is compared with each other are a few dozen.
constexpr auto kHeapBits = 11U;
constexpr auto kHeaps = std::size_t{1} << kHeapBits;

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
auto sorted(std::vector<LoadSorter::Record> const &records) -> std::vector<LoadSorter::Record> {
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

LoadSorter::LoadSorter(Files &files, std::uint64_t memory_bytes) : files_(files), memory_bytes_(memory_bytes) {}

auto LoadSorter::add(std::uint64_t hash, std::string_view body) -> Result<void> {
  auto &to = parts_[hash >> (64 - kPartBits)].held;
  auto head = std::array<char, kHeadBytes>{};
  auto const size = static_cast<std::uint32_t>(body.size());
  std::memcpy(head.data(), &hash, sizeof hash);
  std::memcpy(head.data() + sizeof hash, &size, sizeof size);
  to.append(head.data(), head.size()).append(body);
  held_ += kHeadBytes + body.size();
  ++entries_;
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
  if (!scratch_) return ok;
  TRY(mapped_, scratch_->map());
  return ok;
}

auto LoadSorter::part(std::size_t number) const -> std::vector<Record> {
  auto const &part = parts_[number];
  auto records = std::vector<Record>{};
  records.reserve(entries_ / kParts + entries_ / kParts / 8 + 64);
  for (auto const &[offset, bytes] : part.spilled) read_records(mapped_->view().substr(offset, bytes), records);
  read_records(part.held, records);
  return sorted(records);
}

auto same_indicator(LoadSorter::Record const &a, LoadSorter::Record const &b) -> bool {
  return a.hash == b.hash && identity_of(a) == identity_of(b);
}

void LoadSorter::drop(std::size_t number) { parts_[number] = {}; }

}  // namespace noroshi::know::engine
