#include <set>

#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::Field;
using model::IpAddress;
using model::Kind;

namespace {

auto source(std::uint32_t number) -> IpAddress { return IpAddress::v4(0x0102'0000 + number); }

struct Walk {
  std::vector<model::StoredObservation> rows;
  int pages = 0;
};

auto walk(model::ObservationStore &store, std::size_t limit, model::ObservationQuery const &query = {},
          model::Viewer const &viewer = kReader) -> Walk {
  auto walked = Walk{};
  auto cursor = std::string{};
  do {
    auto page = value_of(store.page(query, cursor, limit, viewer));
    CHECK(page.observations.size() <= limit);
    std::ranges::move(page.observations, std::back_inserter(walked.rows));
    ++walked.pages;
    cursor = page.next.value_or("");
  } while (!cursor.empty());
  return walked;
}

/// 50 rows a batch, one batch on each of three days; times of day run against the order of receipt.
void fill(model::ObservationStore &store) {
  for (auto number = 1; number <= 3; ++number) {
    auto rows = std::vector<model::Observation>{};
    for (auto i = std::uint32_t{0}; i < 50; ++i)
      rows.push_back(observation(i % 5 == 0 ? Kind::opened : Kind::login, source(i % 7), at(number, 1000 - i), i)
                         .set(Field::username, "root")
                         .set(Field::password, "secret"));
    apply(store, rows, at(number, 500), static_cast<std::uint64_t>(number));
  }
}

auto key_of(model::StoredObservation const &row) { return std::tuple{row.received, row.visit, row.sequence, row.time}; }

}  // namespace

TEST_CASE("pages of any size walk every observation once, in one order, over open and closed days") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store);
  auto const whole = walk(*store, 1000);
  CHECK(whole.pages == 1);
  REQUIRE(whole.rows.size() == 150);
  CHECK(std::ranges::is_sorted(whole.rows, {}, key_of));
  for (auto const closed : {false, true}) {
    if (closed) CHECK(value_of(store->close_days(day(3))) == 2);
    for (auto const limit : {1U, 7U, 50U, 149U, 150U, 151U}) {
      CAPTURE(limit);
      auto const walked = walk(*store, limit);
      CHECK(std::ranges::equal(walked.rows, whole.rows, {}, key_of, key_of));
    }
  }
}

TEST_CASE("a day that is closed, and rows that come, between two pages make nothing come twice or not at all") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store);
  auto page = value_of(store->page({}, "", 30, kReader));
  auto seen = std::set<std::tuple<Time, model::VisitId, std::uint32_t, Time>>{};
  for (auto const &row : page.observations) seen.insert(key_of(row));
  CHECK(value_of(store->close_days(day(3))) == 2);
  apply(*store, {observation(Kind::closed, source(99), at(1))}, at(3, 900), 4);
  auto rows = page.observations.size();
  while (page.next) {
    page = value_of(store->page({}, *page.next, 30, kReader));
    for (auto const &row : page.observations) seen.insert(key_of(row));
    rows += page.observations.size();
  }
  CHECK(rows == 151);
  CHECK(seen.size() == 151);
}

TEST_CASE("rows that agree in visit, sequence and time, as logs of other programs have them, are walked once each") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  auto rows = std::vector<model::Observation>{};
  auto names = std::vector<std::string>{};
  for (auto i = 0; i < 20; ++i) names.push_back(fmt::format("{{\"eventid\":\"e{}\"}}", i));
  for (auto const &name : names) {
    rows.push_back(observation(Kind::login, source(1), at(1)));
    rows.back().extra = name;
  }
  apply(*store, rows, at(1), 1);
  for (auto const limit : {1U, 3U, 19U, 20U}) {
    auto extras = std::set<std::string>{};
    auto const walked = walk(*store, limit);
    for (auto const &row : walked.rows) extras.insert(row.extra);
    CHECK(walked.rows.size() == 20);
    CHECK(extras.size() == 20);
  }
}

TEST_CASE("a walk keeps to the time of receipt, the kind, the service and the source that are asked for") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store);
  auto const count = [&](model::ObservationQuery const &query) { return walk(*store, 9, query).rows.size(); };
  CHECK(count({.since = at(2)}) == 100);
  CHECK(count({.since = at(2, 500), .before = at(3, 500)}) == 50);
  CHECK(count({.before = at(2, 500)}) == 50);
  CHECK(count({.kind = Kind::opened}) == 30);
  CHECK(count({.service = "telnet"}) == 150);
  CHECK(count({.service = "x' OR 1=1"}) == 0);
  CHECK(count({.source = source(0)}) == 24);
}

TEST_CASE("secrets are in the pages of those who may see them only, and a member sees no page") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store);
  auto const has_secret = [](Walk const &walked) {
    return std::ranges::any_of(walked.rows, [](auto const &row) {
      return std::ranges::any_of(row.fields, [](auto const &field) { return field.text == "secret"; });
    });
  };
  CHECK_FALSE(has_secret(walk(*store, 60)));
  CHECK(has_secret(walk(*store, 60, {}, kAnalyst)));
  CHECK(store->page({}, "", 1, viewer(model::UserRole::member)).error().code == ErrorCode::denied);
}

TEST_CASE("a cursor that is none of ours is refused") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store);
  for (auto const *const wrong :
       {"x", "1", "-----", "1-2-3-4-5", "1-2-3-4-5-6-7", "1-2-3-4-5-ffffffffff", "' OR 1=1 --"}) {
    CAPTURE(wrong);
    auto const page = store->page({}, wrong, 10, kReader);
    REQUIRE_FALSE(page);
    CHECK(page.error().code == ErrorCode::malformed);
  }
}
