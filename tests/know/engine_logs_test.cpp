// What a store's log may look like at the start: cut off by a crash, or changed afterwards.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/file.hpp"
#include "know/engine/engine.hpp"
#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;

/// A store whose log has so many commits, of the names c1.example …
struct Logged {
  TemporaryFolder folder;
  std::string path = folder / "indicators";
  explicit Logged(std::uint64_t commits) { commit(1, commits); }

  void commit(std::uint64_t from, std::uint64_t through) const {
    auto const store = open_store(path);
    for (auto position = from; position <= through; ++position)
      REQUIRE(store->apply(
          {.stream = "intake", .position = position, .writes = {write(fmt::format("c{}.example", position))}}));
  }
  [[nodiscard]] auto logs() const -> std::vector<std::string> {
    auto found = std::vector<std::string>{};
    for (auto const &entry : std::filesystem::directory_iterator{path})
      if (entry.path().filename().string().starts_with("log-")) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
  }
  [[nodiscard]] auto content() const -> std::string { return *read_file(logs().back(), 1 << 20); }
  void put(std::string const &bytes) const { std::ofstream{logs().back(), std::ios::binary} << bytes; }
  [[nodiscard]] auto refusal() const -> std::string {
    auto const opened = know::open_indicator_store(path);
    return opened ? std::string{} : opened.error().sentence;
  }
};

/// Where the records begin: behind the header, and each with the magic.
auto records_of(std::string const &log) -> std::vector<std::size_t> {
  auto found = std::vector<std::size_t>{};
  for (auto at = log.find("NRW2"); at != std::string::npos; at = log.find("NRW2", at + 1)) found.push_back(at);
  return found;
}

TEST_CASE("a bit that flips anywhere in a log is damage, also in its last record, and nothing is passed over") {
  auto const store = Logged{3};
  auto const sound = store.content();
  REQUIRE(records_of(sound).size() == 3);
  for (auto at = std::size_t{0}; at < sound.size(); ++at) {
    CAPTURE(at);
    auto bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    store.put(bytes);
    auto const said = store.refusal();
    CHECK(said.contains(store.logs().back()));
    CHECK(said.contains("at offset"));
    CHECK(said.contains("noroshi store repair"));
    CHECK(store.content() == bytes);
  }
  store.put(sound);
  CHECK(look_up(*open_store(store.path), "c3.example").size() == 1);
}

TEST_CASE("a last record that is cut short, or lacks a sector, is what a crash leaves; a middle one is not") {
  auto const store = Logged{3};
  auto const sound = store.content();
  auto const records = records_of(sound);
  for (auto size = records[2]; size < sound.size(); ++size) {
    CAPTURE(size);
    store.put(sound.substr(0, size));
    auto const opened = open_store(store.path);
    CHECK(*opened->cursor("intake") == 2);
  }
  auto without = sound;
  std::fill(without.begin() + static_cast<std::ptrdiff_t>(records[2]), without.end(), '\0');
  store.put(without);
  CHECK(*open_store(store.path)->cursor("intake") == 2);
  without = sound;
  std::fill(without.begin() + static_cast<std::ptrdiff_t>(records[1]),
            without.begin() + static_cast<std::ptrdiff_t>(records[2]), '\0');
  store.put(without);
  CHECK(store.refusal().contains("a record is damaged"));
}

TEST_CASE("a record that somebody plants in a value does not make a torn end look like damage") {
  auto const folder = TemporaryFolder{};
  auto const path = folder / "indicators";
  auto const planted = know::engine::to_record("anything", 0);
  {
    auto const store = open_store(path);
    auto context = write("a.example").context;
    REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("a.example")}}));
    REQUIRE(store->apply(
        {.stream = "intake", .position = 2, .writes = {{{model::ValueType::mutex, planted + "behind"}, context}}}));
  }
  auto log = std::string{};
  for (auto const &entry : std::filesystem::directory_iterator{path})
    if (entry.path().filename().string().starts_with("log-")) log = entry.path();
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 1);
  CHECK(*open_store(path)->cursor("intake") == 1);
}

TEST_CASE("a log that a later one follows was acknowledged to its end") {
  auto const store = Logged{2};
  auto const first = store.logs().back();
  store.commit(3, 3);
  REQUIRE(store.logs().size() == 2);
  auto const size = std::filesystem::file_size(first);
  auto const sound = *read_file(first, 1 << 20);
  std::filesystem::resize_file(first, size - 1);
  CHECK(store.refusal().contains(first));
  std::filesystem::remove(first);
  CHECK(store.refusal().contains("it is missing"));
  std::ofstream{first, std::ios::binary} << sound;
  CHECK(*open_store(store.path)->cursor("intake") == 3);
}

TEST_CASE("repair keeps what is sound before and behind the damage, sets the log aside, and tells what it did") {
  auto const store = Logged{4};
  auto bytes = store.content();
  auto const damaged = std::filesystem::path{store.logs().back()}.filename().string();
  bytes[records_of(bytes)[1] + 40] ^= 1;
  store.put(bytes);
  auto const repaired = know::repair_indicator_store(store.path);
  REQUIRE(repaired);
  CHECK(repaired->kept == 3);
  REQUIRE(repaired->lost.size() == 1);
  CHECK(repaired->lost[0].contains(damaged));
  CHECK(repaired->set_aside == std::vector{"damaged-" + damaged});
  CHECK(*read_file(store.path + "/damaged-" + damaged, 1 << 20) == bytes);
  auto const opened = open_store(store.path);
  CHECK(look_up(*opened, "c1.example").size() == 1);
  CHECK(look_up(*opened, "c2.example").empty());
  CHECK(look_up(*opened, "c4.example").size() == 1);
  REQUIRE(opened->apply({.stream = "intake", .position = 5, .writes = {write("c5.example")}}));
}

namespace {

/// Source 1 is raised by the first record, and says a.example there.
void raise(model::IndicatorStore &store) {
  auto raising = model::IndicatorCommit{.stream = "intake", .position = 1, .writes = {write("a.example")}};
  raising.raised = {model::SourceId{1}};
  REQUIRE(store.apply(raising));
}

/// Of the one log that has records.
void damage_first_record(std::string const &path) {
  for (auto const &entry : std::filesystem::directory_iterator{path}) {
    if (!entry.path().filename().string().starts_with("log-")) continue;
    auto bytes = *read_file(entry.path(), 1 << 20);
    auto const records = records_of(bytes);
    if (records.empty()) continue;
    bytes[records[0] + 40] ^= 1;
    std::ofstream{entry.path(), std::ios::binary} << bytes;
    return;
  }
  FAIL("no log has a record");
}

}  // namespace

TEST_CASE("repair of a log that lost a raise keeps what its source said afterwards") {
  auto const folder = TemporaryFolder{};
  auto const path = folder / "indicators";
  {
    auto const store = open_store(path);
    raise(*store);
    REQUIRE(store->apply({.stream = "intake", .position = 2, .writes = {write("b.example")}}));
  }
  damage_first_record(path);
  REQUIRE(know::repair_indicator_store(path)->kept == 1);
  CHECK(look_up(*open_store(path), "b.example").size() == 1);
}

TEST_CASE("repair of a log that lost a raise keeps what a load of its source said afterwards") {
  auto const folder = TemporaryFolder{};
  auto const path = folder / "indicators";
  {
    auto const store = open_store(path);
    raise(*store);
  }
  {
    auto const options = know::engine::EngineOptions{.small_load = 0, .in_background = false};
    auto const store = *know::engine::Engine::open(*know::engine::open_folder(path), options);
    auto load = *store->load();
    auto const context = load->context(write("b.example").context);
    REQUIRE(load->add(model::ValueType::domain, "b.example", context, {kNow, kNow, 1, {}}));
    auto const replaced = std::vector{model::SourceId{1}};
    REQUIRE(load->finish(replaced));
  }
  CHECK(look_up(*open_store(path), "b.example").size() == 1);
  damage_first_record(path);
  REQUIRE(know::repair_indicator_store(path));
  auto const opened = open_store(path);
  CHECK(look_up(*opened, "a.example").empty());
  CHECK(look_up(*opened, "b.example").size() == 1);
}

TEST_CASE("every file of a store that does not open is told, with what to do about it") {
  auto const store = Logged{2};
  {
    auto const opened = open_store(store.path);
    REQUIRE(opened->compact({}));
    REQUIRE(opened->apply({.stream = "intake", .position = 3, .writes = {write("c3.example")}}));
  }
  auto const states = [&] {
    auto found = std::map<std::string, std::string>{};
    for (auto const &file : *know::inspect_indicator_store(store.path)) {
      CHECK((file.state == "sound") == file.problem.empty());
      if (file.state == "damaged" || file.state == "missing") CHECK_FALSE(file.next.empty());
      found[file.tier] = file.state;
    }
    return found;
  };
  using States = std::map<std::string, std::string>;
  CHECK(states() == States{{"manifest", "sound"}, {"key", "sound"}, {"base", "sound"}, {"log", "sound"}});
  auto const spoil = [&](std::string const &prefix) {
    for (auto const &entry : std::filesystem::directory_iterator{store.path}) {
      if (!entry.path().filename().string().starts_with(prefix)) continue;
      auto bytes = *read_file(entry.path(), 1 << 20);
      bytes[60] ^= 1;
      std::ofstream{entry.path(), std::ios::binary} << bytes;
    }
  };
  spoil("log-");
  CHECK(states()["log"] == "damaged");
  spoil("run-");
  CHECK(states() == States{{"manifest", "sound"}, {"key", "sound"}, {"base", "damaged"}, {"log", "damaged"}});
  std::filesystem::remove(store.path + "/key");
  CHECK(states()["key"] == "missing");
  spoil("manifest");
  CHECK(states() == States{{"manifest", "damaged"}, {"key", "missing"}, {"base", "damaged"}, {"log", "unchecked"}});
  std::filesystem::remove(store.path + "/manifest");
  CHECK(states()["manifest"] == "missing");
  CHECK(know::inspect_indicator_store(store.folder / "nothing")->empty());
}

}  // namespace
}  // namespace noroshi
