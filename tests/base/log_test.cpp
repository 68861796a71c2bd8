#include "base/log.hpp"

#include <cstdio>
#include <regex>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

/// What `act` writes to stderr.
template <class Act>
auto stderr_of(Act act) -> std::string {
  auto const folder = test::TemporaryFolder{};
  auto const file = *open_file(folder / "stderr", O_WRONLY | O_CREAT);
  auto const before = FileDescriptor{::dup(STDERR_FILENO)};
  ::dup2(file.get(), STDERR_FILENO);
  act();
  std::fflush(stderr);
  ::dup2(before.get(), STDERR_FILENO);
  return *read_file(folder / "stderr", 1 << 20);
}

auto with_level(std::string const &level) -> Config { return *Config::load("", false, {"log.level=" + level}); }

}  // namespace

TEST_CASE("a log line is RFC 3339 UTC, level, role and sentence") {
  REQUIRE(start_log(Config{}, "decoys").has_value());
  auto const line = stderr_of([] { log_info("{} listeners", 3); });
  CAPTURE(line);
  CHECK(std::regex_match(line, std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z info decoys: 3 listeners\n)"}));
}

TEST_CASE("the level decides which lines are written") {
  REQUIRE(start_log(with_level("warning"), "test").has_value());
  auto const lines = stderr_of([] {
    log_debug("one");
    log_info("two");
    log_warning("three");
    log_error("four");
  });
  CHECK_FALSE(lines.contains("two"));
  CHECK(lines.contains("warning test: three\n"));
  CHECK(lines.contains("error test: four\n"));
  REQUIRE(start_log(with_level("debug"), "test").has_value());
  CHECK(stderr_of([] { log_debug("five"); }).contains("debug test: five"));
}

TEST_CASE("attacker text cannot break out of its line") {
  REQUIRE(start_log(Config{}, "").has_value());
  auto const line = stderr_of([] { log_info("user {} logged in", "root\n2026 info: fake\x1b[2J%v"); });
  CHECK(line.ends_with("Z info user root\\x0a2026 info: fake\\x1b[2J%v logged in\n"));
}

TEST_CASE("a long line is cut and says how much is missing") {
  auto const line = stderr_of([] { log_line(LogLevel::error, std::string(10'000, 'a')); });
  CHECK(line.size() < 9'000);
  CHECK(line.ends_with("… (1808 bytes more)\n"));
}

TEST_CASE("an unknown level is refused with the words that would do") {
  auto const refused = start_log(with_level("loud"), "test");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().sentence == "log.level must be debug, info, warning or error, not \"loud\" (from --set)");
}
