#include "sense/spool.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <fstream>

#include "running_server.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

auto frame(std::uint32_t sequence, std::size_t padding = 0) -> std::string {
  auto const text = std::string(padding, 'x');
  auto seen = model::Observation{};
  seen.kind = model::Kind::command;
  seen.time = *parse_rfc3339("2026-11-21T09:30:00Z");
  seen.visit = model::Uuid{1, 2};
  seen.sequence = sequence;
  seen.service = "telnet";
  seen.set(model::Field::command, std::string_view{text});
  auto bytes = std::string{};
  model::append_frame(bytes, seen);
  return bytes;
}

auto open_spool(std::string const &folder, SpoolOptions options = {}) -> Result<std::unique_ptr<Spool>> {
  TRY(auto descriptor, open_file(folder, O_RDONLY | O_DIRECTORY));
  return Spool::create(std::move(descriptor), options);
}

auto status_text() -> std::string { return "{}\n"; }

auto files_ending(std::string const &folder, std::string_view ending) -> std::vector<std::string> {
  auto names = std::vector<std::string>{};
  for (auto const &entry : std::filesystem::directory_iterator{folder})
    if (entry.path().string().ends_with(ending)) names.push_back(entry.path().string());
  std::sort(names.begin(), names.end());
  return names;
}

auto sequences(std::vector<Seen> const &all) -> std::vector<std::uint32_t> {
  auto numbers = std::vector<std::uint32_t>{};
  for (auto const &seen : all) numbers.push_back(seen->sequence);
  return numbers;
}

void write_bytes(std::string const &path, std::string_view bytes) {
  auto file = std::ofstream{path, std::ios::binary};
  file << bytes;
}

}  // namespace

TEST_CASE("frames of several lanes come back from sealed segments, in growing sequence numbers") {
  auto const folder = TemporaryFolder{};
  auto spool = open_spool(folder.path(), {std::uint64_t{1} << 30, 2});
  REQUIRE(spool);
  (*spool)->start(status_text);
  for (auto i = 0U; i < 10; ++i) {
    CHECK((*spool)->lane(i % 2).append(frame(i), 1));
    (*spool)->lane(i % 2).flush();
  }
  for (auto i = 0U; i < 2; ++i) (*spool)->lane(i).close();
  auto const epoch = (*spool)->epoch();
  (*spool)->stop();
  CHECK((*spool)->counters().frames == 10);
  CHECK((*spool)->counters().lost == 0);
  auto const all = read_spool(folder.path());
  CHECK(all.size() == 10);
  auto const names = files_ending(folder.path(), ".seg");
  REQUIRE(names.size() == 2);
  for (auto i = std::size_t{0}; i < 2; ++i) {
    auto const name = model::SegmentName::parse(std::filesystem::path{names[i]}.filename().string());
    CHECK(name->epoch == epoch);
    CHECK(name->sequence == i + 1);
  }
  CHECK(files_ending(folder.path(), ".open").empty());
  CHECK(files_ending(folder.path(), "status.json").size() == 1);
}

TEST_CASE("the epoch grows with every start, also where the clock stands still or went back") {
  auto const folder = TemporaryFolder{};
  write_bytes(folder.path() + "/epoch", "99999999999\n");
  CHECK((*open_spool(folder.path()))->epoch() == 100'000'000'000);
  CHECK((*open_spool(folder.path()))->epoch() == 100'000'000'001);
}

TEST_CASE("a second writer of one folder is refused") {
  auto const folder = TemporaryFolder{};
  auto const first = open_spool(folder.path());
  REQUIRE(first);
  auto const second = open_spool(folder.path());
  REQUIRE(!second);
  CHECK(second.error().code == ErrorCode::conflict);
}

TEST_CASE("after kill -9 the next start seals every frame that was flushed, without a torn tail, under a new epoch") {
  auto const folder = TemporaryFolder{};
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto spool = open_spool(folder.path());
    if (!spool) ::_exit(1);
    auto &lane = (*spool)->lane(0);
    for (auto i = 0U; i < 100; ++i) {
      if (!lane.append(frame(i), 1)) ::_exit(1);
      lane.flush();
    }
    ::kill(::getpid(), SIGKILL);
  }
  auto status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  auto const open = files_ending(folder.path(), ".open");
  REQUIRE(open.size() == 1);
  auto const torn = frame(100).substr(0, 20);
  std::ofstream{open.front(), std::ios::binary | std::ios::app} << torn;

  auto const spool = open_spool(folder.path());
  REQUIRE(spool);
  CHECK((*spool)->counters().recovered == 100);
  auto const all = read_spool(folder.path());
  REQUIRE(all.size() == 100);
  for (auto i = 0U; i < 100; ++i) CHECK(all[i]->sequence == i);
  auto const sealed = files_ending(folder.path(), ".seg");
  REQUIRE(sealed.size() == 1);
  auto const name = model::SegmentName::parse(std::filesystem::path{sealed.front()}.filename().string());
  CHECK(name->epoch == (*spool)->epoch());
  CHECK(*model::read_segment_header(*read_file(sealed.front(), 1 << 20)) == (*spool)->epoch());
}

TEST_CASE("a left file that is no segment is kept aside, an empty one removed, and neither stops the start") {
  auto const folder = TemporaryFolder{};
  write_bytes(folder.path() + "/a.open", "this was never written by a spool");
  write_bytes(folder.path() + "/b.open", model::segment_header(7));
  write_bytes(folder.path() + "/c.open", "");
  REQUIRE(open_spool(folder.path()));
  CHECK(files_ending(folder.path(), ".damaged").size() == 1);
  CHECK(files_ending(folder.path(), ".open").empty());
  CHECK(read_spool(folder.path()).empty());
}

TEST_CASE("past its cap the spool drops the oldest segments and counts their frames") {
  auto const folder = TemporaryFolder{};
  auto spool = open_spool(folder.path(), {std::uint64_t{1} << 20, 1, std::chrono::milliseconds{0}});
  REQUIRE(spool);
  (*spool)->start(status_text);
  auto &lane = (*spool)->lane(0);
  auto written = std::uint64_t{0};
  for (auto i = 0U; i < 100; ++i) {
    CHECK(lane.append(frame(i, 30'000), 1));
    lane.seal_if_due(std::chrono::steady_clock::now());
    ++written;
  }
  lane.close();
  (*spool)->stop();
  auto const left = sequences(read_spool(folder.path()));
  auto const dropped = (*spool)->counters().dropped.load();
  CHECK(dropped > 50);
  CHECK(left.size() + dropped == written);
  CHECK(left.back() == 99);  // the youngest stay
  CHECK(left.front() == dropped);
  CHECK((*spool)->counters().bytes <= std::uint64_t{1} << 20);
}

TEST_CASE("segments that the reader took are forgotten, not counted as dropped") {
  auto const folder = TemporaryFolder{};
  auto spool = open_spool(folder.path(), {std::uint64_t{1} << 20, 1, std::chrono::milliseconds{0}});
  (*spool)->start(status_text);
  auto &lane = (*spool)->lane(0);
  for (auto i = 0U; i < 100; ++i) {
    CHECK(lane.append(frame(i, 30'000), 1));
    while ((*spool)->counters().sealed < i + 1) lane.seal_if_due(std::chrono::steady_clock::now());
    for (auto const &name : files_ending(folder.path(), ".seg")) std::filesystem::remove(name);
  }
  lane.close();
  (*spool)->stop();
  CHECK((*spool)->counters().dropped == 0);
}
