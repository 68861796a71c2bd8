// Keeping the store's house: what it is made of, whether it is sound, everything into one file, loads beside readers.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/file.hpp"
#include "know/engine/engine.hpp"
#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;
using know::engine::Engine;

auto const clock_at_now = ManualClock{kNow};

/// A store whose loads are files, however small; in the folder, as on a disk.
auto open_small(std::string const &path, bool in_background = false) -> std::unique_ptr<Engine> {
  auto engine = Engine::open(*know::engine::open_folder(path), {.memory_bytes = 60'000,
                                                                .young_files = 20,
                                                                .load_bytes = 10'000,
                                                                .small_load = 3,
                                                                .in_background = in_background,
                                                                .clock = &clock_at_now});
  if (!engine) FAIL(engine.error().sentence);
  return *std::move(engine);
}

/// Host 0…count-1 under `zone`, all said by one source.
auto load(model::IndicatorStore &store, std::string_view zone, int count, std::int64_t source, bool replaces = false)
    -> std::uint64_t {
  auto loading = store.load();
  REQUIRE(loading);
  auto context = write("a.example", source).context;
  auto const number = (*loading)->context(context);
  CHECK((*loading)->context(context) == number);
  for (auto i = 0; i < count; ++i)
    REQUIRE((*loading)->add(model::ValueType::domain, fmt::format("h{}.{}", i, zone), number, {kNow, kNow, 1, {}}));
  auto const replaced = std::vector{model::SourceId{source}};
  auto const loaded = (*loading)->finish(replaces ? std::span{replaced} : std::span<model::SourceId const>{});
  if (!loaded) FAIL(loaded.error().sentence);
  return *loaded;
}

TEST_CASE("a load is invisible until it is finished, and an abandoned one never was") {
  auto const folder = TemporaryFolder{};
  auto const store = open_small(folder / "store");
  {
    auto loading = *store->load();
    auto const context = loading->context(write("a.example").context);
    for (auto i = 0; i < 1'000; ++i)
      REQUIRE(loading->add(model::ValueType::domain, fmt::format("h{}.example", i), context, {kNow, kNow, 1, {}}));
    CHECK(look_up(*store, "h1.example").empty());
    CHECK_FALSE(loading->add(model::ValueType::domain, "x.example", context + 1, {}));
  }
  CHECK(store->stats()->indicators == 0);
  CHECK(load(*store, "example", 1'000, 1) == 1'000);
  CHECK(look_up(*store, "h999.example").size() == 1);
  for (auto const &entry : std::filesystem::directory_iterator{folder / "store"})
    CHECK(entry.path().filename().string().find("scratch") == std::string::npos);
}

TEST_CASE("a load that replaces makes what its source said before invisible, and nobody else's; also reopened") {
  auto const folder = TemporaryFolder{};
  for (auto const count : {2, 2'000}) {  // by the log, and as a file
    CAPTURE(count);
    auto const path = folder / fmt::format("store-{}", count);
    {
      auto const store = open_small(path);
      REQUIRE(store->apply(
          {.stream = "intake", .position = 1, .writes = {write("old.example", 7), write("o.example", 8)}}));
      load(*store, "first.example", count, 7);
      load(*store, "second.example", count, 7, true);
    }
    auto const store = open_small(path);
    CHECK(look_up(*store, "old.example").empty());
    CHECK(look_up(*store, "h0.first.example").empty());
    CHECK(look_up(*store, "h1.second.example").size() == 1);
    CHECK(look_up(*store, "o.example").size() == 1);
  }
}

TEST_CASE("what one list says twice is one indicator, whose contexts are merged") {
  auto const folder = TemporaryFolder{};
  auto const store = open_small(folder / "store");
  auto loading = *store->load();
  auto context = write("a.example").context;
  auto const plain = loading->context(context);
  context.confidence = 90;
  context.tags = {"mirai"};
  auto const tagged = loading->context(context);
  context.source = {2};
  auto const other = loading->context(context);
  auto const add = [&](std::uint32_t number, int hours, std::uint64_t count) {
    auto const seen = kNow - std::chrono::hours{hours};
    REQUIRE(loading->add(model::ValueType::domain, "twice.example", number, {seen, seen, count, {}}));
  };
  add(plain, 5, 1);
  add(tagged, 3, 2);
  add(plain, 9, 4);
  add(other, 1, 1);
  for (auto i = 0; i < 10; ++i)
    REQUIRE(loading->add(model::ValueType::domain, fmt::format("h{}.example", i), plain, {kNow, kNow, 1, {}}));
  CHECK(*loading->finish({}) == 11);
  auto const hits = look_up(*store, "twice.example");
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].context.count == 7);
  CHECK(hits[0].context.first_seen == kNow - std::chrono::hours{9});
  CHECK(hits[0].context.last_seen == kNow - std::chrono::hours{3});
  CHECK(hits[0].context.confidence == 90);
  CHECK(hits[0].context.tags == std::vector<std::string>{"mirai"});
}

TEST_CASE("of two loads that replace one source the one that is finished last counts") {
  auto const folder = TemporaryFolder{};
  auto const store = open_small(folder / "store");
  auto first = *store->load();
  auto const context = first->context(write("a.example", 7).context);
  for (auto i = 0; i < 10; ++i)
    REQUIRE(first->add(model::ValueType::domain, fmt::format("h{}.example", i), context, {kNow, kNow, 1, {}}));
  CHECK(load(*store, "second.example", 10, 7, true) == 10);
  // The first began before the second replaced its source, and ends after it: it is the newer one.
  auto const replaced = std::vector{model::SourceId{7}};
  REQUIRE(first->finish(replaced));
  CHECK(look_up(*store, "h0.second.example").empty());
  CHECK(look_up(*store, "h0.example").size() == 1);
}

TEST_CASE("every file is named with what it holds, and a changed byte is found in it") {
  auto const folder = TemporaryFolder{};
  auto const path = folder / "store";
  auto const store = open_small(path);
  load(*store, "base.example", 20'000, 1);
  load(*store, "young.example", 100, 2);
  REQUIRE(store->apply({.stream = "intake", .position = 1, .writes = {write("memory.example")}}));
  auto const files = *store->files();
  REQUIRE(files.size() == 6);
  CHECK(files[3].tier == "manifest");
  CHECK(files[4].tier == "key");
  CHECK(files[5].tier == "log");
  CHECK(files[0].tier == "base");
  CHECK(files[0].indicators == 20'000);
  CHECK(files[0].filter_bytes > 20'000 * 3);
  CHECK(files[1].tier == "young");
  CHECK(files[2].tier == "memory");
  for (auto const &file : files) CHECK(store->check(file.name));
  for (auto const &name : {std::string{"key"}, files[5].name}) {
    auto changed = std::fstream{path + "/" + name, std::ios::in | std::ios::out | std::ios::binary};
    changed.seekg(40);
    auto const before = static_cast<char>(changed.get());
    changed.seekp(40).put(static_cast<char>(before ^ 0x10)).flush();
    CHECK(store->check(name).error().code == ErrorCode::malformed);
    changed.seekp(40).put(before).flush();
    CHECK(store->check(name));
  }
  CHECK(store->check("run-none").error().code == ErrorCode::not_found);
  // What is gone, or from earlier, is not sound; and compacting puts both there again, as the sentence says.
  auto const old_manifest = *read_file(path + "/manifest", 1 << 20);
  load(*store, "later.example", 100, 3);
  std::ofstream{path + "/manifest", std::ios::binary} << old_manifest;
  CHECK(store->check("manifest").error().sentence.contains("not the one that was written last"));
  std::filesystem::remove(path + "/manifest");
  CHECK(store->check("manifest").error().sentence.contains("compact the store"));
  std::ofstream{path + "/key", std::ios::binary} << "nothing";
  CHECK_FALSE(store->check("key"));

  auto const damaged = path + "/" + files[0].name;
  auto random = std::mt19937_64{11};
  auto found = 0;
  for (auto i = 0; i < 20; ++i) {
    // Anywhere behind the header, in the middle of one of its parts: the gaps between them mean nothing.
    auto const size = std::filesystem::file_size(damaged);
    auto file = std::fstream{damaged, std::ios::in | std::ios::out | std::ios::binary};
    auto const at = static_cast<std::streamoff>(4'096 + random() % (size - 4'096));
    file.seekg(at);
    auto const before = static_cast<char>(file.get());
    file.seekp(at).put(static_cast<char>(before ^ 0x10)).flush();
    auto const checked = store->check(files[0].name);
    if (!checked) {
      ++found;
      CHECK(checked.error().code == ErrorCode::malformed);
      CHECK(checked.error().sentence.contains(files[0].name));
    }
    file.seekp(at).put(before).flush();
  }
  CHECK(found > 10);
  CHECK(store->check(files[0].name));
  REQUIRE(store->compact({}));
  CHECK(store->check("manifest"));
  CHECK(store->check("key"));
}

TEST_CASE("compacting makes one file of all, tells how far it is, and can be stopped without harm") {
  auto const folder = TemporaryFolder{};
  auto const store = open_small(folder / "store");
  load(*store, "base.example", 40'000, 1);
  load(*store, "gone.example", 1'000, 2);
  load(*store, "new.example", 1'000, 2, true);
  auto const before = store->stats()->indicators;
  CHECK_FALSE(store->compact([](std::uint64_t, std::uint64_t) { return false; }));
  CHECK(store->stats()->indicators == before);
  auto told = std::vector<std::uint64_t>{};
  REQUIRE(store->compact([&](std::uint64_t done, std::uint64_t of) {
    CHECK(of == before);
    told.push_back(done);
    return true;
  }));
  CHECK(told.size() >= 3);
  CHECK(std::ranges::is_sorted(told));
  auto const files = *store->files();
  REQUIRE(files.size() == 4);
  CHECK(files[0].tier == "base");
  CHECK(files[0].indicators == 41'000);
  CHECK(look_up(*store, "h0.gone.example").empty());
  CHECK(look_up(*store, "h0.new.example").size() == 1);
}

TEST_CASE("readers see each load whole or not at all, while others load, commit, flush and merge") {
  auto const folder = TemporaryFolder{};
  auto const store = open_small(folder / "store", true);
  auto done = std::atomic{false};
  auto torn = std::atomic{0};
  auto const ask = [&] {
    auto const asked =
        std::array{value("h0.list.example"), value("h49.list.example"), value("a.example"), value("b.example")};
    while (!done) {
      auto const found = store->look_up(asked, reader(), kNow);
      auto const count = [&](std::size_t i) { return found->at(i).empty() ? 0 : found->at(i)[0].context.count; };
      if (!found || count(0) != count(1) || count(2) != count(3)) ++torn;
    }
  };
  auto readers = std::vector<std::jthread>{};
  for (auto i = 0; i < 2; ++i) readers.emplace_back(ask);
  auto loader = std::jthread{[&] {
    for (auto i = 0; i < 30; ++i) load(*store, "list.example", 50, 3, i % 3 == 0);
  }};
  for (auto position = std::uint64_t{1}; position <= 300; ++position) {
    auto commit = model::IndicatorCommit{.stream = "intake", .position = position};
    for (auto i = 0U; i < 50; ++i) commit.writes.push_back(write(fmt::format("n{}.example", position * 50 + i)));
    commit.writes.push_back(write("a.example"));
    commit.writes.push_back(write("b.example"));
    CHECK(store->apply(commit));
  }
  loader.join();
  CHECK(store->compact({}));
  done = true;
  readers.clear();
  CHECK(torn == 0);
  CHECK(look_up(*store, "a.example")[0].context.count == 300);
  CHECK(look_up(*store, "h0.list.example")[0].context.count == 3);
  CHECK(look_up(*store, "n15000.example").size() == 1);
}

}  // namespace
}  // namespace noroshi
