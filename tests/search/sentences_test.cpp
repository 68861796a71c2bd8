#include "search/sentences.hpp"

#include <fstream>

#include <doctest/doctest.h>

#include "search/fixture.hpp"
#include "support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::search;

TEST_CASE("a reason becomes a sentence of the language asked, with its parameters in place") {
  auto const reason = Reason{"observed_once", {{"source", "sensor/home"}, {"days", "3"}}};
  CHECK(test::texts().text("en", reason) == "Observed by one source (sensor/home), last 3 days ago.");
  CHECK(test::texts().text("ja", reason) == "1つの情報源（sensor/home）が観測。最後の観測は3日前。");
  CHECK(test::texts().text("xx", reason) == test::texts().text("en", reason));
  CHECK(test::texts().text("en", {"observed_once", {{"source", "x"}, {"days", "0"}}}) ==
        "Observed by one source (x), last today.");
}

TEST_CASE("words of a list are told one by one, with the language's own separator") {
  auto const reason = Reason{"can_match", {{"kinds", "address,file"}, {"roles", "c2,relay"}, {"span", "2026-04"}}};
  CHECK(test::texts().text("en", reason) ==
        "Known are addresses, file hashes (command-and-control servers, relays) of 2026-04: those can match here.");
  CHECK(test::texts().text("ja", reason).contains("アドレス、ファイルのハッシュ"));
}

TEST_CASE("a parameter's own braces are not read as a pattern") {
  CHECK(test::texts().text("en", {"role_c2", {{"source", "{when}{source}"}}}) ==
        "{when}{source} knows it as a command-and-control server.");
}

TEST_CASE("a code without a sentence shows itself with its parameters") {
  CHECK(test::texts().text("en", {"unheard_of", {{"a", "1"}}}) == "unheard_of a=1");
  CHECK(Sentences{}.text("en", {"verified", {}}) == "verified");
}

TEST_CASE("the best language of an Accept-Language header is chosen, English where none fits") {
  CHECK(test::texts().choose("ja-JP,ja;q=0.9,en;q=0.8") == "ja");
  CHECK(test::texts().choose("fr;q=1.0, JA;q=0.3, en;q=0.2") == "ja");
  CHECK(test::texts().choose("en;q=0.9, ja;q=0.5") == "en");
  CHECK(test::texts().choose("de") == "en");
  CHECK(test::texts().choose("") == "en");
  CHECK(test::texts().choose("ja;q=x, ;;;=,,") == "en");
  CHECK(test::texts().choose("*") == "en");
}

TEST_CASE("a language that lacks a code, a missing folder and a broken file are errors that say where") {
  auto const folder = test::TemporaryFolder{};
  auto const missing = Sentences::load(folder / "nowhere");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  std::ofstream{folder / "en.toml"} << "a = \"A\"\nb = \"B\"\n";
  std::ofstream{folder / "ja.toml"} << "a = \"A\"\n";
  auto const lacking = Sentences::load(std::string{folder.path()});
  REQUIRE_FALSE(lacking);
  CHECK(lacking.error().sentence.find("ja.toml lacks \"b\"") != std::string::npos);
  std::ofstream{folder / "ja.toml"} << "a = \"A\"\nb = \n";
  auto const broken = Sentences::load(std::string{folder.path()});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().sentence.find("line 2") != std::string::npos);
}
