#include "model/batch.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>
#include <xxhash.h>

#include "base/bytes.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

/// Observations and the text that they point to.
struct Sample {
  std::vector<std::string> texts;
  std::vector<Observation> observations;
};

auto random_sample(std::mt19937_64 &random, std::size_t frames) -> Sample {
  auto sample = Sample{};
  sample.texts.reserve(frames * (kFieldCount + 2));
  auto const text = [&]() -> std::string_view {
    auto &made = sample.texts.emplace_back(random() % 8 == 0 ? random() % 300 : random() % 20, '\0');
    for (auto &character : made) character = static_cast<char>(random());
    return made;
  };
  for (auto i = std::size_t{0}; i < frames; ++i) {
    auto &o = sample.observations.emplace_back();
    o.time = Time{Duration{random() % 4'000'000'000'000'000}};
    o.visit = VisitId{random(), random()};
    o.sequence = static_cast<std::uint32_t>(random());
    o.kind = static_cast<Kind>(1 + random() % 12);
    o.transport = random() % 2 == 0 ? Transport::tcp : Transport::udp;
    o.source = {IpAddress{random(), random()}, static_cast<std::uint16_t>(random())};
    o.destination = {IpAddress::v4(static_cast<std::uint32_t>(random())), static_cast<std::uint16_t>(random())};
    o.service = text();
    o.extra = text();
    for (auto const &field : fields()) {
      if (random() % 3 != 0) continue;
      if (field.type == FieldType::flag)
        o.set(field.field, static_cast<std::int64_t>(random() % 2));
      else if (field.type == FieldType::number)
        o.set(field.field, static_cast<std::int64_t>(random()) >> random() % 64);
      else
        o.set(field.field, text());
    }
  }
  return sample;
}

auto encoded(std::vector<Observation> const &observations) -> std::string {
  auto bytes = std::string{};
  for (auto const &observation : observations) append_frame(bytes, observation);
  return bytes;
}

auto equal(Observation const &a, Observation const &b) -> bool {
  if (a.time != b.time || a.visit != b.visit || a.sequence != b.sequence || a.kind != b.kind) return false;
  if (a.transport != b.transport || a.source != b.source || a.destination != b.destination) return false;
  if (a.service != b.service || a.extra != b.extra || a.present() != b.present()) return false;
  for (auto const &field : fields()) {
    auto const is_text = field.type == FieldType::text || field.type == FieldType::bytes;
    if (is_text ? a.text(field.field) != b.text(field.field) : a.number(field.field) != b.number(field.field))
      return false;
  }
  return true;
}

/// How many leading frames of `bytes` are sound; each must be the one expected.
auto sound_frames(std::string_view bytes, std::vector<Observation> const &expected, FrameReader::Step &last)
    -> std::size_t {
  auto reader = FrameReader{bytes};
  auto read = Observation{};
  auto frames = std::size_t{0};
  while ((last = reader.next(read)) == FrameReader::Step::frame) {
    REQUIRE(frames < expected.size());
    REQUIRE(equal(read, expected[frames]));
    ++frames;
  }
  return frames;
}

/// A frame around any body, with a right checksum: what a broken or hostile sensor can send.
auto framed(std::string const &body) -> std::string {
  auto frame = std::string{};
  append_le(frame, static_cast<std::uint32_t>(body.size()));
  append_le(frame, static_cast<std::uint32_t>(::XXH3_64bits(body.data(), body.size())));
  return frame + body;
}

constexpr auto kFrameHeader = std::size_t{8};
constexpr auto kKindAt = std::size_t{1};
constexpr auto kTransportAt = std::size_t{2};
constexpr auto kTimeAt = std::size_t{3};

auto plain_body() -> std::string {
  auto frame = std::string{};
  append_frame(frame, Observation{});
  return frame.substr(kFrameHeader);
}

auto step_of(std::string const &frame) -> FrameReader::Step {
  auto read = Observation{};
  return FrameReader{frame}.next(read);
}

auto field_bytes(unsigned number, std::string_view content) -> std::string {
  auto bytes = std::string(1, static_cast<char>(number));
  append_varint(bytes, content.size());
  return bytes.append(content);
}

}  // namespace

TEST_CASE("observations come out of a batch as they went in") {
  auto random = std::mt19937_64{1};
  for (auto round = 0; round < 200; ++round) {
    auto const sample = random_sample(random, random() % 40);
    auto const bytes = encoded(sample.observations);
    auto last = FrameReader::Step::frame;
    CHECK(sound_frames(bytes, sample.observations, last) == sample.observations.size());
    CHECK(last == FrameReader::Step::end);
    auto const counted = count_frames(bytes);
    CHECK(counted.frames == sample.observations.size());
    CHECK(counted.bytes == bytes.size());
    CHECK(!counted.damaged);
  }
}

TEST_CASE("a changed byte is found, and the frames before it still read") {
  auto random = std::mt19937_64{2};
  auto const sample = random_sample(random, 6);
  auto const bytes = encoded(sample.observations);
  for (auto at = std::size_t{0}; at < bytes.size(); ++at) {
    auto changed = bytes;
    changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1 + random() % 255));
    auto last = FrameReader::Step::frame;
    auto const frames = sound_frames(changed, sample.observations, last);
    REQUIRE(last == FrameReader::Step::damaged);
    auto const counted = count_frames(changed);
    REQUIRE(counted.frames == frames);
    REQUIRE(counted.bytes <= at);
    REQUIRE(counted.damaged);
  }
}

TEST_CASE("a batch cut anywhere gives the whole frames before the cut") {
  auto random = std::mt19937_64{3};
  auto const sample = random_sample(random, 6);
  auto const bytes = encoded(sample.observations);
  auto whole = std::size_t{0};
  auto borders = std::vector<std::size_t>{};
  for (auto const &observation : sample.observations) {
    auto frame = std::string{};
    append_frame(frame, observation);
    borders.push_back(whole += frame.size());
  }
  for (auto size = std::size_t{0}; size < bytes.size(); ++size) {
    // A copy of exactly this size, so that a sanitizer sees a read past its end.
    auto const cut = std::vector<char>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    auto const counted = count_frames({cut.data(), cut.size()});
    auto const expected =
        static_cast<std::size_t>(std::ranges::count_if(borders, [&](auto border) { return border <= size; }));
    REQUIRE(counted.frames == expected);
    REQUIRE(counted.damaged == (counted.bytes != size));
  }
}

TEST_CASE("fields of a newer sensor are skipped") {
  auto const body = plain_body() + field_bytes(200, "anything") +
                    field_bytes(static_cast<unsigned>(Field::command), "id") + field_bytes(200, "again") +
                    field_bytes(255, std::string(100'000, 'x'));
  auto const frame = framed(body);
  auto read = Observation{};
  REQUIRE(FrameReader{frame}.next(read) == FrameReader::Step::frame);
  CHECK(read.text(Field::command) == "id");
  CHECK(read.present() == 1U << (static_cast<unsigned>(Field::command) - 1));
}

TEST_CASE("frames with a right checksum and a wrong content are damage") {
  auto const plain = plain_body();
  REQUIRE(step_of(framed(plain)) == FrameReader::Step::frame);
  auto const with = [&](std::size_t at, char value) {
    auto body = plain;
    body[at] = value;
    return step_of(framed(body));
  };
  auto const command = static_cast<unsigned>(Field::command);
  auto const status = static_cast<unsigned>(Field::status);
  auto const accepted = static_cast<unsigned>(Field::accepted);
  CHECK(with(0, 2) == FrameReader::Step::damaged);  // version
  CHECK(with(kKindAt, 0) == FrameReader::Step::damaged);
  CHECK(with(kKindAt, 14) == FrameReader::Step::damaged);
  CHECK(with(kTransportAt, 1) == FrameReader::Step::damaged);
  CHECK(with(kTimeAt + 7, '\x80') == FrameReader::Step::damaged);  // before 1970
  CHECK(with(kTimeAt + 7, '\x7f') == FrameReader::Step::damaged);  // year 292,277
  for (auto size = std::size_t{0}; size < plain.size(); ++size)
    REQUIRE(step_of(framed(plain.substr(0, size))) == FrameReader::Step::damaged);
  auto const ends_with = [&](std::string const &fields) { return step_of(framed(plain + fields)); };
  CHECK(ends_with(field_bytes(command, "a") + field_bytes(command, "b")) == FrameReader::Step::damaged);  // twice
  CHECK(ends_with(field_bytes(0, "")) == FrameReader::Step::damaged);
  CHECK(ends_with(field_bytes(command, std::string(kMaxTextBytes, 'x'))) == FrameReader::Step::frame);
  CHECK(ends_with(field_bytes(command, std::string(kMaxTextBytes + 1, 'x'))) == FrameReader::Step::damaged);
  CHECK(ends_with(field_bytes(command, "abc").substr(0, 4)) == FrameReader::Step::damaged);
  CHECK(ends_with(std::string(1, static_cast<char>(command))) == FrameReader::Step::damaged);
  CHECK(ends_with("\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") == FrameReader::Step::damaged);  // length 2^64 - 1
  CHECK(ends_with(field_bytes(status, "")) == FrameReader::Step::damaged);
  CHECK(ends_with(field_bytes(status, "\x02\x02")) == FrameReader::Step::damaged);
  CHECK(ends_with(field_bytes(status, std::string(11, '\xff'))) == FrameReader::Step::damaged);
  CHECK(ends_with(field_bytes(accepted, "\x02")) == FrameReader::Step::frame);
  CHECK(ends_with(field_bytes(accepted, "\x04")) == FrameReader::Step::damaged);  // a flag of 2
  CHECK(step_of(framed(std::string(kMaxFrameBytes + 1, '\0'))) == FrameReader::Step::damaged);
}

TEST_CASE("what is noted past the limits still makes a sound frame") {
  auto const large = std::string(kMaxTextBytes + 1000, 'x');
  auto observation = Observation{};
  observation.time = Time{Duration{-1}};
  observation.service = large;
  observation.extra = large;
  for (auto const &field : fields()) {
    if (field.type == FieldType::text || field.type == FieldType::bytes)
      observation.set(field.field, large);
    else
      observation.set(field.field, std::numeric_limits<std::int64_t>::min());
  }
  auto frame = std::string{};
  append_frame(frame, observation);
  auto read = Observation{};
  REQUIRE(FrameReader{frame}.next(read) == FrameReader::Step::frame);
  CHECK(read.time == Time{});
  CHECK(read.service.size() == kMaxTextBytes);
  CHECK(read.extra.empty());
  CHECK(read.text(Field::payload).size() == kMaxTextBytes);
  CHECK(read.number(Field::bytes_in) == std::numeric_limits<std::int64_t>::min());
  CHECK(read.number(Field::accepted) == 1);
}

TEST_CASE("a segment's header gives its epoch, or says what is wrong") {
  CHECK(segment_header(7).size() == kSegmentHeaderBytes);
  CHECK(*read_segment_header(segment_header(0xfedc'ba98'7654'3210) + "frames") == 0xfedc'ba98'7654'3210);
  CHECK(!read_segment_header("NRSPOOL1"));
  CHECK(read_segment_header("NRSPOOL2........").error().sentence.find("version") != std::string::npos);
  CHECK(read_segment_header("something else..").error().sentence.find("NRSPOOL1") != std::string::npos);
}

TEST_CASE("a segment's name reads back, sorts by age, and no second name means the same") {
  auto const name = SegmentName{.epoch = 0x1f, .sequence = 10, .frames = 1234};
  CHECK(name.to_string() == "000000000000001f-000000000000000a-1234.seg");
  CHECK(SegmentName::parse(name.to_string()) == name);
  auto const last = SegmentName{~0ULL, ~0ULL, ~0ULL};
  CHECK(SegmentName::parse(last.to_string()) == last);
  CHECK(SegmentName{1, 9, 5000}.to_string() < SegmentName{1, 10, 3}.to_string());
  CHECK(SegmentName{1, 99, 1}.to_string() < SegmentName{2, 1, 1}.to_string());
  for (auto const *text :
       {"", ".seg", "000000000000001f-000000000000000a-.seg", "000000000000001f-000000000000000a-1234",
        "000000000000001F-000000000000000a-1234.seg", "000000000000001f-000000000000000a-01.seg",
        "000000000000001f-000000000000000a-18446744073709551616.seg", "../0000000000001f-000000000000000a-1.seg",
        "000000000000001f-000000000000000a-1234.seg.part", "000000000000001f-000000000000000a--1.seg",
        "000000000000001f_000000000000000a-1.seg"})
    CHECK_MESSAGE(!SegmentName::parse(text), text);
}
