#include "understand/intake_log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "base/bytes.hpp"
#include "tests/support/observations.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi::understand {
namespace {

using test::batch_of;
using test::TemporaryFolder;

auto const kReceived = Time{std::chrono::seconds{1'790'000'001}};

auto open_log(std::string const &folder, std::uint64_t segment_bytes = 1 << 20) {
  auto log = IntakeLog::open({.folder = folder, .segment_bytes = segment_bytes}, {});
  REQUIRE_MESSAGE(log, log.error().sentence);
  return *std::move(log);
}

auto batches_in(IntakeLog const &log, std::uint64_t from = 1) {
  auto batches = std::vector<LogRecord>{};
  REQUIRE(log.read(from, [&](LogRecord &&record) {
    if (record.type == RecordType::batch) batches.push_back(std::move(record));
    return true;
  }));
  return batches;
}

auto only_file(std::string const &folder) -> std::string {
  for (auto const &entry : std::filesystem::directory_iterator{folder}) return entry.path();
  return {};
}

TEST_CASE("what was appended is read back in order, also after reopening") {
  auto const folder = TemporaryFolder{};
  auto const first = batch_of(1, 7, 1, 3);
  auto const second = batch_of(2, 9, 4, 5);
  {
    auto const log = open_log(folder.path());
    CHECK(*log->append(first, kReceived));
    CHECK(*log->append(second, kReceived));
    REQUIRE(log->append_derived(2, "conclusion"));
  }
  auto const log = open_log(folder.path());
  auto const batches = batches_in(*log);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].position == 1);
  CHECK(batches[0].batch.frames == first.frames);
  CHECK(batches[0].rows == 3);
  CHECK(batches[0].received == kReceived);
  CHECK(batches[1].batch.sensor.number == 2);
  CHECK(batches[1].batch.epoch == 9);
  CHECK(batches[1].batch.sequence == 4);
  CHECK(log->concluded_through() == 2);
  CHECK(log->end() == 4);
}

TEST_CASE("a batch that was acknowledged before is not taken again, after reopening either") {
  auto const folder = TemporaryFolder{};
  {
    auto const log = open_log(folder.path());
    CHECK(*log->append(batch_of(1, 7, 1, 1), kReceived));
    CHECK(*log->append(batch_of(1, 7, 2, 1), kReceived));
    CHECK_FALSE(*log->append(batch_of(1, 7, 2, 1), kReceived));
    CHECK_FALSE(*log->append(batch_of(1, 7, 1, 1), kReceived));
    CHECK(*log->append(batch_of(2, 7, 2, 1), kReceived));  // another sensor's
    CHECK(*log->append(batch_of(1, 8, 1, 1), kReceived));  // a newer epoch starts at one
  }
  auto const log = open_log(folder.path());
  CHECK_FALSE(*log->append(batch_of(1, 8, 1, 1), kReceived));
  CHECK_FALSE(*log->append(batch_of(1, 7, 3, 1), kReceived));
  CHECK(batches_in(*log).size() == 4);
}

TEST_CASE("what the catalogue knows of a sensor counts when its batches have left the log") {
  auto const folder = TemporaryFolder{};
  auto const known = model::SensorProgress{{1}, 7, 5, 0, {}};
  auto log = IntakeLog::open({.folder = folder.path(), .after_position = 40}, {&known, 1});
  REQUIRE(log);
  CHECK_FALSE(*(*log)->append(batch_of(1, 7, 5, 1), kReceived));
  CHECK(*(*log)->append(batch_of(1, 7, 6, 1), kReceived));
  CHECK(batches_in(**log).front().position == 41);  // never a position that a store believes to have
}

TEST_CASE("a torn end is cut off and the next record takes its position") {
  auto const folder = TemporaryFolder{};
  {
    auto const log = open_log(folder.path());
    CHECK(*log->append(batch_of(1, 7, 1, 2), kReceived));
    CHECK(*log->append(batch_of(1, 7, 2, 2), kReceived));
  }
  auto const file = only_file(folder.path());
  auto const whole = std::filesystem::file_size(file);
  for (auto cut = std::uint64_t{1}; cut < 60; cut += 7) {
    std::filesystem::resize_file(file, whole - cut);
    auto const log = open_log(folder.path());
    CHECK(log->damage().empty());
    CHECK(batches_in(*log).size() == 1);
    CHECK(log->end() == 2);
    CHECK(*log->append(batch_of(1, 7, 2, 2), kReceived));
    CHECK(batches_in(*log).size() == 2);
    CHECK(std::filesystem::file_size(file) == whole);
  }
}

TEST_CASE("damage in the middle is reported and costs only the record it hit") {
  auto const folder = TemporaryFolder{};
  {
    auto const log = open_log(folder.path());
    for (auto sequence = std::uint64_t{1}; sequence <= 3; ++sequence)
      CHECK(*log->append(batch_of(1, 7, sequence, 4), kReceived));
  }
  auto const file = only_file(folder.path());
  auto const third = std::filesystem::file_size(file) / 3;
  {
    auto stream = std::fstream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekp(static_cast<std::streamoff>(third + third / 2));
    stream.put('!');
  }
  auto const log = open_log(folder.path());
  REQUIRE(log->damage().size() == 1);
  CHECK(log->damage()[0].offset == third);
  CHECK(log->damage()[0].bytes == third);
  auto const batches = batches_in(*log);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].batch.sequence == 1);
  CHECK(batches[1].batch.sequence == 3);
  CHECK(batches[1].position == 3);
}

TEST_CASE("segments whose records every store has are deleted, the last one stays") {
  auto const folder = TemporaryFolder{};
  auto const log = open_log(folder.path(), 1000);
  for (auto sequence = std::uint64_t{1}; sequence <= 20; ++sequence)
    CHECK(*log->append(batch_of(1, 7, sequence, 5), kReceived));
  auto const before = log->bytes();
  CHECK(*log->trim(10) > 0);
  CHECK(log->bytes() < before);
  CHECK(batches_in(*log, 11).size() == 10);
  REQUIRE(log->trim(20));
  CHECK(log->end() == 21);
  CHECK(*log->append(batch_of(1, 7, 21, 5), kReceived));
  CHECK(batches_in(*log, 21).size() == 1);
}

TEST_CASE("many threads append and each acknowledged batch is there once") {
  auto const folder = TemporaryFolder{};
  constexpr auto kThreads = 8;
  constexpr auto kEach = 50;
  {
    auto const log = open_log(folder.path(), 20'000);
    auto threads = std::vector<std::thread>{};
    for (auto sensor = 1; sensor <= kThreads; ++sensor)
      threads.emplace_back([&, sensor] {
        for (auto sequence = 1; sequence <= kEach; ++sequence)
          if (auto const taken = log->append(batch_of(sensor, 1, static_cast<std::uint64_t>(sequence), 2), kReceived);
              !taken || !*taken)
            std::abort();
      });
    for (auto &thread : threads) thread.join();
  }
  auto const log = open_log(folder.path(), 20'000);
  auto const batches = batches_in(*log);
  REQUIRE(batches.size() == kThreads * kEach);
  for (auto i = std::size_t{0}; i < batches.size(); ++i) CHECK(batches[i].position == i + 1);
}

TEST_CASE("batches appended for later are acknowledged once each, when they are on disk, and repeated ones as such") {
  auto const folder = TemporaryFolder{};
  constexpr auto kSensors = 200;
  auto taken = std::atomic<int>{0};
  auto repeated = std::atomic<int>{0};
  auto early = std::atomic<int>{0};
  {
    auto const log = open_log(folder.path(), 20'000);
    auto const append = [&](int sensor) {
      log->append_later(batch_of(sensor, 1, 1, 2), kReceived, [&, sensor](Result<bool> const &is_new) {
        auto const held = batches_in(*log);
        auto const of_it = [&](auto const &record) { return record.batch.sensor.number == sensor; };
        if (std::ranges::none_of(held, of_it)) ++early;
        ++(is_new && *is_new ? taken : repeated);
      });
    };
    for (auto sensor = 1; sensor <= kSensors; ++sensor) append(sensor), append(sensor);
  }  // closing answers whoever still waits
  CHECK(taken == kSensors);
  CHECK(repeated == kSensors);
  CHECK(early == 0);
  CHECK(batches_in(*open_log(folder.path(), 20'000)).size() == kSensors);
}

TEST_CASE("a full disk refuses batches with a clear sentence, loses nothing acknowledged, and recovers") {
  auto const folder = TemporaryFolder{};
  auto const child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto log = IntakeLog::open({.folder = folder.path()}, {});
    auto taken = 0;
    auto limit = rlimit{20'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);  // writes beyond this fail as on a full disk, in part first
    auto refusal = std::string{};
    auto sequence = std::uint64_t{1};
    for (; sequence < 100; ++sequence) {
      auto const answer = (*log)->append(batch_of(1, 7, sequence, 10), kReceived);
      if (!answer) {
        refusal = answer.error().sentence;
        break;
      }
      ++taken;
    }
    limit.rlim_cur = RLIM_INFINITY;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto const again = (*log)->append(batch_of(1, 7, sequence, 10), kReceived);
    auto const fine = taken > 5 && refusal.contains("cannot write the intake log") && again && *again &&
                      batches_in(**log).size() == static_cast<std::size_t>(taken) + 1;
    ::_exit(fine ? 0 : 1);
  }
  auto status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  auto const log = open_log(folder.path());
  CHECK(log->damage().empty());
}

TEST_CASE("on a full disk who waits for later is refused, and exactly what was acknowledged is there") {
  auto const folder = TemporaryFolder{};
  auto const child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto log = IntakeLog::open({.folder = folder.path()}, {});
    auto limit = rlimit{20'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto taken = std::atomic<std::size_t>{0};
    auto refused = std::atomic<std::size_t>{0};
    for (auto sensor = 1; sensor <= 100; ++sensor)
      (*log)->append_later(batch_of(sensor, 7, 1, 10), kReceived,
                           [&](Result<bool> const &is_new) { ++(is_new && *is_new ? taken : refused); });
    while (taken + refused < 100) std::this_thread::yield();
    limit.rlim_cur = RLIM_INFINITY;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto const again = (*log)->append(batch_of(101, 7, 1, 10), kReceived);
    auto const fine = refused > 0 && again && *again && batches_in(**log).size() == taken + 1;
    ::_exit(fine ? 0 : 1);
  }
  auto status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("a batch numbered beyond any clock is refused and does not shut out the sensor's next ones") {
  auto const folder = TemporaryFolder{};
  auto const log = open_log(folder.path());
  auto const future = log->append(batch_of(1, std::uint64_t{1} << 62, 1, 1), kReceived);
  REQUIRE_FALSE(future);
  CHECK(future.error().code == ErrorCode::malformed);
  CHECK_FALSE(log->append(batch_of(1, 7, std::uint64_t{1} << 60, 1), kReceived));
  CHECK(*log->append(batch_of(1, 7, 1, 1), kReceived));
}

TEST_CASE("when everything is applied the last segment can be emptied too, and positions go on") {
  auto const folder = TemporaryFolder{};
  {
    auto const log = open_log(folder.path());
    CHECK(*log->append(batch_of(1, 7, 1, 5), kReceived));
    REQUIRE(log->empty_last(0));  // not applied yet: nothing happens
    CHECK(log->bytes() > 0);
    REQUIRE(log->empty_last(1));
    REQUIRE(log->trim(1));
    CHECK(log->bytes() == 0);
    // What has left is not waited for as if it were there: whoever would would never stop reading.
    CHECK_FALSE(log->wait_for(1, std::chrono::steady_clock::now()));
  }
  auto const log = open_log(folder.path());
  CHECK(log->end() == 2);
  CHECK_FALSE(log->wait_for(1, std::chrono::steady_clock::now()));
  CHECK(*log->append(batch_of(1, 7, 2, 5), kReceived));
  CHECK(batches_in(*log).front().position == 2);
}

TEST_CASE("more than the cap unapplied is refused until the log is trimmed") {
  auto const folder = TemporaryFolder{};
  auto log = IntakeLog::open({.folder = folder.path(), .segment_bytes = 500, .cap_bytes = 2000}, {});
  REQUIRE(log);
  auto refused = Result<bool>{true};
  auto sequence = std::uint64_t{1};
  for (; sequence < 100 && refused; ++sequence) refused = (*log)->append(batch_of(1, 7, sequence, 4), kReceived);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  REQUIRE((*log)->trim(sequence));
  CHECK(*(*log)->append(batch_of(1, 7, sequence, 4), kReceived));
}

TEST_CASE("every batch acknowledged before kill -9 is there afterwards") {
  auto random = std::mt19937_64{20261121};
  for (auto round = 0; round < 10; ++round) {
    auto const folder = TemporaryFolder{};
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    auto const child = ::fork();
    if (child == 0) {
      auto log = IntakeLog::open({.folder = folder.path(), .segment_bytes = 30'000}, {});
      for (auto sequence = std::uint64_t{1};; ++sequence) {
        if (auto const taken = (*log)->append(batch_of(1, 7, sequence, 20), kReceived); !taken) ::_exit(2);
        if (::write(pipe_ends[1], &sequence, sizeof sequence) < 0) ::_exit(3);
      }
    }
    ::close(pipe_ends[1]);
    auto acknowledged = std::uint64_t{0};
    auto const stop_at = 1 + random() % 60;
    while (acknowledged < stop_at && ::read(pipe_ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe_ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    ::close(pipe_ends[0]);
    auto const log = open_log(folder.path());
    CHECK(log->damage().empty());
    auto const batches = batches_in(*log);
    CHECK(batches.size() >= acknowledged);
    CHECK(batches.size() <= acknowledged + 1);
  }
}

}  // namespace
}  // namespace noroshi::understand
