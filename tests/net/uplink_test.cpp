#include "net/uplink.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/support/observations.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi::net {
namespace {

using test::batch_of;
using test::TemporaryFolder;

auto put_segment(TemporaryFolder const &folder, std::uint64_t epoch, std::uint64_t sequence, std::uint32_t rows,
                 std::string const &tail = {}) -> std::string {
  auto const name = model::SegmentName{epoch, sequence, rows}.to_string();
  auto file = std::ofstream{folder / "new", std::ios::binary};
  file << model::segment_header(epoch) << batch_of(1, epoch, sequence, rows).frames << tail;
  file.close();
  std::filesystem::rename(folder / "new", folder / name);
  return name;
}

auto names_in(TemporaryFolder const &folder) {
  auto names = std::vector<std::string>{};
  for (auto const &entry : std::filesystem::directory_iterator{folder.path()}) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

struct Received {
  std::vector<model::Batch> batches;
  Result<bool> answer = true;
};

auto uplink_to(Received &received, TemporaryFolder const &folder) {
  auto uplink = Uplink::create({.folder = folder.path(), .sensor = {1}, .send = [&](model::Batch const &batch) {
                                  received.batches.push_back(batch);
                                  return received.answer;
                                }});
  REQUIRE(uplink);
  return *std::move(uplink);
}

TEST_CASE("sealed segments are handed over oldest first and deleted when acknowledged") {
  auto const folder = TemporaryFolder{};
  auto received = Received{};
  put_segment(folder, 8, 1, 2);
  put_segment(folder, 7, 2, 2);
  put_segment(folder, 7, 1, 3);
  std::ofstream{folder / "lane0.open"} << "not sealed yet";
  auto const uplink = uplink_to(received, folder);
  CHECK(*uplink->drain() == 3);
  REQUIRE(received.batches.size() == 3);
  CHECK(received.batches[0].epoch == 7);
  CHECK(received.batches[0].sequence == 1);
  CHECK(received.batches[0].frames == batch_of(1, 7, 1, 3).frames);
  CHECK(received.batches[2].epoch == 8);
  CHECK(names_in(folder) == std::vector<std::string>{"lane0.open"});
}

TEST_CASE("a repeated batch counts as acknowledged, and a node that does not answer keeps the segment in the spool") {
  auto const folder = TemporaryFolder{};
  auto received = Received{};
  auto const name = put_segment(folder, 7, 1, 2);
  auto const uplink = uplink_to(received, folder);
  received.answer = fail(ErrorCode::unavailable, "the node is away");
  CHECK_FALSE(uplink->drain());
  CHECK(names_in(folder) == std::vector<std::string>{name});
  received.answer = false;
  CHECK(*uplink->drain() == 1);
  CHECK(names_in(folder).empty());
}

TEST_CASE("of a damaged segment the sound part is handed over and the file is kept for inspection") {
  auto const folder = TemporaryFolder{};
  auto received = Received{};
  auto const name = put_segment(folder, 7, 1, 3, "garbage behind the frames");
  auto const uplink = uplink_to(received, folder);
  REQUIRE(uplink->drain());
  REQUIRE(received.batches.size() == 1);
  CHECK(received.batches[0].frames == batch_of(1, 7, 1, 3).frames);
  CHECK(names_in(folder) == std::vector<std::string>{name + ".damaged"});
}

TEST_CASE("a link, a FIFO, a folder or a huge file in place of a segment is set aside without being read") {
  auto const folder = TemporaryFolder{};
  auto const secret = TemporaryFolder{};
  std::ofstream{secret / "key"} << model::segment_header(7) << batch_of(1, 7, 9, 1).frames;
  auto received = Received{};
  auto const name_of = [](std::uint64_t sequence) { return model::SegmentName{7, sequence, 1}.to_string(); };
  std::filesystem::create_symlink(secret / "key", folder / name_of(1));
  REQUIRE(::mkfifo((folder / name_of(2)).c_str(), 0600) == 0);
  std::ofstream{folder / name_of(3)} << "x";
  std::filesystem::resize_file(folder / name_of(3), std::uint64_t{1} << 30);
  std::ofstream{folder / name_of(4)} << "NRSPOOL";
  put_segment(folder, 7, 5, 1);
  auto const uplink = uplink_to(received, folder);
  CHECK(*uplink->drain() == 5);
  REQUIRE(received.batches.size() == 1);
  CHECK(received.batches[0].sequence == 5);
}

TEST_CASE("a batch that the node calls malformed is set aside, so that it cannot block those behind it") {
  auto const folder = TemporaryFolder{};
  auto received = Received{};
  received.answer = fail(ErrorCode::malformed, "no");
  put_segment(folder, 7, 1, 1);
  put_segment(folder, 7, 2, 1);
  auto const uplink = uplink_to(received, folder);
  CHECK(*uplink->drain() == 2);
  CHECK(received.batches.size() == 2);
}

TEST_CASE("damaged segments are kept up to a limit, so that a sick writer cannot fill the disk") {
  auto const folder = TemporaryFolder{};
  auto received = Received{};
  for (auto sequence = std::uint64_t{1}; sequence <= 40; ++sequence) put_segment(folder, 7, sequence, 1, "x");
  auto const uplink = uplink_to(received, folder);
  REQUIRE(uplink->drain());
  CHECK(received.batches.size() == 40);
  CHECK(names_in(folder).size() == 16);
}

TEST_CASE("folders named like segments do not hold up what stands behind them, however many there are") {
  auto const folder = TemporaryFolder{};
  auto received = Received{};
  for (auto sequence = std::uint64_t{1}; sequence <= 20; ++sequence)
    std::filesystem::create_directories(folder / model::SegmentName{7, sequence, 1}.to_string() + "/inside");
  put_segment(folder, 7, 99, 1);
  auto const uplink = uplink_to(received, folder);
  REQUIRE(uplink->drain());
  REQUIRE(received.batches.size() == 1);
  CHECK(*uplink->drain() == 0);
}

TEST_CASE("the running uplink notices new segments by itself and stops at once") {
  auto const folder = TemporaryFolder{};
  auto mutex = std::mutex{};
  auto changed = std::condition_variable{};
  auto count = 0;
  auto uplink =
      Uplink::create({.folder = folder.path(), .sensor = {1}, .send = [&](model::Batch const &) -> Result<bool> {
                        auto const lock = std::lock_guard{mutex};
                        ++count;
                        changed.notify_all();
                        return true;
                      }});
  REQUIRE(uplink);
  (*uplink)->start();
  for (auto sequence = std::uint64_t{1}; sequence <= 5; ++sequence) {
    put_segment(folder, 7, sequence, 1);
    auto lock = std::unique_lock{mutex};
    CHECK(changed.wait_for(lock, std::chrono::seconds{5}, [&] { return count == static_cast<int>(sequence); }));
  }
  (*uplink)->stop();
}

}  // namespace
}  // namespace noroshi::net
