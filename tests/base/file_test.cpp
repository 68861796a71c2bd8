#include "base/file.hpp"

#include <cerrno>
#include <filesystem>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

auto is_open(int descriptor) -> bool { return ::fcntl(descriptor, F_GETFD) >= 0; }

auto mode_of(std::string const &path) -> unsigned {
  struct stat state{};
  REQUIRE(::stat(path.c_str(), &state) == 0);
  return state.st_mode & 0777;
}

}  // namespace

TEST_CASE("a descriptor closes what it owns, once") {
  auto raw = -1;
  {
    auto first = *open_file("/dev/null", O_RDONLY);
    raw = first.get();
    CHECK((::fcntl(raw, F_GETFD) & FD_CLOEXEC) != 0);
    auto second = std::move(first);
    CHECK_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): what the move leaves is the point
    CHECK(second.get() == raw);
  }
  CHECK_FALSE(is_open(raw));
  auto given_away = open_file("/dev/null", O_RDONLY)->release();
  CHECK(is_open(given_away));
  ::close(given_away);
}

TEST_CASE("a durable write replaces the whole file with the mode asked for, and leaves nothing else behind") {
  auto const folder = test::TemporaryFolder{};
  auto const path = folder / "key";
  REQUIRE(write_file_durably(path, std::string(200'000, 'a')).has_value());
  CHECK(mode_of(path) == 0600);
  REQUIRE(write_file_durably(path, "short", 0644).has_value());
  CHECK(mode_of(path) == 0644);
  CHECK(*read_file(path, 5) == "short");
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 1);
}

TEST_CASE("a durable write does not follow a link that was put in its way") {
  auto const folder = test::TemporaryFolder{};
  REQUIRE(write_file_durably(folder / "victim", "untouched").has_value());
  REQUIRE(::symlink((folder / "victim").c_str(), (folder / "file.tmp").c_str()) == 0);
  CHECK_FALSE(write_file_durably(folder / "file", "new").has_value());
  CHECK(*read_file(folder / "victim", 100) == "untouched");
}

TEST_CASE("a file past its limit is refused, one at its limit is read") {
  auto const folder = test::TemporaryFolder{};
  REQUIRE(write_file_durably(folder / "file", std::string(100'000, 'x')).has_value());
  CHECK(read_file(folder / "file", 100'000)->size() == 100'000);
  auto const refused = read_file(folder / "file", 99'999);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::too_large);
  CHECK(read_file("/proc/self/status", 1 << 20)->contains("Name:"));
}

TEST_CASE("errors name what was done, the path and what to do next") {
  auto const absent = read_file("/nonexistent/file", 10);
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == ErrorCode::not_found);
  CHECK(absent.error().sentence == "opening /nonexistent/file: No such file or directory");
  CHECK(
      file_error(ENOSPC, "writing", "/data/spool").sentence ==
      "writing /data/spool: No space left on device; free space on the disk that holds it, or move it to a larger one");
  CHECK(file_error(EROFS, "opening", "/data").sentence.contains("mount it read-write"));
  CHECK(
      file_error(EACCES, "opening", "/da\x1bta").sentence.starts_with("opening /da\\x1bta: Permission denied; check"));
  auto const full = write_all(*open_file("/dev/full", O_WRONLY), "x", "/dev/full");
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().sentence.contains("free space"));
  CHECK_FALSE(sync_folder("/nonexistent").has_value());
  CHECK_FALSE(write_file_durably("/nonexistent/a/b", "x").has_value());
}

TEST_CASE("free space is known for a folder that exists") {
  CHECK(*free_bytes("/") > 0);
  CHECK_FALSE(free_bytes("/nonexistent").has_value());
}

TEST_CASE("a lock has one holder, who is named, and goes with the holder") {
  auto const folder = test::TemporaryFolder{};
  auto const path = folder / "lock";
  {
    auto const held = LockFile::create(path);
    REQUIRE(held.has_value());
    auto const refused = LockFile::create(path);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().sentence.contains("locked by process " + std::to_string(::getpid())));
  }
  auto const child = ::fork();
  if (child == 0) ::_exit(LockFile::create(path).has_value() ? 0 : 1);
  auto status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(LockFile::create(path).has_value());
}
