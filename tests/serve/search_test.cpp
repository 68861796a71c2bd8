// POST /api/v1/search where its answer is long: in pieces, in order, with a last line whatever happens.
#include <doctest/doctest.h>

#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::lines_of;
using noroshi::test::Served;

namespace {

auto names(int count) -> std::string {
  auto body = std::string{};
  for (auto i = 0; i < count; ++i) body += fmt::format("host{}.example.com\n", i);
  return body;
}

/// The first answer, with its pieces still to be made.
auto ask(Served &served, std::string body) -> net::HttpResponse {
  auto request = net::HttpRequest{};
  request.method = "POST";
  request.path = "/api/v1/search";
  request.headers = {{"authorization", "Bearer nrs_reader"}};
  request.body = std::move(body);
  return served.router->handle(request);
}

auto member_of(boost::json::object const &last) -> boost::json::object {
  return last.at("members").as_array().at(0).as_object();
}

}  // namespace

TEST_CASE("an answer of any length goes out in pieces, of which the first is there before the last values are asked") {
  auto served = Served{};
  auto asked = std::size_t{0};
  served.indicators.before_look_up = [&](auto values) -> Result<void> {
    asked += values.size();
    return ok;
  };
  auto response = ask(served, names(100'000));
  CHECK(response.status == 200);
  REQUIRE(response.pieces);
  CHECK(response.body.size() < 2 << 20);
  CHECK(asked < 50'000);
  auto pieces = 0;
  while (response.pieces) {
    auto piece = std::string{};
    auto const before = asked;
    if (!response.pieces->next(piece)) response.pieces = nullptr;
    CHECK(piece.size() < 1 << 20);
    CHECK(asked - before < 10'000);
    response.body += piece;
    ++pieces;
  }
  CHECK(pieces > 10);
  auto const lines = lines_of(response);
  REQUIRE(lines.size() == 100'001);
  for (auto i = 0; i < 100'000; i += 999)
    CHECK(std::string{lines[static_cast<std::size_t>(i)].at("value").as_string()} ==
          fmt::format("host{}.example.com", i));
  CHECK(member_of(lines.back()).at("status") == "answered");
  CHECK(member_of(lines.back()).at("values") == 100'000);
}

TEST_CASE("an answer that fails half way says so in its last line, with what was answered in front") {
  auto served = Served{};
  auto asked = std::size_t{0};
  served.indicators.before_look_up = [&](auto values) -> Result<void> {
    asked += values.size();
    return asked > 50'000 ? Result<void>{fail(ErrorCode::malformed, "run-7 is damaged")} : ok;
  };
  auto const lines = lines_of(served.ask("reader", "POST", "/api/v1/search", names(100'000)));
  auto const member = member_of(lines.back());
  CHECK(member.at("status") == "partly");
  CHECK(member.at("reason") == "run-7 is damaged");
  CHECK(lines.size() > 40'000);
  CHECK(member.at("values") == lines.size() - 1);
  // Where nothing was answered yet, the status tells.
  asked = 50'000;
  CHECK(served.ask("reader", "POST", "/api/v1/search", "192.0.2.1").status == 400);
}

TEST_CASE("where values have more hits together than are held at once, fewer are looked up at a time") {
  auto served = Served{};
  served.indicators.before_look_up = [&](auto values) -> Result<void> {
    return values.size() > 100 ? Result<void>{fail(ErrorCode::too_large, "too many hits")} : ok;
  };
  auto const lines = lines_of(served.ask("reader", "POST", "/api/v1/search", names(3'000)));
  REQUIRE(lines.size() == 3'001);
  CHECK(lines[2'999].at("value") == "host2999.example.com");
  CHECK(member_of(lines.back()).at("status") == "answered");
}

TEST_CASE("a value too long to be one is not echoed whole") {
  auto served = Served{};
  auto const response = served.ask("reader", "POST", "/api/v1/search", std::string(1 << 20, '\x01') + "\n192.0.2.1");
  CHECK(response.body.size() < 200'000);
  auto const lines = lines_of(response);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].at("type").is_null());
  CHECK(lines[1].at("type") == "ip");
}
