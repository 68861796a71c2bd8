#include "codec/json_writer.hpp"

#include <limits>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

using namespace noroshi;
using noroshi::codec::JsonWriter;

TEST_CASE("objects, arrays and every kind of value are separated as JSON wants it") {
  auto out = std::string{};
  auto json = JsonWriter{out};
  json.begin_object().member("text", "a").member("flag", true).member("number", -5).member("none", nullptr);
  json.key("list").begin_array().value(1).begin_object().end_object().begin_array().end_array().value("x").end_array();
  json.member("names", std::vector<std::string>{"p", "q"}).member("half", 0.5);
  json.member("never", Time{}).member("day", Time{std::chrono::days{1}}).end_object();
  CHECK(out == R"({"text":"a","flag":true,"number":-5,"none":null,"list":[1,{},[],"x"],"names":["p","q"],"half":0.5,)"
               R"("never":null,"day":"1970-01-02T00:00:00.000000Z"})");
}

TEST_CASE("any bytes become valid JSON that a strict parser reads") {
  auto every = std::string{};
  for (auto byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  for (auto const &hostile :
       {every, std::string{"\"\\\n\r\t\0x", 7}, std::string{"\xed\xa0\x80\xc0\xaf"}, std::string{"狼煙"}}) {
    auto out = std::string{};
    JsonWriter{out}.begin_object().member(hostile, hostile).end_object();
    auto error = boost::json::error_code{};
    auto const parsed = boost::json::parse(out, error);
    CHECK_FALSE(error);
    REQUIRE(parsed.as_object().size() == 1);
  }
  auto out = std::string{};
  JsonWriter{out}.value("狼煙\x01");
  CHECK(out == "\"狼煙\\u0001\"");
}

TEST_CASE("numbers that JSON does not have become null") {
  auto out = std::string{};
  JsonWriter{out}.value(std::numeric_limits<double>::quiet_NaN());
  CHECK(out == "null");
}

TEST_CASE("what could deceive a terminal or an eye is escaped, and means the same") {
  for (auto const *hostile : {"\xc2\x9b[31m",
                              "a\xe2\x80\xae"
                              "b",
                              "\xe2\x81\xa6x", "\xef\xbb\xbf", "\x7f", "\xe2\x80\x8b"}) {
    auto out = std::string{};
    JsonWriter{out}.value(hostile);
    CHECK(out.find("\\u") != std::string::npos);
    for (auto const c : out) CHECK((c >= 0x20 && c < 0x7f));
    CHECK(boost::json::parse(out).as_string() == hostile);
  }
  auto plain = std::string{};
  JsonWriter{plain}.value("é 狼煙 – “x” €");
  CHECK(plain == "\"é 狼煙 – “x” €\"");
}

TEST_CASE("a parsed document is written with the same escapes") {
  auto out = std::string{};
  JsonWriter{out}.value(boost::json::parse("{\"a\":[1,-2,0.5,true,null,\"\xc2\x9b\"],\"b\":{}}"));
  CHECK(out == R"({"a":[1,-2,5E-1,true,null,"\u009b"],"b":{}})");
}
