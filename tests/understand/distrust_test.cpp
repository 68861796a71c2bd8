// What follows from a distrusted sensor goes, from the very moment on, and nothing else does.
#include <doctest/doctest.h>

#include "tests/support/observations.hpp"
#include "tests/support/temporary_folder.hpp"
#include "understand/applier.hpp"

#include "know/catalogue.hpp"
#include "know/indicator_store.hpp"
#include "know/observation_store.hpp"

namespace noroshi::understand {
namespace {

using test::TemporaryFolder;

struct Node {
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::IndicatorStore> indicators;
  std::unique_ptr<model::ObservationStore> observations;
  std::unique_ptr<IntakeLog> log;
  Config config;
  std::unique_ptr<Applier> applier;
  model::SensorId a, b;

  explicit Node(TemporaryFolder const &folder) {
    catalogue = *know::open_catalogue({.path = folder / "catalogue.sqlite"});
    indicators = *know::open_indicator_store(folder / "indicators");
    observations = *know::open_observation_store({.directory = folder / "observations"});
    log = *IntakeLog::open({.folder = folder / "intake"}, {});
    applier = *Applier::create(*log, {*observations, *indicators, *catalogue}, config);
    a = catalogue->ensure_sensor("a")->id;
    b = catalogue->ensure_sensor("b")->id;
  }

  /// `rows` visits of 8.8.4.4, received by `sensor` at `received`.
  void receive(model::SensorId sensor, Time received, std::uint32_t rows, std::string_view from = "8.8.4.4") {
    auto batch = model::Batch{sensor, 7, ++sequence_, {}};
    for (auto row = std::uint32_t{0}; row < rows; ++row) {
      auto seen = test::observation(from, model::Kind::opened, 0, received - std::chrono::seconds{row});
      seen.visit = model::VisitId{batch.sequence, row};
      model::append_frame(batch.frames, seen);
    }
    REQUIRE(log->append(batch, received));
    REQUIRE(applier->catch_up());
  }

  /// The count of each source's context, by the source's name.
  auto counts(std::string_view address = "8.8.4.4") -> std::map<std::string, std::uint64_t> {
    auto const value = model::Value{model::ValueType::ip, std::string{address}};
    auto const answers = indicators->look_up({&value, 1}, model::node_viewer(), system_clock().now());
    REQUIRE(answers);
    auto all = std::map<std::string, std::uint64_t>{};
    for (auto const &hit : (*answers)[0]) {
      auto const name = catalogue->source(hit.context.source)->name;
      CHECK_FALSE(all.contains(name));  // the days of a sensor are one context
      all[name] = hit.context.count;
    }
    return all;
  }
  auto rows() -> std::uint64_t { return observations->stats(model::node_viewer())->rows; }
  auto admin() -> model::Viewer { return *catalogue->local_administrator(); }

private:
  std::uint64_t sequence_ = 0;
};

using Counts = std::map<std::string, std::uint64_t>;

/// Ten in the forenoon, two days ago.
auto moment() -> Time { return Time{day_of(system_clock().now())} - std::chrono::days{2} + std::chrono::hours{10}; }

void fill(Node &node) {
  auto const since = moment();
  node.receive(node.a, since - std::chrono::days{1}, 10);
  node.receive(node.a, since - Duration{1}, 5);
  node.receive(node.b, since - std::chrono::minutes{1}, 2);
  node.receive(node.a, since, 7);
  node.receive(node.a, since + std::chrono::hours{1}, 1, "9.9.9.9");
  node.receive(node.a, since + std::chrono::days{1}, 3);
  node.receive(node.b, since + std::chrono::days{1}, 4);
  CHECK(node.counts() == Counts{{"sensor/a", 25}, {"sensor/b", 6}});
  CHECK(node.counts("9.9.9.9") == Counts{{"sensor/a", 1}});
}

}  // namespace

TEST_CASE("distrust takes away what was received since that microsecond, and nothing else") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  fill(node);
  auto const close_days_first = [&] { REQUIRE(node.observations->close_days(day_of(system_clock().now()))); };
  SUBCASE("from open days") {}
  SUBCASE("from closed days") { close_days_first(); }
  REQUIRE(node.catalogue->distrust_sensor("a", moment(), "broken into", node.admin()));
  REQUIRE(node.applier->catch_up());
  CHECK(node.counts() == Counts{{"sensor/a", 15}, {"sensor/b", 6}});
  CHECK(node.counts("9.9.9.9").empty());
  CHECK(node.rows() == 32);  // what was seen stays written down
}

TEST_CASE("what a distrusted sensor sends is kept but counts for nothing, until it is trusted again") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  fill(node);
  REQUIRE(node.catalogue->distrust_sensor("a", moment(), "", node.admin()));
  node.receive(node.a, system_clock().now(), 100);
  CHECK(node.counts() == Counts{{"sensor/a", 15}, {"sensor/b", 6}});
  CHECK(node.rows() == 132);
  REQUIRE(node.catalogue->trust_sensor("a", node.admin()));
  node.receive(node.a, system_clock().now(), 8);
  CHECK(node.counts() == Counts{{"sensor/a", 23}, {"sensor/b", 6}});

  // A second distrust that begins earlier takes the rest, and not twice.
  REQUIRE(node.catalogue->distrust_sensor("a", moment() - std::chrono::hours{1}, "", node.admin()));
  REQUIRE(node.applier->catch_up());
  CHECK(node.counts() == Counts{{"sensor/a", 10}, {"sensor/b", 6}});
}

TEST_CASE("a second distrust within the same day leaves what came before it") {
  auto const folder = TemporaryFolder{};
  auto node = Node{folder};
  fill(node);
  REQUIRE(node.catalogue->distrust_sensor("a", moment() + std::chrono::minutes{30}, "", node.admin()));
  REQUIRE(node.applier->catch_up());
  CHECK(node.counts() == Counts{{"sensor/a", 22}, {"sensor/b", 6}});
  REQUIRE(node.catalogue->distrust_sensor("a", moment(), "", node.admin()));
  REQUIRE(node.applier->catch_up());
  CHECK(node.counts() == Counts{{"sensor/a", 15}, {"sensor/b", 6}});
}

TEST_CASE("distrust holds over a restart, also one that was not heeded before it") {
  auto const folder = TemporaryFolder{};
  {
    auto node = Node{folder};
    fill(node);
    REQUIRE(node.catalogue->distrust_sensor("a", moment(), "", node.admin()));
  }
  for (auto start = 0; start < 2; ++start) {
    auto node = Node{folder};
    REQUIRE(node.applier->catch_up());
    CHECK(node.counts() == Counts{{"sensor/a", 15}, {"sensor/b", 6}});
  }
}

}  // namespace noroshi::understand
