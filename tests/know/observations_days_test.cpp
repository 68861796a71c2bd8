#include <csignal>
#include <set>

#include "tests/know/child_process.hpp"
#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::IpAddress;
using model::Kind;

namespace {

auto const kSources = std::vector{IpAddress::v4(0x0102'0304), IpAddress::v4(0xffff'fffe),
                                  IpAddress{0x2001'0db8'0000'0001U, 0x8000'0000'0000'0001U},
                                  IpAddress{0xfe80'0000'0000'0000U, 0xffff'ffff'ffff'ffffU}, IpAddress{0, 1}};

/// `rows` observations, each source in turn, received on that day.
void fill(model::ObservationStore &store, int day_number, std::size_t rows, std::uint64_t position) {
  auto sent = std::vector<model::Observation>{};
  for (auto i = std::size_t{0}; i < rows; ++i)
    sent.push_back(observation(Kind::opened, kSources[i % kSources.size()],
                               at(day_number, static_cast<std::int64_t>(i) * 1'000'000)));
  CHECK(apply(store, sent, at(day_number), position) == rows);
}

/// Rows of each source, by asking for its visits.
auto counts(model::ObservationStore &store) -> std::vector<std::uint64_t> {
  auto found = std::vector<std::uint64_t>{};
  for (auto const &source : kSources) {
    auto rows = std::uint64_t{0};
    for (auto const &visit : value_of(store.visits_of(source, 10'000, kReader))) {
      CHECK(visit.source.address == source);
      rows += visit.observations;
    }
    found.push_back(rows);
    CHECK(value_of(store.profile(source, kReader))->observations == rows);
  }
  return found;
}

/// Only what the store lists lies in its folder: a filter beside each Parquet file, nothing else.
void check_files(Folder const &folder, model::ObservationStore &store) {
  auto closed = std::size_t{0};
  for (auto const &day : value_of(store.days(kReader))) closed += static_cast<std::size_t>(day.closed);
  auto const names = files(folder, "days");
  CHECK(names.size() == 2 * closed);
  for (auto const &name : names) CHECK((name.ends_with(".parquet") || name.ends_with(".filter")));
}

}  // namespace

TEST_CASE("closing a day moves its rows to Parquet: counts and addresses of both families stay the same") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store, 3, 1'003, 1);
  fill(*store, 4, 500, 2);
  auto const before = counts(*store);
  CHECK(value_of(store->close_days(day(4))) == 1);
  CHECK(value_of(store->close_days(day(4))) == 0);
  CHECK(counts(*store) == before);
  auto const days = value_of(store->days(kReader));
  REQUIRE(days.size() == 2);
  CHECK(days[0].day == day(3));
  CHECK(days[0].closed);
  CHECK(days[0].rows == 1'003);
  CHECK(days[0].bytes > 0);
  CHECK_FALSE(days[1].closed);
  CHECK(days[1].rows == 500);
  CHECK(value_of(store->stats(kReader)).rows == 1'503);
  CHECK(files(folder, "days") == std::vector<std::string>{"2026-11-03.filter", "2026-11-03.parquet"});
}

TEST_CASE("closed days, their filters and profiles are there after a restart") {
  auto const folder = Folder{};
  auto before = std::vector<std::uint64_t>{};
  {
    auto const store = open(options_in(folder));
    fill(*store, 3, 103, 1);
    fill(*store, 4, 50, 2);
    CHECK(value_of(store->close_days(day(4))) == 1);
    before = counts(*store);
  }
  std::filesystem::remove(folder / "days/2026-11-03.filter");  // is built again
  auto const store = open(options_in(folder));
  CHECK(counts(*store) == before);
  check_files(folder, *store);
}

TEST_CASE("rows that come in after their day was closed are found, and closed as a second part") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  fill(*store, 3, 100, 1);
  CHECK(value_of(store->close_days(day(4))) == 1);
  fill(*store, 3, 10, 2);
  auto const before = counts(*store);
  auto days = value_of(store->days(kReader));
  REQUIRE(days.size() == 1);
  CHECK(days[0].rows == 110);
  CHECK_FALSE(days[0].closed);
  CHECK(value_of(store->close_days(day(4))) == 1);
  CHECK(counts(*store) == before);
  days = value_of(store->days(kReader));
  CHECK(days[0].rows == 110);
  CHECK(days[0].closed);
  CHECK(files(folder, "days").size() == 4);
}

TEST_CASE("a crash at any step of closing a day loses no row, doubles none, and leaves no stray file") {
  for (auto const &step : {"copy", "sync", "rename", "count", "filter", "commit", "done"}) {
    CAPTURE(step);
    auto const folder = Folder{};
    {
      auto const store = open(options_in(folder));
      fill(*store, 3, 203, 1);
      fill(*store, 4, 50, 2);
    }
    auto const child = test::in_child([&](std::string &) {
      auto options = options_in(folder);
      options.step = [&](std::string_view name) {
        if (name == step) ::kill(::getpid(), SIGKILL);
      };
      auto store = know::open_observation_store(options);
      return store && (*store)->close_days(day(4)) ? 0 : 1;
    });
    REQUIRE(WIFSIGNALED(child.status));
    std::ofstream{folder / "days/2026-11-09.parquet.tmp"} << "stray";
    auto const store = open(options_in(folder));
    CHECK(counts(*store) == std::vector<std::uint64_t>{51, 51, 51, 50, 50});
    CHECK(value_of(store->stats(kReader)).rows == 253);
    check_files(folder, *store);
    CHECK(value_of(store->days(kReader))[0].closed == (std::string_view{step} == "done"));
    (void)value_of(store->close_days(day(4)));
    CHECK(value_of(store->days(kReader))[0].closed);
    CHECK(counts(*store) == std::vector<std::uint64_t>{51, 51, 51, 50, 50});
  }
}

TEST_CASE("retention drops whole closed days but those that a hold keeps, until it is released") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  for (auto number = 1; number <= 6; ++number) fill(*store, number, 10, static_cast<std::uint64_t>(number));
  CHECK(value_of(store->close_days(day(6))) == 5);
  require_ok(store->hold("case 17", day(2), day(3)));
  require_ok(store->hold("case 18", day(3), day(3)));
  CHECK(value_of(store->drop_days(day(5))) == std::vector{day(1), day(4)});
  CHECK(value_of(store->stats(kReader)).rows == 40);
  auto const days = value_of(store->days(kReader));
  REQUIRE(days.size() == 4);
  CHECK(days[0].held);
  CHECK(days[1].held);
  CHECK_FALSE(days[2].held);
  check_files(folder, *store);
  require_ok(store->release("case 17"));
  CHECK(store->release("case 17").error().code == ErrorCode::not_found);
  CHECK(value_of(store->drop_days(day(30))) == std::vector{day(2), day(5)});  // day 6 is open
  CHECK(value_of(store->days(kReader)).size() == 2);
  check_files(folder, *store);
  CHECK(store->hold("wrong", day(3), day(2)).error().code == ErrorCode::malformed);
}

TEST_CASE("a crash while days are dropped leaves no stray file") {
  auto const folder = Folder{};
  {
    auto const store = open(options_in(folder));
    fill(*store, 3, 10, 1);
    fill(*store, 4, 10, 2);
    CHECK(value_of(store->close_days(day(5))) == 2);
  }
  auto const child = test::in_child([&](std::string &) {
    auto options = options_in(folder);
    options.step = [](std::string_view name) {
      if (name == "unlink") ::kill(::getpid(), SIGKILL);
    };
    auto store = know::open_observation_store(options);
    return store && (*store)->drop_days(day(4)) ? 0 : 1;
  });
  REQUIRE(WIFSIGNALED(child.status));
  CHECK(files(folder, "days").size() == 4);
  auto const store = open(options_in(folder));
  CHECK(value_of(store->days(kReader)).size() == 1);
  check_files(folder, *store);
}

TEST_CASE("a listed day whose file is missing is named, not passed over") {
  auto const folder = Folder{};
  {
    auto const store = open(options_in(folder));
    fill(*store, 3, 10, 1);
    CHECK(value_of(store->close_days(day(4))) == 1);
  }
  std::filesystem::remove(folder / "days/2026-11-03.parquet");
  auto const store = know::open_observation_store(options_in(folder));
  REQUIRE_FALSE(store);
  CHECK(store.error().code == ErrorCode::unavailable);
  CHECK(store.error().sentence.contains("2026-11-03.parquet"));
}
