// What holds for every reader of logs, those of tomorrow included.
#include <fstream>
#include <iterator>
#include <random>

#include <doctest/doctest.h>

#include "codec/cowrie.hpp"
#include "support/reader_fixtures.hpp"

using namespace noroshi;
using understand::LogReader;

namespace {

auto registry() -> Registry<LogReader> const & { return Registry<LogReader>::instance(); }

auto page() -> std::string {
  auto file = std::ifstream{NOROSHI_SOURCE_DIR "/docs/reference/import.md"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("every reader recognises its own logs and no other's") {
  auto const fixtures = test::reader_fixtures();
  for (auto const &name : registry().names())
    REQUIRE_MESSAGE(fixtures.contains(name), "give " << name << " a log in tests/support/reader_fixtures.hpp");
  for (auto const &[name, log] : fixtures) {
    auto const lines = test::lines_of_log(log);
    auto const recognised = understand::recognise(lines);
    REQUIRE(recognised);
    CHECK(*recognised == name);
    for (auto const &other : registry().names()) {
      if (other == name) continue;
      for (auto const &line : lines) CHECK_FALSE(registry().create(other)->recognises(line));
    }
  }
}

TEST_CASE("every reader reads its own logs to the last line, twice to the same observations") {
  for (auto const &[name, log] : test::reader_fixtures()) {
    CAPTURE(name);
    auto const first = test::ReadLog::with(*registry().create(name), log);
    auto const second = test::ReadLog::with(*registry().create(name), log);
    CHECK(first.refusals.empty());
    CHECK(first.observations > 0);
    CHECK(first.frames == second.frames);
    CHECK_FALSE(model::count_frames(first.frames).damaged);
  }
}

TEST_CASE("every reader survives arbitrary bytes and damaged lines of every format") {
  auto random = std::mt19937{20261122};
  auto logs = std::vector<std::string>{};
  for (auto const &[name, log] : test::reader_fixtures()) logs.emplace_back(log);
  for (auto round = 0; round < 400; ++round) {
    auto log = logs[random() % logs.size()];
    for (auto change = random() % 8; change > 0; --change) {
      auto const at = random() % log.size();
      if (random() % 4 == 0)
        log.erase(at, random() % 20);
      else if (random() % 4 == 0)
        log.insert(at, log.substr(random() % log.size(), random() % 40));
      else
        log[at] = static_cast<char>(random());
      if (log.empty()) log = "\n";
    }
    for (auto const &name : registry().names()) {
      auto const read = test::ReadLog::with(*registry().create(name), log);
      CHECK_FALSE(model::count_frames(read.frames).damaged);
      for (auto const &refusal : read.refusals) CHECK_FALSE(refusal.empty());
    }
  }
}

TEST_CASE("a log that nobody reads is told from binary data") {
  auto const text = std::string_view{"Jan  1 00:00:01 host sshd[1]: Failed password\n"};
  auto const binary = std::string_view{
      "\x7f"
      "ELF\x02\x01\x01\x00\x00\x00",
      10};
  CHECK(understand::recognise(test::lines_of_log(text)).error().sentence.contains("Jan  1"));
  CHECK(understand::recognise(test::lines_of_log(binary)).error().sentence.contains("binary"));
}

TEST_CASE("a damaged beginning does not hide what a log is") {
  auto const log = std::string{"d\":1}\n"} + std::string{test::kGlutton};
  CHECK(*understand::recognise(test::lines_of_log(log)) == "glutton");
}

TEST_CASE("the reference page names every reader and every event of Cowrie with its kind") {
  auto const text = page();
  for (auto const &name : registry().names()) CHECK_MESSAGE(text.contains("`" + name + "`"), name);
  for (auto const &rule : codec::cowrie::rules()) {
    auto const row = "| `" + std::string{rule.event} + "` | " + std::string{model::to_string(rule.kind)} + " | ";
    CHECK_MESSAGE(text.contains(row), row);
    for (auto const &[member, field] : rule.members) {
      if (member.empty()) continue;
      auto const pair = std::string{member} + " → " + std::string{model::info(field).name};
      CHECK_MESSAGE(text.substr(text.find(row)).substr(0, 300).contains(pair), rule.event << ": " << pair);
    }
  }
}
