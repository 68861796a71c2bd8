#include "understand/applier.hpp"

#include <doctest/doctest.h>

#include "tests/support/observations.hpp"
#include "tests/support/temporary_folder.hpp"

#include "know/catalogue.hpp"
#include "know/indicator_store.hpp"
#include "know/observation_store.hpp"

namespace noroshi::understand {
namespace {

using test::batch_of;
using test::TemporaryFolder;

auto const kReceived = Time{std::chrono::seconds{1'790'000'001}};

/// Real stores in a folder of their own, opened as a node opens them.
struct Node {
  ManualClock clock{kReceived};  // what expires soon after is not forgotten
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::IndicatorStore> indicators;
  std::unique_ptr<model::ObservationStore> observations;
  std::unique_ptr<IntakeLog> log;
  Config config;
  std::unique_ptr<Applier> applier;

  explicit Node(TemporaryFolder const &folder) {
    catalogue = *know::open_catalogue({.path = folder / "catalogue.sqlite"});
    indicators = *know::open_indicator_store(folder / "indicators", clock);
    observations = *know::open_observation_store({.directory = folder / "observations"});
    log = *IntakeLog::open({.folder = folder / "intake", .segment_bytes = 100'000}, {});
    applier = *Applier::create(*log, {*observations, *indicators, *catalogue}, config);
  }
  auto rows() -> std::uint64_t { return observations->stats(model::node_viewer())->rows; }
  auto sessions_of(std::string_view address) -> std::uint64_t {
    auto const value = model::Value{model::ValueType::ip, std::string{address}};
    auto total = std::uint64_t{0};
    auto const answers = indicators->look_up({&value, 1}, model::node_viewer(), kReceived);
    REQUIRE(answers);
    for (auto const &hit : (*answers)[0]) total += hit.context.count;
    return total;
  }
};

/// Openings from one public address, so that its count can be checked.
auto openings(std::uint64_t sequence, std::uint32_t rows) -> model::Batch {
  auto batch = model::Batch{{1}, 7, sequence, {}};
  for (auto row = std::uint32_t{0}; row < rows; ++row) {
    auto seen = test::observation("8.8.4.4", model::Kind::opened);
    seen.visit = model::VisitId{sequence, row};
    model::append_frame(batch.frames, seen);
  }
  return batch;
}

TEST_CASE("each batch reaches every store, and every cursor stands at the last one") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  for (auto sequence = std::uint64_t{1}; sequence <= 4; ++sequence)
    REQUIRE(node.log->append(openings(sequence, 10), kReceived));
  REQUIRE(node.applier->catch_up());
  CHECK(node.rows() == 40);
  CHECK(node.sessions_of("8.8.4.4") == 40);
  CHECK(*node.observations->cursor() == 4);
  CHECK(*node.indicators->cursor("intake") == 4);
  CHECK(*node.catalogue->cursor() == 4);
  auto const sensors = node.catalogue->sensors(model::node_viewer());
  REQUIRE(sensors);
  CHECK((*sensors)[0].observations == 40);
  CHECK((*sensors)[0].sequence == 4);
}

TEST_CASE("what an imported log says is never taken for what a decoy of our own saw") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  auto const imported = node.catalogue->ensure_sensor("shadowserver/honeypot_brute_force");
  REQUIRE(imported);
  auto batch = openings(1, 10);
  REQUIRE(node.log->append(batch, kReceived));
  batch.sensor = imported->id;
  auto download = test::observation("8.8.4.4", model::Kind::download);
  download.set(model::Field::url, "http://evil.example.com/a.sh");
  model::append_frame(batch.frames, download);
  REQUIRE(node.log->append(batch, kReceived));
  REQUIRE(node.applier->catch_up());
  auto const values =
      std::vector<model::Value>{{model::ValueType::ip, "8.8.4.4"}, {model::ValueType::domain, "evil.example.com"}};
  auto const answers = node.indicators->look_up(values, model::node_viewer(), kReceived);
  REQUIRE(answers);
  auto contexts = 0;
  for (auto const &hits : *answers)
    for (auto const &hit : hits) {
      auto const by =
          hit.context.source == imported->source ? model::CollectedBy::access_log : model::CollectedBy::decoy;
      CHECK(hit.context.collected_by == by);
      ++contexts;
    }
  CHECK(contexts == 3);
}

TEST_CASE("a store that has a group already skips it on replay, one that has not gets it, exactly once each") {
  auto const folder = TemporaryFolder{};
  {
    auto node = Node{folder};
    REQUIRE(node.catalogue->ensure_sensor("home"));
    for (auto sequence = std::uint64_t{1}; sequence <= 3; ++sequence)
      REQUIRE(node.log->append(openings(sequence, 10), kReceived));
    // As if the node died after the observation store's transaction, before the others': nothing was concluded in
    // this log yet, so the same batches form the same group again.
    auto batches = std::vector<model::ReceivedBatch>{};
    auto records = std::vector<LogRecord>{};
    REQUIRE(node.log->read(1, [&](LogRecord &&record) { return records.push_back(std::move(record)), true; }));
    for (auto const &record : records) batches.push_back({record.batch.sensor, record.received, record.batch.frames});
    REQUIRE(node.observations->apply(batches, 3));
  }
  auto node = Node{folder};
  REQUIRE(node.applier->catch_up());
  CHECK(node.rows() == 30);
  CHECK(node.sessions_of("8.8.4.4") == 30);
  REQUIRE(node.log->append(openings(4, 5), kReceived));
  REQUIRE(node.applier->catch_up());
  CHECK(node.rows() == 35);
  CHECK(node.sessions_of("8.8.4.4") == 35);
}

TEST_CASE("what detectors concluded is logged and not worked out again on replay") {
  auto const folder = TemporaryFolder{};
  {
    auto node = Node{folder};
    REQUIRE(node.catalogue->ensure_sensor("home"));
    REQUIRE(node.log->append(openings(1, 10), kReceived));
    // A conclusion of an earlier run that today's detectors would not come to.
    auto context = model::Context{};
    context.source = {1};
    context.first_seen = context.last_seen = kReceived;
    context.count = 77;
    auto const writes =
        std::vector{model::IndicatorWrite{{model::ValueType::domain, "concluded.example.com"}, context}};
    REQUIRE(node.log->append_derived(1, encode(writes)));
    REQUIRE(node.log->append(openings(2, 1), kReceived));
  }
  auto node = Node{folder};
  REQUIRE(node.applier->catch_up());
  CHECK(node.rows() == 11);
  CHECK(node.sessions_of("8.8.4.4") == 1);  // only of the batch behind the conclusion
  auto const value = model::Value{model::ValueType::domain, "concluded.example.com"};
  CHECK((*node.indicators->look_up({&value, 1}, model::node_viewer(), kReceived))[0].size() == 1);
}

TEST_CASE("the running applier takes what comes, and the log is trimmed behind it") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  node.applier->start();
  for (auto sequence = std::uint64_t{1}; sequence <= 20; ++sequence)
    REQUIRE(node.log->append(batch_of(1, 7, sequence, 500), kReceived));
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (node.applier->rows() < 20 * 500 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  node.applier->stop();
  CHECK(node.applier->rows() == 20 * 500);
  CHECK(node.rows() == 20 * 500);
  CHECK(node.log->bytes() < 300'000);  // of about a megabyte
  CHECK(node.applier->trouble().empty());
}

TEST_CASE("an applier whose log was emptied waits, ends when asked, and takes what comes next") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  REQUIRE(node.log->append(batch_of(1, 7, 1, 10), kReceived));
  REQUIRE(node.applier->catch_up());
  // The conclusion stands behind the batch; both leave, as maintenance makes them.
  auto const last = node.log->end() - 1;
  REQUIRE(last > node.applier->applied());
  REQUIRE(node.log->empty_last(last));
  REQUIRE(node.log->trim(last));
  node.applier->start();
  REQUIRE(node.log->append(batch_of(1, 7, 2, 10), kReceived));
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (node.applier->rows() < 20 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  CHECK(node.applier->rows() == 20);
  REQUIRE(node.log->empty_last(node.log->end() - 1));
  REQUIRE(node.log->trim(node.log->end() - 1));
  CHECK(node.applier->idle());
  node.applier->stop();  // would not return while it reads what is not there
}

TEST_CASE("conclusions of groups that are applied are read once, not at every idle step") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  REQUIRE(node.log->append(batch_of(1, 7, 1, 10), kReceived));
  REQUIRE(node.applier->catch_up());
  REQUIRE(node.applier->catch_up());
  REQUIRE(node.log->append(batch_of(1, 7, 2, 10), kReceived));
  REQUIRE(node.applier->catch_up());
  CHECK(node.rows() == 20);
  CHECK(*node.catalogue->cursor() == node.applier->applied());
}

}  // namespace
}  // namespace noroshi::understand
