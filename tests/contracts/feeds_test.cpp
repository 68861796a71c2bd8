// What holds for every feed format there is, those of tomorrow included.
#include <fstream>
#include <random>
#include <sstream>

#include <doctest/doctest.h>

#include "support/feed_findings.hpp"

using namespace noroshi;
using test::FeedFindings;

namespace {

auto fixtures() -> std::map<std::string, test::FeedFixture> {
  auto all = test::feed_fixtures();
  for (auto const &name : Registry<understand::FeedFormat>::instance().names())
    REQUIRE_MESSAGE(all.contains(name), "give the format " << name << " a fixture in support/feed_findings.hpp");
  return all;
}

auto read(std::string const &name, test::FeedFixture const &fixture, std::string_view bytes,
          std::size_t piece = std::size_t{1} << 20) -> FeedFindings {
  return FeedFindings::of(name, bytes, fixture.file, fixture.columns, piece);
}

/// Everything that was found, as one text to compare.
auto all_of(FeedFindings const &found) -> std::string {
  auto text = fmt::format("{} {} {}\n", found.lines, found.comments, found.texts());
  for (auto const *list : {&found.refused, &found.left_out})
    for (auto const &told : *list) text += fmt::format("{} {} {}\n", told.line, told.reason, told.text);
  return text;
}

}  // namespace

TEST_CASE("each format reads its fixture, in pieces of any size alike") {
  for (auto const &[name, fixture] : fixtures()) {
    CAPTURE(name);
    auto const whole = read(name, fixture, fixture.bytes);
    CHECK(whole.values.size() == fixture.values);
    CHECK(whole.refused.empty());
    for (auto const piece : {1, 2, 3, 17, 64})
      CHECK(all_of(read(name, fixture, fixture.bytes, static_cast<std::size_t>(piece))) == all_of(whole));
    CHECK_FALSE(Registry<understand::FeedFormat>::instance().create(name)->about().empty());
  }
}

TEST_CASE("each format takes Windows line ends and a byte order mark") {
  for (auto const &[name, fixture] : fixtures()) {
    CAPTURE(name);
    auto text = std::string{"\xef\xbb\xbf"};
    for (auto const c : fixture.bytes) text += c == '\n' ? "\r\n" : std::string{c};
    auto const found = read(name, fixture, text);
    CHECK(found.texts() == read(name, fixture, fixture.bytes).texts());
  }
}

TEST_CASE("each format survives random bytes, cut files and flipped bits, and gives a reason for each refusal") {
  auto random = std::mt19937{4};
  for (auto const &[name, fixture] : fixtures()) {
    CAPTURE(name);
    for (auto i = 0; i < 400; ++i) {
      auto bytes = fixture.bytes;
      if (i % 3 == 0) bytes.resize(random() % bytes.size());
      if (i % 3 == 1)
        for (auto n = 1 + random() % 8; n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
      if (i % 3 == 2) {
        bytes.resize(random() % 2000);
        for (auto &c : bytes) c = static_cast<char>(random());
      }
      auto const found = read(name, fixture, bytes, 1 + random() % 100);
      for (auto const &told : found.refused) CHECK_FALSE(told.reason.empty());
      for (auto const &told : found.left_out) CHECK_FALSE(told.reason.empty());
    }
  }
}

TEST_CASE("no format keeps a line or document of any length in memory") {
  auto const piece = std::string(std::size_t{1} << 20, 'a');
  for (auto const &[name, fixture] : fixtures()) {
    CAPTURE(name);
    auto const format = Registry<understand::FeedFormat>::instance().create(name);
    if (!fixture.columns.empty()) REQUIRE(format->set_columns(fixture.columns));
    auto found = FeedFindings{};
    format->begin_file(fixture.file, found);
    for (auto i = 0; i < 80; ++i) format->read(piece, found);
    format->end_file(found);
    CHECK(found.values.empty());
    CHECK(found.refused.size() + found.comments == 1);
    for (auto const &told : found.refused) CHECK(told.text.size() < 1000);
  }
}

TEST_CASE("a format recognises its own fixture and no other format's") {
  for (auto const &[name, fixture] : fixtures()) {
    if (name == "csv") continue;  // needs its column map
    auto const recognised =
        understand::recognise_feed({.file = fixture.file, .beginning = fixture.bytes, .is_whole = true});
    REQUIRE_MESSAGE(recognised, name);
    CHECK(*recognised == name);
  }
  CHECK_FALSE(understand::recognise_feed({.file = "x", .beginning = "two words\nof prose\n", .is_whole = true}));
  CHECK_FALSE(understand::recognise_feed({.file = "x", .beginning = "", .is_whole = true}));
}

TEST_CASE("the reference page names every format") {
  auto file = std::ifstream{NOROSHI_SOURCE_DIR "/docs/reference/feeds.md"};
  auto text = std::stringstream{};
  text << file.rdbuf();
  for (auto const &name : Registry<understand::FeedFormat>::instance().names())
    CHECK_MESSAGE(text.str().contains("`" + name + "`"), name);
}
