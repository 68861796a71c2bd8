#include "understand/conclusions.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "know/catalogue.hpp"
#include "know/indicator_store.hpp"
#include "know/observation_store.hpp"
#include "tests/support/observations.hpp"
#include "tests/support/temporary_folder.hpp"
#include "understand/applier.hpp"
#include "understand/derived.hpp"

namespace noroshi::understand {
namespace {

using test::TemporaryFolder;

auto const kReceived = Time{std::chrono::seconds{1'790'000'001}};

/// Real stores and lists in a folder of their own.
struct Node {
  Config config;
  std::unique_ptr<Where> where;
  std::unique_ptr<NeverList> never;
  ManualClock clock{kReceived};  // what expires soon after is not forgotten
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::IndicatorStore> indicators;
  std::unique_ptr<model::ObservationStore> observations;
  std::unique_ptr<IntakeLog> log;
  std::unique_ptr<Applier> applier;

  explicit Node(TemporaryFolder const &folder) {
    config = *Config::load(folder / "none.toml", false,
                           {"where.lists=vpn=" + (folder / "vpn.txt") + ",carrier_nat=" + (folder / "nat.txt"),
                            "never.files=" + (folder / "never.txt")});
    where = *Where::create({}, config);
    never = *NeverList::create({}, config);
    catalogue = *know::open_catalogue({.path = folder / "catalogue.sqlite"});
    indicators = *know::open_indicator_store(folder / "indicators", clock);
    observations = *know::open_observation_store({.directory = folder / "observations"});
    log = *IntakeLog::open({.folder = folder / "intake"}, {});
    applier = *Applier::create(*log, {*observations, *indicators, *catalogue}, config, {where.get(), never.get()});
  }
  auto context_of(std::string_view address) -> model::Context {
    auto const value = model::Value{model::ValueType::ip, std::string{address}};
    auto const answers = indicators->look_up({&value, 1}, model::node_viewer(), kReceived);
    REQUIRE(answers);
    REQUIRE((*answers)[0].size() == 1);
    return (*answers)[0][0].context;
  }
  auto flags_of(std::string_view address) -> std::vector<model::Flag> {
    auto const profile = observations->profile(*model::IpAddress::parse(address), model::node_viewer());
    REQUIRE(profile);
    REQUIRE(*profile);
    return (*profile)->where.flags;
  }
};

void write(std::string const &path, std::string_view bytes) { REQUIRE(write_file_durably(path, bytes)); }
auto visit_of(std::string_view address, std::uint64_t sequence) -> model::Batch {
  auto batch = model::Batch{{1}, 7, sequence, {}};
  model::append_frame(batch.frames, test::observation(address, model::Kind::opened));
  return batch;
}
void lists_in(TemporaryFolder const &folder) {
  write(folder / "vpn.txt", "# name: VPN of the test\n# date: 2026-11-20\n8.8.4.4\n");
  write(folder / "nat.txt", "# date: 2026-11-20\n8.8.5.5\n");
  write(folder / "never.txt", "# name: Kept\n8.8.6.6\n");
}

}  // namespace

TEST_CASE("each source is placed once and the visit keeps what the lists said then") {
  auto const folder = TemporaryFolder{};
  lists_in(folder);
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  REQUIRE(node.log->append(visit_of("8.8.4.4", 1), kReceived));
  REQUIRE(node.applier->catch_up());
  REQUIRE(node.flags_of("8.8.4.4").size() == 1);
  CHECK(node.flags_of("8.8.4.4")[0] == model::Flag{model::FlagKind::vpn, "VPN of the test", "2026-11-20"});
  write(folder / "vpn.txt", "# name: Another\n203.0.113.1\n");
  CHECK(node.where->reload_if_changed());
  CHECK(node.flags_of("8.8.4.4").size() == 1);  // as of the visit
  REQUIRE(node.log->append(visit_of("8.8.4.4", 2), kReceived));
  REQUIRE(node.applier->catch_up());
  CHECK(node.flags_of("8.8.4.4").empty());  // as of the last one
}

TEST_CASE("a replay gives what was concluded, although the lists say something else by now") {
  auto const folder = TemporaryFolder{};
  lists_in(folder);
  {
    auto node = Node{folder};
    REQUIRE(node.catalogue->ensure_sensor("home"));
    REQUIRE(node.log->append(visit_of("8.8.4.4", 1), kReceived));
    // As if the node died between logging its conclusions and the first store.
    auto notes = SourceNotes{node.where.get()};
    (void)notes.note(*model::IpAddress::parse("8.8.4.4"));
    REQUIRE(node.log->append_derived(1, encode(Conclusions{{}, std::move(notes).table()})));
  }
  write(folder / "vpn.txt", "# name: Another\n203.0.113.1\n");
  auto node = Node{folder};
  REQUIRE(node.applier->catch_up());
  REQUIRE(node.flags_of("8.8.4.4").size() == 1);
  CHECK(node.flags_of("8.8.4.4")[0].source == "VPN of the test");
}

TEST_CASE("conclusions of an earlier version, which knew no sources, are read") {
  auto const context = model::Context{};
  auto const old = encode(std::vector{model::IndicatorWrite{{model::ValueType::domain, "example.com"}, context}});
  auto const read = decode_conclusions(old);
  REQUIRE(read);
  CHECK(read->writes.size() == 1);
  CHECK(read->where.empty());
  auto const now =
      encode(Conclusions{read->writes, model::WhereTable::of({{model::IpAddress::v4(1), {"JP", 1, "x", {}}}})});
  for (auto size = std::size_t{0}; size < now.size(); ++size)
    if (auto const torn = decode_conclusions(now.substr(0, size))) CHECK(torn->where.empty());
}

TEST_CASE("what is on the never-list becomes no blocking indicator and says why, and shared addresses expire soon") {
  auto const folder = TemporaryFolder{};
  lists_in(folder);
  auto node = Node{folder};
  REQUIRE(node.catalogue->ensure_sensor("home"));
  auto sequence = std::uint64_t{0};
  for (auto const *address : {"8.8.4.4", "8.8.5.5", "8.8.6.6"})
    REQUIRE(node.log->append(visit_of(address, ++sequence), kReceived));
  REQUIRE(node.applier->catch_up());
  CHECK(node.context_of("8.8.4.4").to_ids);
  CHECK(node.context_of("8.8.4.4").tags.empty());
  CHECK(!node.context_of("8.8.6.6").to_ids);
  CHECK(node.context_of("8.8.6.6").tags == std::vector<std::string>{"never-list:Kept"});
  CHECK(*node.context_of("8.8.5.5").expiry - node.context_of("8.8.5.5").last_seen == std::chrono::hours{24});
  CHECK(*node.context_of("8.8.4.4").expiry - node.context_of("8.8.4.4").last_seen > std::chrono::hours{48});
}

}  // namespace noroshi::understand
