#include "codec/asked_values.hpp"

#include <doctest/doctest.h>

using namespace noroshi;
using noroshi::codec::AskedValues;

namespace {

auto parsed(std::string body) -> std::vector<std::string> {
  auto const asked = AskedValues::parse(std::move(body));
  if (!asked) return {"refused: " + asked.error().sentence};
  return {(*asked)->all().begin(), (*asked)->all().end()};
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("values are read from JSON and from lines, escapes undone, empty lines left out") {
  CHECK(parsed(R"( {"values" : [ "a" , "b\u002ec","\"", "" ] } )") == Texts{"a", "b.c", "\"", ""});
  CHECK(parsed(" a \r\n\n\tb\n# c") == Texts{"a", "b", "# c"});
  CHECK(parsed(R"({"values":["a"],"values":["b"]})") == Texts{"b"});
  for (auto const *const wrong :
       {"", " \n ", "{}", R"({"values":[]})", R"({"values":{}})", R"({"values":"a"})", R"({"values":[1]})",
        R"({"values":["a",["b"]]})", R"({"values":["a"],"valeus":["b"]})", R"({"values":["a"]} x)",
        R"({"values":["a"]}{"values":["b"]})", R"({"values":["a)", R"({"values":["a",]})", "{\"values\":[\"\xff\"]}"}) {
    CAPTURE(wrong);
    CHECK(parsed(wrong).front().starts_with("refused: "));
  }
  CHECK(parsed(R"({"values":["a"],"valeus":["b"]})").front().find("\"valeus\"") != std::string::npos);
  CHECK(parsed(R"({"values":["a",1]})").front().find("entry 1 ") != std::string::npos);
}

TEST_CASE("a million values are taken, one more is too many, in both forms") {
  auto json = std::string{"{\"values\":["};
  auto lines = std::string{};
  for (auto i = std::size_t{0}; i < AskedValues::kMax; ++i) {
    json += "\"x\",";
    lines += "x\n";
  }
  auto const with_one_more = json + "\"x\"]}";
  json.back() = ']';
  CHECK((*AskedValues::parse(json + "}"))->all().size() == AskedValues::kMax);
  CHECK((*AskedValues::parse(lines))->all().size() == AskedValues::kMax);
  CHECK(AskedValues::parse(with_one_more).error().code == ErrorCode::too_large);
  CHECK(AskedValues::parse(lines + "x").error().code == ErrorCode::too_large);
}
