#include "understand/import_desk.hpp"

#include <doctest/doctest.h>

#include "know/catalogue.hpp"
#include "know/import_ledger.hpp"
#include "support/reader_fixtures.hpp"
#include "support/temporary_folder.hpp"

namespace noroshi::understand {
namespace {

/// A ledger that fails where it is told to, as a full disk would make it.
class FailingLedger final : public model::ImportLedger {
public:
  auto copy_to(std::string const &) -> Result<void> override { return ok; }
  explicit FailingLedger(model::ImportLedger &inner) : inner_(inner) {}
  [[nodiscard]] auto key() const -> std::array<std::uint8_t, 16> const & override { return inner_.key(); }
  auto sensors() -> Result<std::vector<model::SensorId>> override { return inner_.sensors(); }
  auto forget_after(model::SensorId sensor, std::uint64_t sequence) -> Result<void> override {
    return inner_.forget_after(sensor, sequence);
  }
  auto load(model::SensorId sensor, std::int64_t slot) -> Result<std::vector<std::uint64_t>> override {
    return inner_.load(sensor, slot);
  }
  auto write(std::span<model::LedgerPart const> parts) -> Result<void> override {
    if (fails) return fail(ErrorCode::unavailable, "no space left");
    return inner_.write(parts);
  }
  bool fails = false;

private:
  model::ImportLedger &inner_;
};

/// What a node has of imports; made anew on the same folder it is a restart.
struct Desk {
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::ImportLedger> inner;
  std::unique_ptr<FailingLedger> ledger;
  std::unique_ptr<IntakeLog> log;
  ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}}};
  std::unique_ptr<ImportDesk> desk;

  explicit Desk(test::TemporaryFolder const &folder, std::uint64_t cap = std::uint64_t{1} << 30) {
    catalogue = *know::open_catalogue({.path = folder / "catalogue.sqlite"});
    inner = *know::open_import_ledger(folder / "imports.sqlite");
    ledger = std::make_unique<FailingLedger>(*inner);
    log = *IntakeLog::open({.folder = folder / "intake", .cap_bytes = cap}, {});
    desk = std::make_unique<ImportDesk>(
        ImportDeskOptions{*ledger, *log, *catalogue, clock, []() -> Result<void> { return ok; }});
  }
  auto take(std::string_view lines, std::uint64_t first_line = 1, std::string reader = {}) -> Result<ImportOutcome> {
    auto copy = std::string{lines};
    return desk->take({copy, std::move(reader), first_line});
  }
  /// Observations in the intake log, all sensors together.
  auto rows() -> std::uint64_t {
    auto total = std::uint64_t{0};
    REQUIRE(log->read(1, [&](LogRecord &&record) {
      total += record.rows;
      return true;
    }));
    return total;
  }
};

}  // namespace

TEST_CASE("an import counts by type, names the sensors, and a second one takes nothing") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  auto const first = desk.take(test::kCowrie3);
  REQUIRE(first);
  CHECK(first->reader == "cowrie");
  CHECK(first->lines == 7);
  CHECK(first->taken == 7);
  CHECK(first->types.at("cowrie.session.file_download").taken == 2);
  CHECK(first->sensors == std::vector<std::string>{"cowrie/pot_1-" + first->sensors.at(0).substr(13)});
  CHECK(desk.rows() == 7);
  auto const second = desk.take(test::kCowrie3);
  REQUIRE(second);
  CHECK(second->taken == 0);
  CHECK(second->known == 7);
  CHECK(second->types.at("cowrie.session.file_download").lines == 2);
  auto restarted = Desk{folder};
  CHECK(restarted.take(test::kCowrie3)->taken == 0);
  CHECK(restarted.rows() == 7);
}

TEST_CASE("sources of imported sensors say so") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  REQUIRE(desk.take(test::kGlutton));
  auto const sensor = desk.catalogue->ensure_sensor("glutton/g1");
  REQUIRE(sensor);
  CHECK(desk.catalogue->source(sensor->source)->name == "import/glutton/g1");
}

TEST_CASE("a log cut anywhere and given again whole is taken once") {
  auto const log = std::string{test::kCowrie2018} + std::string{test::kCowrie3};
  for (auto at = std::size_t{1}; at < log.size(); at += 97) {
    auto const folder = test::TemporaryFolder{};
    auto desk = Desk{folder};
    auto const part = desk.take(std::string_view{log}.substr(0, at), 1, "cowrie");
    REQUIRE(part);
    CHECK(part->refused == 0);
    auto const tail = desk.take(std::string_view{log}.substr(at), 1, "cowrie");
    REQUIRE(tail);
    auto const whole = desk.take(log);
    REQUIRE(whole);
    CHECK(part->taken + tail->taken + whole->taken == 11);
    CHECK(desk.rows() == 11);
  }
}

TEST_CASE("a ledger that cannot be written leaves nothing in the intake log, and the next try takes all") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  desk.ledger->fails = true;
  CHECK(desk.take(test::kCowrie3).error().code == ErrorCode::unavailable);
  CHECK(desk.rows() == 0);
  desk.ledger->fails = false;
  CHECK(desk.take(test::kCowrie3)->taken == 7);
  CHECK(desk.rows() == 7);
}

TEST_CASE("lines in the ledger whose batch was never acknowledged do not count, after a failure or a restart") {
  auto const folder = test::TemporaryFolder{};
  {
    auto full = Desk{folder, 1};  // the intake log refuses everything beyond a byte
    REQUIRE(full.take(test::kGlutton));
    CHECK(full.take(test::kCowrie3).error().code == ErrorCode::unavailable);
    CHECK(full.take(test::kCowrie3).error().code == ErrorCode::unavailable);
  }
  auto desk = Desk{folder};
  CHECK(desk.take(test::kCowrie3)->taken == 7);
  CHECK(desk.take(test::kGlutton)->taken == 0);
  CHECK(desk.rows() == 10);
}

TEST_CASE("refused lines are counted, the first ones told with their number and reason") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  auto lines = std::string{test::kGlutton};
  for (auto i = 0; i < 20; ++i) lines += "{\"srcHost\":\x1b[31m}\n";
  auto const outcome = desk.take(lines, 101);
  REQUIRE(outcome);
  CHECK(outcome->taken == 2);
  CHECK(outcome->refused == 20);
  REQUIRE(outcome->refusals.size() == kRefusalsTold);
  CHECK(outcome->refusals[0].line == 103);
  CHECK(outcome->refusals[0].reason.starts_with("no JSON"));
}

TEST_CASE("times that cannot be are refused, and the log's first year is not") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  auto const with_time = [&](std::string_view time) {
    return desk.take(R"({"timestamp":")" + std::string{time} +
                     R"(","transport":"tcp","srcHost":"192.0.2.7","dstPort":445})" + "\n");
  };
  CHECK(with_time("1970-01-01T00:00:00Z")->refused == 1);
  CHECK(with_time("2000-01-01T00:00:00Z")->taken == 1);
  CHECK(with_time("2026-06-01T23:00:00Z")->taken == 1);
  CHECK(with_time("2026-06-02T00:00:01Z")->refused == 1);
  CHECK(with_time("yesterday")->refused == 1);
}

TEST_CASE("a sensor without a name and one that is named so are one, and no line of either is lost") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  auto const line = [](std::string_view source, std::string_view sensor) {
    return fmt::format(R"({{"timestamp":"2026-05-01T00:00:00Z","transport":"tcp","srcHost":"{}","dstPort":1{}}})"
                       "\n",
                       source, sensor);
  };
  auto const lines = line("192.0.2.7", "") + line("192.0.2.8", R"(,"sensorID":"unnamed")") +
                     line("192.0.2.9", R"(,"sensorID":"b")") + line("192.0.2.10", "");
  auto const outcome = desk.take(lines);
  REQUIRE(outcome);
  CHECK(outcome->taken == 4);
  CHECK(outcome->sensors == std::vector<std::string>{"glutton/b", "glutton/unnamed"});
  CHECK(desk.rows() == 4);
  CHECK(desk.take(lines)->known == 4);
  CHECK(desk.rows() == 4);
}

TEST_CASE("a log that names sensors without end is refused beyond a fleet's number") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  auto lines = std::string{};
  for (auto i = 0; i < 300; ++i)
    lines += fmt::format(
        R"({{"timestamp":"2026-05-01T00:00:00Z","transport":"tcp","srcHost":"192.0.2.7","dstPort":1,"sensorID":"s{}"}})"
        "\n",
        i);
  auto const outcome = desk.take(lines);
  REQUIRE(outcome);
  CHECK(outcome->taken == 256);
  CHECK(outcome->refused == 44);
}

TEST_CASE("a piece of a report begins with its header, and numbers its lines behind it") {
  auto const folder = test::TemporaryFolder{};
  auto desk = Desk{folder};
  auto const header = std::string{test::kSinkhole.substr(0, test::kSinkhole.find('\n') + 1)};
  auto const outcome = desk.take(header + "broken\n", 499, "shadowserver");
  REQUIRE(outcome);
  CHECK(outcome->has_header);
  CHECK(outcome->lines == 1);
  REQUIRE(outcome->refusals.size() == 1);
  CHECK(outcome->refusals[0].line == 500);
}

}  // namespace noroshi::understand
