#include "model/batch.hpp"

#include <algorithm>
#include <bit>

#include <xxhash.h>

#include "base/bytes.hpp"

namespace noroshi::model {

namespace {

constexpr auto kVersion = std::uint8_t{1};
constexpr auto kFrameHeader = std::size_t{8};  // length and checksum
constexpr auto kFixedPart = std::size_t{1 + 1 + 1 + 8 + 16 + 4 + 18 + 18};
constexpr auto kTextHead = std::size_t{4};  // field number, and the varint of a length up to kMaxTextBytes
static_assert(kFixedPart + (kFieldCount + 2) * (kMaxTextBytes + kTextHead) <= kMaxFrameBytes);

// Years 1970…9999: every store and every writer of RFC 3339 can express them.
constexpr auto kEarliest = std::int64_t{0};
constexpr auto kLatest = std::int64_t{253'402'300'799'999'999};

auto zigzag(std::int64_t number) -> std::uint64_t {
  return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}
auto unzigzag(std::uint64_t number) -> std::int64_t {
  return static_cast<std::int64_t>(number >> 1 ^ (0 - (number & 1)));
}

auto checksum(std::string_view body) -> std::uint32_t {
  return static_cast<std::uint32_t>(::XXH3_64bits(body.data(), body.size()));
}

auto is_kind(std::uint8_t number) -> bool {
  return number >= static_cast<std::uint8_t>(Kind::opened) && number <= static_cast<std::uint8_t>(Kind::other);
}
auto is_transport(std::uint8_t number) -> bool {
  return number == static_cast<std::uint8_t>(Transport::tcp) || number == static_cast<std::uint8_t>(Transport::udp);
}

/// Writes into memory known to be large enough: one growth of the string a frame, not one a field.
class Writer {
public:
  explicit Writer(char *at) : at_(at) {}

  template <class Number>
  void little(Number number) {
    std::memcpy(at_, &number, sizeof number);
    at_ += sizeof number;
  }
  void varint(std::uint64_t number) {
    while (number >= 0x80) {
      *at_++ = static_cast<char>(number | 0x80);
      number >>= 7;
    }
    *at_++ = static_cast<char>(number);
  }
  void text(std::string_view bytes) {
    varint(bytes.size());
    if (bytes.empty()) return;  // memcpy takes no null pointer, not even for nothing
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void endpoint(Endpoint const &endpoint) {
    little(endpoint.address.high());
    little(endpoint.address.low());
    little(endpoint.port);
  }
  [[nodiscard]] auto at() const -> char * { return at_; }

private:
  char *at_;
};

auto capped(std::string_view text) -> std::string_view { return text.substr(0, kMaxTextBytes); }

/// Calls `visit` for each field present, in order.
template <class Visit>
void for_each_field(Observation const &observation, Visit visit) {
  for (auto left = observation.present(); left != 0; left &= left - 1)
    visit(fields()[static_cast<std::size_t>(std::countr_zero(left))]);
}

auto is_text(FieldInfo const &field) -> bool { return field.type == FieldType::text || field.type == FieldType::bytes; }

/// At least the bytes that the body takes.
auto room_for(Observation const &observation, std::string_view service, std::string_view extra) -> std::size_t {
  constexpr auto kNumberRoom = std::size_t{12};  // field number, length, ten bytes of varint
  auto room = kFixedPart + 2 * kTextHead + service.size() + extra.size();
  for_each_field(observation, [&](FieldInfo const &field) {
    room += is_text(field) ? kTextHead + capped(observation.text(field.field)).size() : kNumberRoom;
  });
  return room;
}

void write_field(Writer &writer, Observation const &observation, FieldInfo const &field) {
  writer.little(static_cast<std::uint8_t>(field.field));
  if (is_text(field)) {
    writer.text(capped(observation.text(field.field)));
    return;
  }
  auto const number = observation.number(field.field);
  auto const encoded = zigzag(field.type == FieldType::flag ? static_cast<std::int64_t>(number != 0) : number);
  writer.little(static_cast<std::uint8_t>(std::max(1, (static_cast<int>(std::bit_width(encoded)) + 6) / 7)));
  writer.varint(encoded);
}

auto write_body(char *to, Observation const &observation, std::string_view service, std::string_view extra) -> char * {
  auto writer = Writer{to};
  writer.little(kVersion);
  writer.little(static_cast<std::uint8_t>(observation.kind));
  writer.little(static_cast<std::uint8_t>(observation.transport));
  writer.little(std::clamp(std::int64_t{observation.time.time_since_epoch().count()}, kEarliest, kLatest));
  writer.little(observation.visit.high());
  writer.little(observation.visit.low());
  writer.little(observation.sequence);
  writer.endpoint(observation.source);
  writer.endpoint(observation.destination);
  writer.text(service);
  writer.text(extra);
  for_each_field(observation, [&](FieldInfo const &field) { write_field(writer, observation, field); });
  return writer.at();
}

auto read_text(ByteReader &reader, std::string_view &text) -> bool {
  text = reader.take(reader.varint());
  return !reader.failed() && text.size() <= kMaxTextBytes;
}

auto read_endpoint(char const *from) -> Endpoint {
  return {IpAddress{load_le<std::uint64_t>(from), load_le<std::uint64_t>(from + 8)}, load_le<std::uint16_t>(from + 16)};
}

/// `from` holds kFixedPart bytes.
auto read_fixed(char const *from, Observation &observation) -> bool {
  auto const kind = load_le<std::uint8_t>(from + 1);
  auto const transport = load_le<std::uint8_t>(from + 2);
  auto const time = load_le<std::int64_t>(from + 3);
  if (load_le<std::uint8_t>(from) != kVersion || !is_kind(kind) || !is_transport(transport)) return false;
  if (time < kEarliest || time > kLatest) return false;
  observation.kind = static_cast<Kind>(kind);
  observation.transport = static_cast<Transport>(transport);
  observation.time = Time{Duration{time}};
  observation.visit = VisitId{load_le<std::uint64_t>(from + 11), load_le<std::uint64_t>(from + 19)};
  observation.sequence = load_le<std::uint32_t>(from + 27);
  observation.source = read_endpoint(from + 31);
  observation.destination = read_endpoint(from + 49);
  return true;
}

auto read_field(std::uint8_t number, std::string_view content, Observation &observation) -> bool {
  if (number == 0) return false;
  if (number > kFieldCount) return true;  // a newer sensor's
  auto const field = static_cast<Field>(number);
  if (observation.has(field)) return false;
  if (is_text(info(field))) {
    observation.set(field, content);
    return content.size() <= kMaxTextBytes;
  }
  auto inside = ByteReader{content};
  auto const value = unzigzag(inside.varint());
  if (inside.failed() || !inside.rest().empty()) return false;
  observation.set(field, value);
  return info(field).type == FieldType::number || value == 0 || value == 1;
}

auto read_body(std::string_view body, Observation &observation) -> bool {
  if (body.size() < kFixedPart || !read_fixed(body.data(), observation)) return false;
  auto reader = ByteReader{body.substr(kFixedPart)};
  if (!read_text(reader, observation.service) || !read_text(reader, observation.extra)) return false;
  observation.clear_fields();
  while (!reader.rest().empty()) {
    auto const number = reader.little<std::uint8_t>();
    auto const content = reader.take(reader.varint());
    if (reader.failed() || !read_field(number, content, observation)) return false;
  }
  return true;
}

}  // namespace

void append_frame(std::string &to, Observation const &observation) {
  auto const service = capped(observation.service);
  auto const extra = observation.extra.size() > kMaxTextBytes ? std::string_view{} : observation.extra;
  auto const before = to.size();
  auto const most = before + kFrameHeader + room_for(observation, service, extra);
  to.resize_and_overwrite(most, [&](char *buffer, std::size_t) {
    auto *const body = buffer + before + kFrameHeader;
    auto *const end = write_body(body, observation, service, extra);
    auto const size = static_cast<std::size_t>(end - body);
    auto header = Writer{buffer + before};
    header.little(static_cast<std::uint32_t>(size));
    header.little(checksum({body, size}));
    return static_cast<std::size_t>(end - buffer);
  });
}

auto FrameReader::next(Observation &observation) -> Step {
  auto const rest = bytes_.substr(offset_);
  if (rest.empty()) return Step::end;
  if (rest.size() < kFrameHeader) return Step::damaged;
  auto const size = std::size_t{load_le<std::uint32_t>(rest.data())};
  if (size > kMaxFrameBytes || size > rest.size() - kFrameHeader) return Step::damaged;
  auto const body = rest.substr(kFrameHeader, size);
  if (checksum(body) != load_le<std::uint32_t>(rest.data() + 4)) return Step::damaged;
  if (!read_body(body, observation)) return Step::damaged;
  offset_ += kFrameHeader + size;
  return Step::frame;
}

auto count_frames(std::string_view bytes) -> FrameCount {
  auto reader = FrameReader{bytes};
  auto counted = FrameCount{};
  auto observation = Observation{};
  auto step = FrameReader::Step::frame;
  while ((step = reader.next(observation)) == FrameReader::Step::frame) ++counted.frames;
  counted.bytes = reader.offset();
  counted.damaged = step == FrameReader::Step::damaged;
  return counted;
}

}  // namespace noroshi::model
