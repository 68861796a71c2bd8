// Rule files: what is read, what is refused and how, and what a condition means.
#include <doctest/doctest.h>

#include <fstream>

#include <fmt/format.h>

#include "tests/support/temporary_folder.hpp"
#include "understand/rules/rule_set.hpp"

namespace noroshi::understand {
namespace {

constexpr auto kHead = std::string_view{
    "id = \"a\"\ntitle = \"t\"\nproduct = \"p\"\ncves = [\"CVE-2021-44228\"]\ntechniques = [\"T1190\"]\n"};

auto rule_of(std::string_view when, std::string_view head = kHead) {
  return parse_rule(fmt::format("{}{}", head, when), "rules/a.toml");
}

auto matches(std::string_view when, NotedRequest const &request) -> bool {
  auto rule = rule_of(when);
  REQUIRE_MESSAGE(rule, rule.error().sentence);
  auto set = RuleSet::create({*std::move(rule)});
  REQUIRE_MESSAGE(set, set.error().sentence);
  auto matcher = RuleMatcher::create(*set);
  REQUIRE(matcher);
  return !matcher->match(request).empty();
}

auto get(std::string_view target, std::string_view extra = {}) { return NotedRequest{"GET", target, {}, extra}; }

TEST_CASE("a rule carries its techniques and CVEs as tags, or its id where there is no CVE") {
  auto const rule = rule_of("[[when]]\npart = \"path\"\nends = [\"/x.cgi\"]\n");
  REQUIRE(rule);
  CHECK(rule->tags == std::vector<std::string>{"attack:T1190", "cve:CVE-2021-44228"});
  auto const without = parse_rule(
      "id = \"a\"\ntitle = \"t\"\nproduct = \"p\"\ntechniques = [\"T1190\"]\n[[when]]\npart = \"path\"\nends = "
      "[\"/x\"]\n",
      "a.toml");
  REQUIRE(without);
  CHECK(without->tags == std::vector<std::string>{"attack:T1190", "rule:a"});
}

TEST_CASE("a wrong rule is refused with file, line and key") {
  struct Wrong {
    std::string_view when, head, sentence;
  };
  auto const wrongs = std::vector<Wrong>{
      {"[[when]]\npart = \"path\"\nhaz = [\"/x\"]\n", kHead,
       "rules/a.toml line 8: there is no key \"haz\" here; the nearest is \"has\""},
      {"[[when]]\npart = \"paht\"\n", kHead, "rules/a.toml line 7: \"part\" is one of"},
      {"[[when]]\npart = \"query\"\nends = [\"x\"]\n", kHead, "rules/a.toml line 8: \"ends\" belongs to"},
      {"[[when]]\npart = \"header\"\nhas = [\"x\"]\n", kHead, "\"name\" is missing"},
      {"[[when]]\npart = \"path\"\nhas = [1]\n", kHead, "rules/a.toml line 8: \"has\" holds something that is no text"},
      {"", kHead, "a rule needs [[when]]"},
      {"[[when]]\npart = \"path\"\n", "id = \"b\"\ntitle = \"t\"\nproduct = \"p\"\ntechniques = [\"T1190\"]\n",
       "rules/a.toml line 1: the file of rule b is b.toml"},
      {"[[when]]\npart = \"path\"\n",
       "id = \"a\"\ntitle = \"t\"\nproduct = \"p\"\ncves = [\"CVE-1\"]\ntechniques = [\"T1190\"]\n",
       "rules/a.toml line 4: \"CVE-1\" is no CVE id"},
      {"[[when]]\npart = \"path\"\n", "id = \"a\"\ntitle = \"t\"\nproduct = \"p\"\ntechniques = [\"1190\"]\n",
       "\"1190\" is no ATT&CK technique"},
      {"[[when]\n", kHead, "rules/a.toml line 6:"},
  };
  for (auto const &[when, head, sentence] : wrongs) {
    CAPTURE(sentence);
    auto const rule = rule_of(when, head);
    REQUIRE_FALSE(rule);
    CAPTURE(rule.error().sentence);
    CHECK(rule.error().code == ErrorCode::malformed);
    CHECK(rule.error().sentence.contains(sentence));
  }
}

TEST_CASE("a rule that would be tried on every request is refused") {
  auto rule =
      rule_of("[[when]]\npart = \"path\"\nhas = [\"/x\"]\n[[when]]\npart = \"query\"\nlacks = [\"something\"]\n");
  REQUIRE(rule);
  auto const set = RuleSet::create({*rule});
  REQUIRE_FALSE(set);
  CHECK(set.error().sentence.contains("rule a"));
}

TEST_CASE("folders are read whole; a missing one and an id twice are errors") {
  auto const folder = noroshi::test::TemporaryFolder{};
  auto const write = [&](std::string const &name) {
    std::filesystem::create_directories(folder.path() + "/" + name);
    std::ofstream{folder.path() + "/" + name + "/a.toml"} << kHead << "[[when]]\npart = \"path\"\nhas = [\"/abc\"]\n";
  };
  write("one");
  write("two");
  auto const one = read_rules(std::vector{folder.path() + "/one"});
  REQUIRE(one);
  CHECK(one->size() == 1);
  auto const twice = read_rules(std::vector{folder.path() + "/one", folder.path() + "/two"});
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == ErrorCode::conflict);
  auto const missing = read_rules(std::vector{folder.path() + "/three"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().sentence.contains("three"));
}

TEST_CASE("has means all, has_one any, lacks none") {
  constexpr auto kWhen =
      "[[when]]\npart = \"query\"\nhas = [\"alpha\", \"beta\"]\nhas_one = [\"x=1\", \"x=2\"]\nlacks = [\"safe\"]\n";
  CHECK(matches(kWhen, get("/?alpha&beta&x=2")));
  CHECK_FALSE(matches(kWhen, get("/?alpha&x=2")));
  CHECK_FALSE(matches(kWhen, get("/?alpha&beta&x=3")));
  CHECK_FALSE(matches(kWhen, get("/?alpha&beta&x=1&safe")));
}

TEST_CASE("a path's end, its dot segments and its escapes are seen through") {
  constexpr auto kEnds = "[[when]]\npart = \"path\"\nends = [\"/admin/run\"]\n";
  CHECK(matches(kEnds, get("/any/prefix/admin/run?x")));
  CHECK(matches(kEnds, get("/%61dmin//./run")));
  CHECK(matches(kEnds, get("/%2561dmin\\run")));
  CHECK(matches(kEnds, get("/admin/x/../run")));
  CHECK(matches(kEnds, get("http://example.com/admin/run")));
  CHECK_FALSE(matches(kEnds, get("/admin/runner")));
  CHECK_FALSE(matches(kEnds, get("/x?/admin/run")));
  CHECK(matches("[[when]]\npart = \"path\"\nhas = [\"/files/../\"]\n", get("/files/%2e%2e/x")));
}

TEST_CASE("parameters are found in query and body alike") {
  constexpr auto kWhen = "[[when]]\npart = \"parameters\"\nhas = [\"cmd=run me\"]\n";
  CHECK(matches(kWhen, get("/?cmd=run+me")));
  CHECK(matches(kWhen, {"POST", "/", "a=b&cmd=run%20%6de", {}}));
  CHECK(matches(kWhen, {"POST", "/", "cmd=run\r\n\tme", {}}));
}

TEST_CASE("headers are found by name in any case, and anywhere in a value") {
  constexpr auto kExtra = R"({"version":"1.1","headers":[["Host","x"],["X-Test","Say \"Off\" now"]]})";
  CHECK(matches("[[when]]\npart = \"header\"\nname = \"x-test\"\nhas = ['\"off\"']\n", get("/", kExtra)));
  CHECK_FALSE(matches("[[when]]\npart = \"header\"\nname = \"x-test\"\nhas = [\"on\"]\n", get("/", kExtra)));
  CHECK_FALSE(matches("[[when]]\npart = \"header\"\nname = \"x-other\"\n", get("/", kExtra)));
  for (auto const *extra : {"", "{", "[]", R"({"headers":7})", R"({"headers":[["x-test"],[1,2],"x-test"]})"}) {
    CAPTURE(extra);
    CHECK_FALSE(matches("[[when]]\npart = \"header\"\nname = \"x-test\"\n", get("/", extra)));
  }
}

TEST_CASE("anywhere is path, query, body and every header") {
  constexpr auto kWhen = "[[when]]\npart = \"anywhere\"\nhas_one = [\"${jndi:\"]\n";
  CHECK(matches(kWhen, get("/$%7Bjndi:ldap")));
  CHECK(matches(kWhen, get("/?a=${JNDI:x}")));
  CHECK(matches(kWhen, {"POST", "/", "x=%24%7bjndi:", {}}));
  CHECK(matches(kWhen, get("/", R"({"headers":[["X-Any","${JnDi:dns}"]]})")));
  CHECK_FALSE(matches(kWhen, get("/", R"({"headers":[["X-Any","{jndi:dns}"]]})")));
}

TEST_CASE("methods are compared as they are") {
  auto rule = parse_rule(fmt::format("{}methods = [\"POST\"]\n[[when]]\npart = \"path\"\nhas = [\"/abcd\"]\n", kHead),
                         "a.toml");
  REQUIRE(rule);
  auto const set = RuleSet::create({*rule});
  REQUIRE(set);
  auto matcher = RuleMatcher::create(*set);
  CHECK(matcher->match({"POST", "/abcd", {}, {}}).size() == 1);
  CHECK(matcher->match({"GET", "/abcd", {}, {}}).empty());
}

}  // namespace
}  // namespace noroshi::understand
