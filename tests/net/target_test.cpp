#include "net/target.hpp"

#include <doctest/doctest.h>

using namespace noroshi;
using namespace noroshi::net;

TEST_CASE("a target is split into a decoded path and decoded query parameters in order") {
  auto request = HttpRequest{};
  REQUIRE(parse_target("/api/v1/urls%20x?value=http%3A%2F%2Fa%2F%3Fb%3D1&limit=5&flag&value=second+one", request));
  CHECK(request.path == "/api/v1/urls x");
  CHECK(request.query.size() == 4);
  CHECK(request.parameter("value") == "http://a/?b=1");
  CHECK(request.parameter("limit") == "5");
  CHECK(request.parameter("flag").empty());
  CHECK(request.query[3].second == "second one");
}

TEST_CASE("a percent sign without two hexadecimal digits is malformed and says where") {
  for (auto const *target : {"/a%", "/a%4", "/a%zz", "/ok?x=%g1"}) {
    auto request = HttpRequest{};
    auto const outcome = parse_target(target, request);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == ErrorCode::malformed);
  }
  CHECK(percent_decode("%41%7a").value_or("") == "Az");
}

TEST_CASE("a written target reads back as the same path and query, whatever the bytes") {
  auto every = std::string{};
  for (auto byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  auto request = HttpRequest{};
  request.path = "/x/" + every;
  request.query = {{every, every}, {"b", "+&= "}};
  auto back = HttpRequest{};
  REQUIRE(parse_target(to_target(request), back));
  CHECK(back.path == request.path);
  CHECK(back.query == request.query);
}
