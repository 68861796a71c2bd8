#include "understand/never_list.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi::understand {
namespace {

using test::TemporaryFolder;

auto open(std::vector<std::string> const &settings, std::string shipped = {}) -> std::unique_ptr<NeverList> {
  auto const config = Config::load("/nonexistent/noroshi.toml", false, settings);
  REQUIRE(config);
  auto list = NeverList::create(std::move(shipped), *config);
  INFO((list ? std::string{} : list.error().sentence));
  REQUIRE(list);
  return *std::move(list);
}
auto against(NeverList const &list, std::string_view text) -> std::string {
  auto const value = model::parse_value(text);
  REQUIRE(value);
  auto const reason = list.reason_against(*value);
  return reason ? reason->list : std::string{};
}

}  // namespace

TEST_CASE("addresses and prefixes are kept from blocks where they share any address with the list") {
  auto const never = open({"derive.own_addresses=192.0.2.0/25", "never.values=198.51.100.7,2001:db8:1::/48"});
  CHECK(against(*never, "192.0.2.9") == "own addresses");
  CHECK(against(*never, "192.0.2.200").empty());
  CHECK(against(*never, "192.0.2.0/24") == "own addresses");
  CHECK(against(*never, "198.51.100.0/24") == "never.values");
  CHECK(against(*never, "198.51.100.8/29").empty());
  CHECK(against(*never, "2001:db8:1::5") == "never.values");
  CHECK(against(*never, "2001:db8::/32") == "never.values");
  CHECK(against(*never, "http://192.0.2.9:8080/x") == "own addresses");
}

TEST_CASE("domains match at label boundaries, below and above, and never across a public suffix") {
  auto const never = open({"never.values=example.com,update.vendor.example,github.io,amazonaws.com"});
  for (auto const *kept : {"example.com", "www.example.com", "a.b.example.com", "https://www.example.com/path",
                           "update.vendor.example", "vendor.example", "github.io"})
    CHECK_MESSAGE(!against(*never, kept).empty(), std::string{kept});
  for (auto const *free : {"notexample.com", "example.com.evil.test", "example.org", "other.vendor.example",
                           "somebody.github.io", "bucket.s3.amazonaws.com", "xn--exmple-cua.com"})
    CHECK_MESSAGE(against(*never, free).empty(), std::string{free});
}

TEST_CASE("hashes and e-mail addresses are kept where they are equal") {
  auto const never = open({"never.values=d41d8cd98f00b204e9800998ecf8427e,abuse@example.com"});
  CHECK(!against(*never, "D41D8CD98F00B204E9800998ECF8427E").empty());
  CHECK(against(*never, "d41d8cd98f00b204e9800998ecf8427f").empty());
  CHECK(!against(*never, "abuse@example.com").empty());
  CHECK(against(*never, "other@example.com").empty());
}

TEST_CASE("a list that becomes damaged or disappears still protects what it did") {
  auto const folder = TemporaryFolder{};
  REQUIRE(write_file_durably(folder / "assets.txt", "# name: Our assets\n203.0.113.0/24\nexample.net\n"));
  auto const never = open({"never.files=" + (folder / "assets.txt")});
  CHECK(against(*never, "203.0.113.7") == "Our assets");
  REQUIRE(write_file_durably(folder / "assets.txt", "203.0.113.0/24\nexample.net\nexample.org\n"));
  CHECK(never->reload_if_changed());
  CHECK(against(*never, "example.org") == "assets");
  REQUIRE(write_file_durably(folder / "assets.txt", "\x01\x02 rubbish \n"));
  CHECK(never->reload_if_changed());
  CHECK(against(*never, "example.org") != "");
  std::filesystem::remove(folder / "assets.txt");
  CHECK(never->reload_if_changed());
  CHECK(against(*never, "203.0.113.7") != "");
}

TEST_CASE("a file of the operator's that cannot be read at the start is a clear error") {
  auto const folder = TemporaryFolder{};
  REQUIRE(write_file_durably(folder / "rubbish.txt", "\x01\x02 rubbish \n"));
  for (auto const *const name : {"missing.txt", "rubbish.txt"}) {
    auto const config = Config::load("/nonexistent/noroshi.toml", false, {"never.files=" + (folder / name)});
    REQUIRE(config);
    auto const never = NeverList::create({}, *config);
    REQUIRE(!never);
    CHECK(never.error().sentence.starts_with("never.files: " + (folder / name)));
    CHECK(never.error().code == ErrorCode::malformed);
  }
}

TEST_CASE("a shipped list that goes away protects what it did, and is told of; without any the status says so") {
  auto const folder = TemporaryFolder{};
  REQUIRE(write_file_durably(folder / "one.list", "203.0.113.0/24\n"));
  REQUIRE(write_file_durably(folder / "two.list", "198.51.100.0/24\n"));
  auto const never = open({}, folder.path());
  CHECK(against(*never, "203.0.113.7") == "one");
  CHECK_FALSE(never->reload_if_changed());
  std::filesystem::remove(folder / "one.list");
  CHECK(never->reload_if_changed());
  CHECK(against(*never, "203.0.113.7") == "one");
  CHECK(against(*never, "198.51.100.7") == "two");
  auto const sources = never->sources();
  REQUIRE(sources.size() == 2);
  CHECK(std::ranges::count_if(sources, [](auto const &one) { return !one.problem.empty(); }) == 1);
  CHECK_FALSE(never->reload_if_changed());

  std::filesystem::remove(folder / "two.list");
  auto const bare = open({}, folder.path());
  REQUIRE(bare->sources().size() == 1);
  CHECK(bare->sources()[0].problem.contains("not there"));
  CHECK(open({"never.shipped_lists=false"}, folder.path())->sources().empty());
}

TEST_CASE("a value of the configuration that is no value is a clear error") {
  for (auto const *setting : {"never.values=hello world", "derive.own_addresses=10.0.0.0/33"}) {
    auto const config = Config::load("/nonexistent/noroshi.toml", false, {setting});
    REQUIRE(config);
    auto const never = NeverList::create({}, *config);
    REQUIRE(!never);
    CHECK(never.error().sentence.contains(std::string_view{setting}.substr(0, 10)));
  }
}

TEST_CASE("the shipped never-list keeps resolvers, top sites and update servers from blocks, and nobody else") {
  auto const never = open({}, NOROSHI_SOURCE_DIR "/packs/never");
  for (auto const &one : never->sources()) CHECK_MESSAGE(one.problem.empty(), one.place << ": " << one.problem);
  CHECK(never->sources().size() == 5);
  for (auto const *kept : {"8.8.8.8", "8.8.0.0/16", "2606:4700:4700::1111", "google.com", "www.google.com",
                           "security.debian.org", "windowsupdate.com", "d41d8cd98f00b204e9800998ecf8427e"})
    CHECK_MESSAGE(!against(*never, kept).empty(), std::string{kept});
  for (auto const *free : {"8.8.9.8", "192.0.2.1", "malware.example.com", "evil.github.io", "evil.duckdns.org",
                           "44d88612fea8a8f36de82e1278abb02f"})
    CHECK_MESSAGE(against(*never, free).empty(), std::string{free});
}

}  // namespace noroshi::understand
