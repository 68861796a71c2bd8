#include "share/secrecy.hpp"

#include <doctest/doctest.h>

#include "base/bytes.hpp"

using namespace noroshi;
using share::kSensorMark;

namespace {

auto const kSensor = *model::IpAddress::parse("203.0.113.77");

auto secrecy_with(std::vector<std::string> const &settings = {}) -> share::Secrecy {
  auto const config = Config::load("", false, settings);
  REQUIRE(config);
  auto secrecy = share::Secrecy::create(*config);
  REQUIRE(secrecy);
  return *std::move(secrecy);
}

auto clean(std::string_view text, model::IpAddress sensor = kSensor) -> std::string {
  return secrecy_with().scrubbed(text, sensor);
}

auto utf16(std::string_view text) -> std::string {
  auto wide = std::string{};
  for (auto const character : text) wide.append({character, '\0'});
  return wide;
}

}  // namespace

TEST_CASE("a sensor's address is taken out in every notation of an address") {
  for (auto const *const form :
       {"203.0.113.77", "0313.0.0161.0115", "0xcb.0x0.0x71.0x4d", "0xCB00714D", "3405803853", "203.0.29005",
        "203.29005", "203-0-113-77", "203_0_113_77", "77.113.0.203", "203.000.113.077", "::ffff:203.0.113.77",
        "::ffff:cb00:714d", "0:0:0:0:0:FFFF:CB00:714D"}) {
    CAPTURE(form);
    auto const around = std::string{"GET http://"} + form + "/x HTTP/1.1";
    CHECK(clean(form) == kSensorMark);
    CHECK(clean(around).find(form) == std::string::npos);
    CHECK(clean(around).starts_with("GET http://"));
    CHECK(clean(around).ends_with("/x HTTP/1.1"));
  }
  CHECK(clean("Host: 203.0.113.77:8080") == "Host: sensor.invalid:8080");
  CHECK(clean("ec2-203-0-113-77.compute.example") == "ec2-sensor.invalid.compute.example");
  CHECK(clean("77.113.0.203.in-addr.arpa") == "sensor.invalid.in-addr.arpa");
}

TEST_CASE("a sensor's address is taken out of encodings, and of encodings inside encodings") {
  CHECK(clean("/?ip=203%2e0%2E113%2e77&a=1") == "/?ip=sensor.invalid&a=1");
  CHECK(clean("%32%30%33%2e%30%2e%31%31%33%2e%37%37") == kSensorMark);
  CHECK(clean("%2532%2530%2533%252e0.113.77") == kSensorMark);
  CHECK(clean(R"(\x32\x303.0.113.77)") == kSensorMark);
  CHECK(clean("x" + to_hex("203.0.113.77")) == "x" + to_hex(kSensorMark));
  CHECK(clean("Basic " + to_base64("root:203.0.113.77")) == "Basic " + to_base64("root:sensor.invalid"));
  for (auto const *const before : {"", "a", "ab", "abc", "/", "=x+"}) {
    CAPTURE(before);
    auto const hidden = before + to_base64("wget http://203.0.113.77/a.sh");
    auto const shown = clean(hidden);
    CHECK(shown != hidden);
    CHECK(shown.find(to_base64("203.0.113.77")) == std::string::npos);
  }
  auto const twice = to_base64("echo " + to_base64("http://203.0.113.77/"));
  CHECK(clean(twice) == to_base64("echo " + to_base64("http://sensor.invalid/")));
  CHECK(clean(utf16("\\\\203.0.113.77\\share")).find(utf16("203")) == std::string::npos);
  CHECK(clean("cb00714d") == "00000000");
  CHECK(clean(std::string{"\x01\xcb\x00\x71\x4d\x02", 6}) == std::string{"\x01\x00\x00\x00\x00\x02", 6});
}

TEST_CASE("what only looks like a sensor's address stays as it is") {
  for (auto const *const text :
       {"", "203.0.113.7", "203.0.113.78", "203.0.113.770", "1203.0.113.77x", "3405803854", "cb00714e", "hello world",
        "GET /index.html?a=1%20b HTTP/1.1", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "2001:db8::1", "12:34:56",
        "deadbeefdeadbeef", "/%zz%4"}) {
    CAPTURE(text);
    auto const shown = clean(text);
    if (std::string_view{text} != "1203.0.113.77x") CHECK(shown == text);
  }
  CHECK(clean(utf16("hello")) == utf16("hello"));
}

TEST_CASE("an IPv6 sensor is found in its forms too") {
  auto const sensor = *model::IpAddress::parse("2001:db8:7::4d");
  CHECK(clean("[2001:db8:7::4d]:80", sensor) == "[sensor.invalid]:80");
  CHECK(clean("2001:0DB8:0007:0:0:0:0:004D", sensor) == kSensorMark);
  CHECK(clean(to_base64("x 2001:db8:7::4d"), sensor) == to_base64("x sensor.invalid"));
  CHECK(clean("20010db80007000000000000"
              "0000004d",
              sensor) == std::string(32, '0'));
}

TEST_CASE("one's own prefixes and names are taken out wherever they stand") {
  auto const secrecy = secrecy_with({"derive.own_addresses=198.51.100.0/24", "share.own_names=decoy.example.org"});
  CHECK(secrecy.scrubbed("198.51.100.9, 198.51.101.9", kSensor) == "sensor.invalid, 198.51.101.9");
  CHECK(secrecy.scrubbed("https://Decoy.Example.ORG/", kSensor) == "https://sensor.invalid/");
  CHECK_FALSE(share::Secrecy::create(*Config::load("", false, {"derive.own_addresses=nonsense"})));
}

TEST_CASE("an observation is scrubbed in every field and stays valid JSON inside") {
  auto seen = model::StoredObservation{};
  seen.destination = {kSensor, 80};
  seen.source = {*model::IpAddress::parse("198.51.100.1"), 4000};
  seen.fields = {{model::Field::host, "203.0.113.77", 0},
                 {model::Field::payload, std::string{"\xcb\x00\x71\x4d", 4}, 0}};
  seen.extra = R"({"to":"203.0.113.77","number":3405803853,"list":["x",{"203.0.113.77":1}],"other":7})";
  secrecy_with().scrub(seen);
  CHECK(seen.destination.address == model::IpAddress{});
  CHECK(seen.destination.port == 80);
  CHECK(seen.fields[0].text == kSensorMark);
  CHECK(seen.fields[1].text == std::string(4, '\0'));
  CHECK(seen.extra == R"({"to":"sensor.invalid","number":null,"list":["x",{"sensor.invalid":1}],"other":7})");
  CHECK(seen.source.address.to_string() == "198.51.100.1");
}
