#include "know/engine/entry.hpp"

#include <algorithm>

namespace noroshi::know::engine {

namespace {

// Differences wrap around, so every pair of times comes back exactly.
auto difference(std::int64_t a, std::int64_t b) -> std::uint64_t {
  auto const plain = static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
  return (plain << 1) ^ (0 - (plain >> 63));
}
auto sum(std::int64_t base, std::uint64_t zigzag) -> std::int64_t {
  auto const plain = (zigzag >> 1) ^ (0 - (zigzag & 1));
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + plain);
}

}  // namespace

void append_body(std::string &to, std::uint8_t type, std::string_view value, std::span<Fragment const> fragments,
                 Base base) {
  constexpr auto kNumbers = std::size_t{7};  // of a fragment
  auto const before = to.size();
  auto const most = 1 + kMaxVarintBytes + value.size() + fragments.size() * kNumbers * kMaxVarintBytes;
  to.resize_and_overwrite(before + most, [&](char *bytes, std::size_t) {
    auto *at = bytes + before;
    *at++ = static_cast<char>(type);
    at = std::copy(value.begin(), value.end(), put_varint(at, value.size()));
    auto time = base.time;
    for (auto const &one : fragments) {
      at = put_varint(at, one.descriptor);
      at = put_varint(at, difference(one.first_seen, time));
      at = put_varint(at, difference(one.last_seen, one.first_seen));
      at = put_varint(at, one.count);
      // The largest zigzag number leaves no room for the 1: such an expiry is no time that anybody means.
      at = put_varint(at, one.expires ? std::max<std::uint64_t>(1, difference(one.expiry, one.last_seen) + 1) : 0);
      at = put_varint(at, one.version - base.version);
      at = put_varint(at, one.sequence);
      time = one.first_seen;
    }
    return static_cast<std::size_t>(at - bytes);
  });
}

void append_entry(std::string &to, std::uint8_t type, std::string_view value, std::span<Fragment const> fragments,
                  Base base) {
  thread_local auto body = std::string{};
  body.clear();
  append_body(body, type, value, fragments, base);
  append_varint(to, body.size());
  to.append(body);
}

auto read_body(std::string_view bytes) -> Result<EntryView> {
  auto body = ByteReader{bytes};
  auto entry = EntryView{};
  entry.type = body.little<std::uint8_t>();
  auto const value_size = body.varint();
  entry.value = body.take(value_size);
  entry.fragments = body.rest();
  if (body.failed()) return fail(ErrorCode::malformed, "an entry is cut off");
  return entry;
}

auto read_entry(ByteReader &from) -> Result<EntryView> {
  auto const size = from.varint();
  auto const body = from.take(size);
  if (from.failed()) return fail(ErrorCode::malformed, "an entry is cut off");
  return read_body(body);
}

auto skip_entry(ByteReader &from) -> bool {
  auto const size = from.varint();
  (void)from.take(size);
  return !from.failed();
}

auto FragmentReader::next() -> Fragment {
  auto one = Fragment{};
  one.descriptor = static_cast<std::uint32_t>(from_.varint());
  one.first_seen = sum(time_, from_.varint());
  one.last_seen = sum(one.first_seen, from_.varint());
  one.count = from_.varint();
  if (auto const expiry = from_.varint(); expiry != 0) {
    one.expires = true;
    one.expiry = sum(one.last_seen, expiry - 1);
  }
  one.version = base_.version + from_.varint();
  one.sequence = from_.varint();
  time_ = one.first_seen;
  return one;
}

}  // namespace noroshi::know::engine
