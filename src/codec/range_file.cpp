#include "codec/range_file.hpp"

#include <limits>
#include <map>
#include <tuple>

#include <xxhash.h>

#include "base/bytes.hpp"

namespace noroshi::codec {

namespace {

constexpr auto kMagic = std::uint64_t{0x3130'474e'524c'524e};  // "NRLRNG01"
constexpr auto kHeaderBytes = std::size_t{16 + 6 * 4};
constexpr auto kSystemWords = std::size_t{3};
static_assert(kHeaderBytes % 8 == 0);

auto padded(std::uint64_t bytes) -> std::uint64_t { return (bytes + 7) / 8 * 8; }
void pad(std::string &to) { to.resize(padded(to.size())); }

/// The smallest range wins; among equals the one given first.
using Rank = std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>;

auto rank_of(AddressRange const &range, std::uint32_t index) -> Rank {
  auto const borrow = range.last.low() < range.first.low() ? 1U : 0U;
  return {range.last.high() - range.first.high() - borrow, range.last.low() - range.first.low(), index};
}

struct Piece {
  model::IpAddress first;
  std::uint32_t system;
};

/// Pieces of one family, the gaps between the ranges as pieces of system 0.
auto pieces_of(std::vector<NamedRange> const &ranges, std::vector<std::uint32_t> const &systems, bool v4)
    -> std::vector<Piece> {
  auto ranked = std::vector<std::pair<AddressRange, Rank>>{};
  for (auto i = std::uint32_t{0}; i < ranges.size(); ++i)
    if (ranges[i].range.first.is_v4() == v4) ranked.emplace_back(ranges[i].range, rank_of(ranges[i].range, i));
  auto pieces = std::vector<Piece>{};
  sweep(ranked, [&](model::IpAddress first, std::set<Rank> const &active) {
    auto const system = active.empty() ? 0U : systems[std::get<2>(*active.begin())];
    if (v4 && !first.is_v4()) return;  // behind 255.255.255.255
    if (pieces.empty() || pieces.back().system != system) pieces.push_back({first, system});
  });
  return pieces;
}

void append_pieces(std::string &to, std::vector<Piece> const &pieces, bool v4) {
  for (auto const &piece : pieces) {
    if (v4) {
      append_le(to, static_cast<std::uint32_t>(piece.first.low()));
      continue;
    }
    append_le(to, piece.first.high());
    append_le(to, piece.first.low());
  }
  pad(to);
  for (auto const &piece : pieces) append_le(to, piece.system);
  pad(to);
}

/// Cuts parts off the front, each padded.
class Parts {
public:
  explicit Parts(std::string_view bytes) : rest_(bytes) {}
  auto take(std::uint64_t size) -> std::string_view {
    if (padded(size) > rest_.size()) {
      failed_ = true;
      return {};
    }
    auto const part = rest_.substr(0, size);
    rest_.remove_prefix(padded(size));
    return part;
  }
  template <class Number>
  auto numbers(std::uint64_t count) -> Number const * {
    return reinterpret_cast<Number const *>(take(count * sizeof(Number)).data());
  }
  [[nodiscard]] auto sound() const -> bool { return !failed_ && rest_.empty(); }

private:
  std::string_view rest_;
  bool failed_ = false;
};

template <class Less>
auto ascends(std::size_t count, Less less) -> bool {
  for (auto i = std::size_t{1}; i < count; ++i)
    if (!less(i - 1, i)) return false;
  return true;
}

auto damaged(std::string_view what) -> Error {
  return fail(ErrorCode::malformed, "it is no sound range file ({}); make it again with: noroshi geo convert", what);
}

}  // namespace

auto write_range_file(std::vector<NamedRange> const &ranges, std::string_view source, std::string_view date)
    -> std::string {
  auto known = std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t>{{{0, {}}, 0}};
  auto systems = std::string(kSystemWords * 4, '\0');  // nobody
  auto texts = std::string{};
  auto system_of = std::vector<std::uint32_t>{};
  system_of.reserve(ranges.size());
  for (auto const &range : ranges) {
    auto const [place, is_new] = known.try_emplace({range.asn, range.name}, static_cast<std::uint32_t>(known.size()));
    system_of.push_back(place->second);
    if (!is_new) continue;
    append_le(systems, range.asn);
    append_le(systems, static_cast<std::uint32_t>(texts.size()));
    append_le(systems, static_cast<std::uint32_t>(range.name.size()));
    texts += range.name;
  }
  auto const v4 = pieces_of(ranges, system_of, true);
  auto const v6 = pieces_of(ranges, system_of, false);
  auto body = std::string{};
  for (auto const count : {v4.size(), v6.size(), known.size(), texts.size(), source.size(), date.size()})
    append_le(body, static_cast<std::uint32_t>(count));
  append_pieces(body, v4, true);
  append_pieces(body, v6, false);
  for (auto const part : {std::string_view{systems}, std::string_view{texts}, source, date}) {
    body += part;
    pad(body);
  }
  auto file = std::string{};
  append_le(file, kMagic);
  append_le(file, std::uint64_t{::XXH3_64bits(body.data(), body.size())});
  return file + body;
}

auto RangeFile::open(std::string_view bytes) -> Result<RangeFile> {
  if (bytes.size() < kHeaderBytes || load_le<std::uint64_t>(bytes.data()) != kMagic) return damaged("another kind");
  auto const body = bytes.substr(16);
  if (::XXH3_64bits(body.data(), body.size()) != load_le<std::uint64_t>(bytes.data() + 8))
    return damaged("its checksum does not fit its content");
  auto header = ByteReader{body};
  std::uint32_t counts[6];
  for (auto &count : counts) count = header.little<std::uint32_t>();
  auto file = RangeFile{};
  auto parts = Parts{header.rest()};
  file.v4_count_ = counts[0];
  file.v6_count_ = counts[1];
  file.system_count_ = counts[2];
  file.v4_first_ = parts.numbers<std::uint32_t>(counts[0]);
  file.v4_system_ = parts.numbers<std::uint32_t>(counts[0]);
  file.v6_first_ = parts.numbers<std::uint64_t>(std::uint64_t{counts[1]} * 2);
  file.v6_system_ = parts.numbers<std::uint32_t>(counts[1]);
  file.systems_ = parts.numbers<std::uint32_t>(counts[2] * std::uint64_t{kSystemWords});
  file.texts_ = parts.take(counts[3]);
  file.source_ = parts.take(counts[4]);
  file.date_ = parts.take(counts[5]);
  if (!parts.sound()) return damaged("its parts do not add up to its size");
  TRY_VOID(file.check());
  return file;
}

/// The checksum keeps accidents away, not whoever can write a file: nothing is read on trust.
auto RangeFile::check() const -> Result<void> {
  auto const v4_ascends = ascends(v4_count_, [&](auto a, auto b) { return v4_first_[a] < v4_first_[b]; });
  auto const v6_ascends = ascends(v6_count_, [&](auto a, auto b) {
    return std::pair{v6_first_[2 * a], v6_first_[2 * a + 1]} < std::pair{v6_first_[2 * b], v6_first_[2 * b + 1]};
  });
  if (!v4_ascends || !v6_ascends) return damaged("its ranges are not in order");
  auto const known = [&](std::uint32_t system) { return system < system_count_; };
  if (!std::all_of(v4_system_, v4_system_ + v4_count_, known) ||
      !std::all_of(v6_system_, v6_system_ + v6_count_, known))
    return damaged("a range names a system that is not there");
  for (auto i = std::size_t{0}; i < system_count_; ++i)
    if (std::uint64_t{systems_[i * kSystemWords + 1]} + systems_[i * kSystemWords + 2] > texts_.size())
      return damaged("a name lies outside");
  return ok;
}

auto RangeFile::system(std::uint32_t index) const -> System {
  auto const *const words = systems_ + index * kSystemWords;
  return {words[0], texts_.substr(words[1], words[2])};
}

auto RangeFile::find(model::IpAddress address) const -> System {
  if (address.is_v4()) {
    auto const *const behind =
        std::upper_bound(v4_first_, v4_first_ + v4_count_, static_cast<std::uint32_t>(address.low()));
    return behind == v4_first_ ? System{} : system(v4_system_[behind - v4_first_ - 1]);
  }
  auto low = std::size_t{0};
  for (auto count = v6_count_; count > 0;) {  // the first piece that begins behind the address
    auto const half = count / 2;
    auto const *const first = v6_first_ + 2 * (low + half);
    auto const before = model::IpAddress{first[0], first[1]} <= address;
    low = before ? low + half + 1 : low;
    count = before ? count - half - 1 : half;
  }
  return low == 0 ? System{} : system(v6_system_[low - 1]);
}

}  // namespace noroshi::codec
