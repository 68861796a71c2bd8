// One run: what was written is found, what was not is not, in order, and damaged bytes are told.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "know/engine/batch.hpp"
#include "know/engine/merge_runs.hpp"
#include "know/engine/run.hpp"
#include "know/engine/run_writer.hpp"
#include "know/engine/stored_value.hpp"

namespace noroshi::know::engine {
namespace {

auto const key = StoreKey::generate();

auto commit_of(std::uint64_t count, std::uint64_t from = 0) -> model::IndicatorCommit {
  auto commit = model::IndicatorCommit{.stream = "intake", .position = 1};
  for (auto i = from; i < from + count; ++i) {
    auto context = model::Context{};
    context.source = {static_cast<std::int64_t>(i % 3)};
    context.first_seen = Time{std::chrono::seconds{1'790'000'000 + i}};
    context.last_seen = context.first_seen + std::chrono::hours{1};
    auto const value = i % 4 == 0
                           ? model::Value{model::ValueType::ip,
                                          model::IpAddress::v4(static_cast<std::uint32_t>(i * 77'777)).to_string()}
                           : model::Value{model::ValueType::domain, fmt::format("name{}.example.com", i)};
    commit.writes.push_back({value, context});
  }
  return commit;
}

auto run_with(std::uint64_t count, std::uint64_t from = 0) -> std::shared_ptr<Run const> {
  auto const batch = to_batch(commit_of(count, from), 1, key, {});
  REQUIRE(batch);
  auto run = run_of(*batch);
  REQUIRE_MESSAGE(run, run.error().sentence);
  return *run;
}

TEST_CASE("values come back as they were, and take the bytes that they need") {
  using model::ValueType;
  auto const all = std::vector<std::pair<model::Value, std::size_t>>{
      {{ValueType::ip, "192.0.2.7"}, 4},
      {{ValueType::ip, "2001:db8::1"}, 16},
      {{ValueType::cidr, "192.0.2.0/24"}, 5},
      {{ValueType::cidr, "2001:db8::/32"}, 17},
      {{ValueType::domain, "example.com"}, 11},
      {{ValueType::md5, std::string(32, 'a')}, 16},
      {{ValueType::sha512, std::string(128, '0')}, 64},
      {{ValueType::imphash, std::string(32, 'b')}, 16},
      {{ValueType::ja3, std::string(32, 'c')}, 16},
      {{ValueType::hassh, std::string(32, 'd')}, 16},
      {{ValueType::mutex, "Global\\x"}, 8},
      {{ValueType::url, "http://example.com/"}, 19},
      // Not canonical, so kept as it is.
      {{ValueType::ip, "192.0.2.07"}, 10},
      {{ValueType::cidr, "192.0.2.1/24"}, 12},
      {{ValueType::md5, "AA"}, 2},
  };
  for (auto const &[value, size] : all) {
    CAPTURE(value.text);
    auto const stored = to_stored(value);
    CHECK(stored.bytes.size() == size);
    CHECK(*from_stored(stored.type, stored.bytes) == value);
  }
  CHECK_FALSE(from_stored(static_cast<std::uint8_t>(ValueType::ip), "123"));
  CHECK_FALSE(from_stored(static_cast<std::uint8_t>(ValueType::cidr), ""));
  CHECK_FALSE(from_stored(static_cast<std::uint8_t>(ValueType::cidr),
                          "\x7f"
                          "abcd"));
}

TEST_CASE("in runs of every size all that was written is found, and nothing else") {
  for (auto const count : {0U, 1U, 2U, 7U, 8U, 9U, 63U, 500U, 40'000U}) {
    CAPTURE(count);
    auto const run = run_with(count);
    CHECK(run->facts().entries == count);
    CHECK(run->check());
    for (auto const &write : commit_of(count).writes) {
      auto const hash = hash_of(key, write.indicator);
      auto const stored = to_stored(write.indicator);
      REQUIRE(run->may_contain(hash));
      auto const found = run->find(hash, stored.type, stored.bytes);
      REQUIRE(found);
      REQUIRE(found->has_value());
      auto fragments = run->fragments(**found);
      auto const fragment = fragments.next();
      REQUIRE(fragments.done());
      REQUIRE(fragment.first_seen == write.context.first_seen.time_since_epoch().count());
      REQUIRE(head_of(run->descriptor(fragment.descriptor)).source == write.context.source);
      // The same hash with another value is a collision, not a hit.
      REQUIRE_FALSE(run->find(hash, stored.type, "other")->has_value());
    }
    auto wrongly = 0U;
    for (auto const &write : commit_of(2'000, 1'000'000).writes) {
      auto const hash = hash_of(key, write.indicator);
      auto const stored = to_stored(write.indicator);
      wrongly += run->may_contain(hash) ? 1 : 0;
      REQUIRE_FALSE(run->find(hash, stored.type, stored.bytes)->has_value());
    }
    CHECK(wrongly < 10);  // one in 1,500 is expected
  }
}

TEST_CASE("a walk goes through all entries in order, and from any hash on") {
  auto const run = run_with(5'000);
  auto hashes = std::vector<std::uint64_t>{};
  for (auto cursor = Run::Cursor{*run}; !cursor.done(); cursor.next()) hashes.push_back(cursor.hash());
  CHECK(hashes.size() == 5'000);
  CHECK(std::ranges::is_sorted(hashes));
  auto random = std::mt19937_64{7};
  for (auto i = 0; i < 500; ++i) {
    auto const from = i % 2 == 0 ? random() : hashes[random() % hashes.size()];
    auto const expected = std::ranges::lower_bound(hashes, from);
    auto const cursor = Run::Cursor{*run, from};
    REQUIRE(cursor.done() == (expected == hashes.end()));
    if (!cursor.done()) REQUIRE(cursor.hash() == *expected);
  }
}

TEST_CASE("merged runs hold what each of them held, once") {
  auto const runs = std::vector{run_with(3'000), run_with(3'000, 2'000), run_with(1'000, 10'000)};
  auto file = std::make_shared<MemoryFile>();
  auto const facts = merge_runs(runs, {}, {Time{std::chrono::seconds{1'790'000'000}}, {}}, *file);
  REQUIRE(facts);
  CHECK(facts->entries == 6'000);
  auto const merged = Run::open(file, "merged");
  REQUIRE(merged);
  auto expected = std::set<std::uint64_t>{};
  for (auto const &run : runs)
    for (auto cursor = Run::Cursor{*run}; !cursor.done(); cursor.next()) expected.insert(cursor.hash());
  auto hashes = std::vector<std::uint64_t>{};
  for (auto cursor = Run::Cursor{**merged}; !cursor.done(); cursor.next()) hashes.push_back(cursor.hash());
  CHECK(std::ranges::equal(hashes, expected));
  CHECK((*merged)->check());
}

TEST_CASE("damaged bytes are told, never followed") {
  auto const run = run_with(300);
  auto const writes = commit_of(300).writes;
  auto random = std::mt19937_64{11};
  auto told = 0;
  for (auto trial = 0; trial < 3'000; ++trial) {
    auto bytes = std::string{run->bytes()};
    if (trial % 10 == 0) bytes.resize(random() % bytes.size());
    for (auto i = 0; i < 3 && !bytes.empty(); ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    auto file = std::make_shared<MemoryFile>();
    REQUIRE(file->write_at(0, bytes));
    auto const opened = Run::open(file, "damaged");
    if (!opened) {
      CHECK(opened.error().sentence.starts_with("damaged: "));
      ++told;
      continue;
    }
    if (!(*opened)->check()) ++told;
    for (auto const &write : writes) {
      auto const stored = to_stored(write.indicator);
      (void)(*opened)->find(hash_of(key, write.indicator), stored.type, stored.bytes);
    }
    auto steps = 0;
    for (auto cursor = Run::Cursor{**opened}; !cursor.done(); cursor.next()) {
      auto fragments = (*opened)->fragments(cursor.entry());
      while (!fragments.done()) (void)(*opened)->descriptor(fragments.next().descriptor);
      REQUIRE(++steps <= 1'000);  // no more than the table has slots
    }
  }
  CHECK(told > 1'000);
}

}  // namespace
}  // namespace noroshi::know::engine
