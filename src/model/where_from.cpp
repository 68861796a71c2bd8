#include "model/where_from.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "model/words.hpp"

namespace noroshi::model {

namespace {

constexpr auto kKinds = std::array{
    Word<FlagKind>{FlagKind::proxy, "proxy"},     Word<FlagKind>{FlagKind::vpn, "vpn"},
    Word<FlagKind>{FlagKind::cloud, "cloud"},     Word<FlagKind>{FlagKind::cdn, "cdn"},
    Word<FlagKind>{FlagKind::tor, "tor"},         Word<FlagKind>{FlagKind::hosting, "hosting"},
    Word<FlagKind>{FlagKind::relay, "relay"},     Word<FlagKind>{FlagKind::carrier_nat, "carrier_nat"},
    Word<FlagKind>{FlagKind::scanner, "scanner"}, Word<FlagKind>{FlagKind::sinkhole, "sinkhole"},
    Word<FlagKind>{FlagKind::parking, "parking"}, Word<FlagKind>{FlagKind::dynamic_dns, "dynamic_dns"},
};
static_assert(kKinds.size() == kFlagKinds);

constexpr auto kSeparator = '\t';

/// UTF-8 without control characters, at most kMaxWhereText bytes, so that neither separator nor a torn character is in.
void append_name(std::string &to, std::string_view name) {
  auto left = kMaxWhereText;
  while (!name.empty()) {
    auto const step = utf8_step(name);
    if (step.size > left) return;
    left -= step.size;
    if (!step.valid || static_cast<unsigned char>(name.front()) < 0x20 || name.front() == 0x7f)
      to.push_back(' ');
    else
      to.append(name.substr(0, step.size));
    name.remove_prefix(step.size);
  }
}

auto next_part(std::string_view &rest) -> std::string_view {
  auto const end = std::min(rest.find(kSeparator), rest.size());
  auto const part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

auto to_string(FlagKind kind) -> std::string_view { return word_of(kKinds, kind); }
auto parse_flag_kind(std::string_view text) -> Result<FlagKind> { return parse_word(kKinds, text, "a flag"); }

auto WhereFrom::flag_bits() const -> std::uint32_t {
  auto bits = std::uint32_t{0};
  for (auto const &flag : flags) bits |= bit_of(flag.kind);
  return bits;
}

auto encode(WhereFrom const &where) -> std::string {
  auto text = std::string{};
  if (where.empty()) return text;
  append_name(text, where.country);
  text.push_back(kSeparator);
  if (where.asn != 0) text += std::to_string(where.asn);
  text.push_back(kSeparator);
  append_name(text, where.network);
  auto left = kMaxFlags;
  for (auto const &flag : where.flags) {
    if (left-- == 0) break;
    text.push_back(kSeparator);
    text += to_string(flag.kind);
    text.push_back(kSeparator);
    append_name(text, flag.source);
    text.push_back(kSeparator);
    append_name(text, flag.date);
  }
  return text;
}

auto decode_where(std::string_view text) -> WhereFrom {
  auto where = WhereFrom{};
  where.country = next_part(text);
  auto const number = next_part(text);
  std::from_chars(number.data(), number.data() + number.size(), where.asn);
  where.network = next_part(text);
  while (!text.empty() && where.flags.size() < kMaxFlags) {
    auto const kind = parse_flag_kind(next_part(text));
    auto flag = Flag{};
    flag.source = next_part(text);
    flag.date = next_part(text);
    if (!kind) continue;  // a kind of a later version
    flag.kind = *kind;
    where.flags.push_back(std::move(flag));
  }
  return where;
}

auto WhereTable::of(std::vector<std::pair<IpAddress, WhereFrom>> sources) -> WhereTable {
  auto table = WhereTable{};
  auto known = std::map<std::string, std::uint32_t, std::less<>>{};
  std::ranges::sort(sources, {}, [](auto const &source) { return source.first; });
  table.places_.reserve(sources.size());
  for (auto &[address, where] : sources) {
    auto text = encode(where);
    auto const [place, is_new] = known.try_emplace(std::move(text), static_cast<std::uint32_t>(table.entries_.size()));
    if (is_new) table.entries_.push_back({decode_where(place->first), place->first});  // as replay will read it
    table.places_.emplace_back(address, place->second);
  }
  return table;
}

auto WhereTable::find(IpAddress address) const -> Entry const * {
  auto const found = std::ranges::lower_bound(places_, address, {}, [](auto const &place) { return place.first; });
  if (found == places_.end() || found->first != address) return nullptr;
  return &entries_[found->second];
}

void WhereTable::append_to(std::string &bytes) const {
  append_varint(bytes, entries_.size());
  for (auto const &entry : entries_) {
    append_varint(bytes, entry.text.size());
    bytes += entry.text;
  }
  append_varint(bytes, places_.size());
  for (auto const &[address, entry] : places_) {
    append_le(bytes, address.high());
    append_le(bytes, address.low());
    append_varint(bytes, entry);
  }
}

auto WhereTable::parse(std::string_view bytes) -> Result<WhereTable> {
  auto reader = ByteReader{bytes};
  auto table = WhereTable{};
  for (auto left = reader.varint(); left > 0 && !reader.failed(); --left) {
    auto const text = reader.take(reader.varint());
    table.entries_.push_back({decode_where(text), std::string{text}});
  }
  for (auto left = reader.varint(); left > 0 && !reader.failed(); --left) {
    auto const high = reader.little<std::uint64_t>();
    auto const low = reader.little<std::uint64_t>();
    auto const entry = reader.varint();
    if (entry >= table.entries_.size()) return fail(ErrorCode::malformed, "a table of sources names a place too many");
    table.places_.emplace_back(IpAddress{high, low}, static_cast<std::uint32_t>(entry));
  }
  if (reader.failed() || !reader.rest().empty() ||
      !std::ranges::is_sorted(table.places_, {}, [](auto const &place) { return place.first; }))
    return fail(ErrorCode::malformed, "a table of sources is damaged");
  return table;
}

}  // namespace noroshi::model
