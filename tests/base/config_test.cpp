#include "base/config.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

ConfigKey<std::string> const host{"test.host", "127.0.0.1", "", "where to listen"};
ConfigKey<std::int64_t> const sessions{"test.max_sessions", "100", "sessions", "how many visitors at once"};
ConfigKey<bool> const loud{"test.loud", "false", "", "says more"};
ConfigKey<Duration> const patience{"test.patience", "90s", "", "how long to wait"};
ConfigKey<ByteSize> const room{"test.room", "64MiB", "", "how much to keep"};
ConfigKey<std::vector<std::string>> const friends{"test.friends", "a,b", "", "who may ask"};
ConfigKey<std::int64_t> const deep{"test.very.deep.key", "1", "", "nested tables"};
ConfigKey<std::int64_t> const deeper{"test.very.a", "1", "", "a table beside its own sub-table"};

/// Loads the text as a file "noroshi.toml" with the overrides.
auto load(std::string_view toml, std::vector<std::string> const &overrides = {}) -> Result<Config> {
  auto const folder = test::TemporaryFolder{};
  auto const path = folder / "noroshi.toml";
  REQUIRE(write_file_durably(path, toml).has_value());
  auto config = Config::load(path, true, overrides);
  if (config) return config;
  auto error = config.error();
  // The folder's name is another one in every run.
  if (auto const at = error.sentence.find(folder.path()); at != std::string::npos)
    error.sentence.erase(at, folder.path().size() + 1);
  return error;
}

auto error_of(std::string_view toml, std::vector<std::string> const &overrides = {}) -> std::string {
  auto const config = load(toml, overrides);
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().code == ErrorCode::malformed);
  return config.error().sentence;
}

}  // namespace

TEST_CASE("without a file every key has its default") {
  auto const config = Config::load("/nonexistent/noroshi.toml", false, {});
  REQUIRE(config.has_value());
  CHECK(config->get(host) == "127.0.0.1");
  CHECK(config->get(sessions) == 100);
  CHECK_FALSE(config->get(loud));
  CHECK(config->get(patience) == std::chrono::seconds{90});
  CHECK(config->get(room).bytes == 64U << 20);
  CHECK(config->get(friends) == std::vector<std::string>{"a", "b"});
  CHECK(config->origin(host) == "default");
  CHECK(Config{}.get(host) == "127.0.0.1");
}

TEST_CASE("a file that was asked for must be there") {
  auto const config = Config::load("/nonexistent/noroshi.toml", true, {});
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().code == ErrorCode::not_found);
  CHECK(config.error().sentence.contains("/nonexistent/noroshi.toml"));
}

TEST_CASE("the file overrides defaults, and --set overrides the file") {
  auto const config = load("[test]\nhost = \"::1\"\nmax_sessions = 7\nfriends = [\"x\", \"y,z\"]\nloud = true\n",
                           {"test.max_sessions=8", "test.max_sessions=9"});
  REQUIRE(config.has_value());
  CHECK(config->get(host) == "::1");
  CHECK(config->get(sessions) == 9);
  CHECK(config->get(loud));
  CHECK(config->get(friends) == std::vector<std::string>{"x", "y,z"});
  CHECK(config->origin(host) == "file");
  CHECK(config->origin(sessions) == "--set");
  CHECK(config->text(friends) == "x,y\\,z");
}

TEST_CASE("--set takes a list as texts between commas, and nothing as the empty list") {
  CHECK(load("", {"test.friends=p,q,r"})->get(friends) == std::vector<std::string>{"p", "q", "r"});
  CHECK(load("", {"test.friends="})->get(friends).empty());
  CHECK(load("", {"test.friends=a\\,b"})->get(friends) == std::vector<std::string>{"a,b"});
  CHECK(load("", {"test.host=a=b"})->get(host) == "a=b");
}

TEST_CASE("tables of any depth are dotted names") {
  CHECK(load("[test.very.deep]\nkey = 5\n")->get(deep) == 5);
  CHECK(load("test.very.deep.key = 6\n")->get(deep) == 6);
  CHECK(load("[test]\nvery = { deep = { key = 7 } }\n")->get(deep) == 7);
}

TEST_CASE("durations and sizes have units") {
  auto const duration = [](std::string const &text) { return load("", {"test.patience=" + text})->get(patience); };
  CHECK(duration("5us") == std::chrono::microseconds{5});
  CHECK(duration("200ms") == std::chrono::milliseconds{200});
  CHECK(duration("0s") == Duration{0});
  CHECK(duration("10min") == std::chrono::minutes{10});
  CHECK(duration("36h") == std::chrono::hours{36});
  CHECK(duration("30d") == std::chrono::days{30});
  auto const size = [](std::string const &text) { return load("", {"test.room=" + text})->get(room).bytes; };
  CHECK(size("12B") == 12);
  CHECK(size("3KiB") == 3072);
  CHECK(size("2GiB") == std::uint64_t{2} << 30);
}

TEST_CASE("values that mean nothing are refused") {
  for (auto const *const bad :
       {"test.patience=90", "test.patience=-1s", "test.patience=1.5s", "test.patience=", "test.patience=1S",
        "test.patience=99999999999999d", "test.room=64MB", "test.room=1", "test.room=99999999999GiB",
        "test.max_sessions=12x", "test.max_sessions=", "test.max_sessions=99999999999999999999", "test.loud=yes",
        "test.friends=a,,b", "test.host=\xff"}) {
    CAPTURE(bad);
    CHECK_FALSE(load("", {bad}).has_value());
  }
}

TEST_CASE("an unknown key is named with file, line and the nearest known key") {
  CHECK(error_of("\n[test]\nmax_sesions = 7\n") ==
        "noroshi.toml:3: unknown key test.max_sesions; did you mean test.max_sessions?");
  CHECK(error_of("tset.host = \"x\"\n") == "noroshi.toml:1: unknown key tset.host; did you mean test.host?");
  CHECK(error_of("", {"test.lout=true"}) == "--set: unknown key test.lout; did you mean test.loud?");
  CHECK(error_of("[tests]\n").starts_with("noroshi.toml:1: unknown key tests"));
  CHECK(error_of("[[test.hosts]]\nname = 1\n")
            .starts_with("noroshi.toml:1: unknown key test.hosts; did you mean test.host?"));
  CHECK(error_of("\"a\\u001b[2J\" = 1\n").contains("unknown key a\\x1b[2J"));
}

TEST_CASE("a value of the wrong type says which key, where, and what is expected") {
  CHECK(error_of("[test]\n\npatience = 90\n") ==
        "noroshi.toml:3: test.patience must be a duration with unit, such as \"90s\" (us, ms, s, min, h, d), not the "
        "number 90");
  CHECK(error_of("[test]\nroom = \"64MB\"\n") ==
        "noroshi.toml:2: test.room must be a size with unit, such as \"64MiB\" (B, KiB, MiB, GiB), not \"64MB\"");
  CHECK(error_of("[test]\nmax_sessions = \"7\"\n") ==
        "noroshi.toml:2: test.max_sessions must be a whole number, not \"7\"");
  CHECK(error_of("test.loud = 1\n").contains("must be true or false, not the number 1"));
  CHECK(error_of("test.friends = \"a\"\n").contains("must be a list of texts"));
  CHECK(error_of("test.friends = [\"a\", \"\"]\n").contains("must be a list of texts"));
  CHECK(error_of("test.friends = [1]\n").contains("not this array"));
  CHECK(error_of("[test.host]\nname = 1\n").contains("test.host must be text in UTF-8, not a table"));
  CHECK(error_of("", {"test.loud=maybe"}) == "--set: test.loud must be true or false, not \"maybe\"");
  CHECK(error_of("", {"test.loud"}) == "--set test.loud: write --set KEY=VALUE");
}

TEST_CASE("broken TOML is an error with file, line and column") {
  auto const sentence = error_of("[test]\nhost = \"open\nloud = true\n");
  CHECK(sentence.starts_with("noroshi.toml:2:"));
  CHECK(sentence.contains("not valid TOML"));
  CHECK(load(std::string((1U << 20) + 1, '\n')).error().code == ErrorCode::too_large);
}

TEST_CASE("the effective configuration as TOML reads back as the same configuration") {
  auto const config = load("[test]\nhost = \"a\\\"b\\\\c\\n\\u0001狼\"\nfriends = [\"x,y\", \"\\\\\", \"z\"]\n",
                           {"test.patience=5min", "test.very.deep.key=-3", "test.very.a=4"});
  REQUIRE(config.has_value());
  auto const toml = config->to_toml();
  CAPTURE(toml);
  auto const again = load(toml);
  REQUIRE(again.has_value());
  for (auto const &[name, key] : ConfigKeyBase::all()) CHECK(again->text(*key) == config->text(*key));
  CHECK(again->get(friends) == std::vector<std::string>{"x,y", "\\", "z"});
  CHECK(toml.contains("# how many visitors at once [sessions] (default: 100)\nmax_sessions = 100\n"));
}
