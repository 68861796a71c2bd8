// GET /api/v1/indicators: found by looking at everything; streamed, with a last line that tells whether it is the
// whole.
#include <doctest/doctest.h>

#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::lines_of;
using noroshi::test::object_of;
using noroshi::test::Served;

namespace {

struct Filled : Served {
  explicit Filled(int count) {
    for (auto i = 0; i < count; ++i) {
      auto context = model::Context{};
      context.evidence = model::Evidence::observed;
      context.role = model::Role::c2;
      context.last_seen = clock.now();
      context.tlp = i == 1 ? model::Tlp::red : model::Tlp::green;
      indicators.add({model::ValueType::domain, fmt::format("n{}.example.com", i)}, context);
    }
    indicators.add({model::ValueType::ip, "8.8.4.4"}, {});
  }
  auto find(net::HttpFields query) { return ask("reader", "GET", "/api/v1/indicators", {}, std::move(query)); }
};

auto member_of(std::vector<boost::json::object> const &lines) -> boost::json::object {
  return lines.back().at("members").as_array().at(0).as_object();
}

}  // namespace

TEST_CASE("what is below a domain is found, assessed as if it had been asked, and counted in the last line") {
  auto served = Filled{5};
  auto const response = served.find({{"below", "example.com"}});
  REQUIRE(response.status == 200);
  CHECK(response.content_type == "application/x-ndjson");
  auto const lines = lines_of(response);
  REQUIRE(lines.size() == 5);  // four, without the RED one, and the members
  for (auto i = 0U; i < 4; ++i) {
    CHECK(lines[i].at("known") == true);
    auto const &hit = lines[i].at("hits").as_array().at(0).as_object();
    CHECK(hit.at("match") == "exact");
    CHECK(hit.at("assessment").as_object().at("strength") == "medium");
  }
  CHECK(member_of(lines).at("status") == "answered");
  CHECK(member_of(lines).at("values") == 4);
  CHECK(lines_of(served.find({{"in", "8.8.0.0/16"}})).size() == 2);
  CHECK(lines_of(served.find({{"containing", "N3.EX"}})).at(0).at("value") == "n3.example.com");
  CHECK(lines_of(served.find({{"containing", "n3"}, {"type", "ip"}})).size() == 1);
}

TEST_CASE("a question without a condition, or with one that is wrong, is refused with its name") {
  auto served = Filled{1};
  for (auto const &[name, text] :
       {std::pair{"", ""}, std::pair{"in", "example"}, std::pair{"below", "a b"}, std::pair{"type", "planet"},
        std::pair{"timeout", "0"}, std::pair{"timeout", "9999999"}, std::pair{"timeout", "x"}}) {
    auto query = net::HttpFields{{name, text}};
    if (std::string_view{name} == "timeout" || std::string_view{name} == "type") query.emplace_back("containing", "a");
    CHECK(served.find(query).status == 400);
  }
  CHECK(served.find({{"containing", std::string(300, 'a')}}).status == 413);
}

TEST_CASE("when the time is over, what was found stays, and the last line says how far it got") {
  // More than waits to be taken: so it cannot be done before anybody takes.
  auto served = Filled{12'000};
  auto request = net::HttpRequest{};
  request.method = "GET";
  request.path = "/api/v1/indicators";
  request.query = {{"below", "example.com"}, {"timeout", "1"}};
  request.headers = {{"authorization", "Bearer nrs_reader"}};
  auto response = served.router->handle(request);
  served.clock.advance(std::chrono::seconds{2});
  auto pieces = 0;
  while (response.pieces->next(response.body)) CHECK(++pieces < 3);
  auto const lines = lines_of(response);
  CHECK(lines.size() > 1);
  auto const member = member_of(lines);
  CHECK(member.at("status") == "partly");
  CHECK(std::string{member.at("reason").as_string()}.starts_with("1 s were over when "));
}

TEST_CASE("a scan that fails half way says why in its last line") {
  auto served = Filled{2'000};
  auto calls = std::atomic<int>{0};
  served.indicators.before_list = [&]() -> Result<void> {
    if (++calls > 1) return fail(ErrorCode::malformed, "run-7 is damaged");
    return ok;
  };
  auto const lines = lines_of(served.find({{"below", "example.com"}}));
  CHECK(member_of(lines).at("status") == "partly");
  CHECK(member_of(lines).at("reason") == "run-7 is damaged");
}

TEST_CASE("two scans run side by side; a third is asked to come back") {
  auto served = Filled{10};
  auto request = [&] {
    auto one = net::HttpRequest{};
    one.method = "GET";
    one.path = "/api/v1/indicators";
    one.query = {{"containing", "a"}};
    one.headers = {{"authorization", "Bearer nrs_reader"}};
    return served.router->handle(one);
  };
  auto first = request();
  auto const second = request();
  CHECK(first.status == 200);
  CHECK(second.status == 200);
  CHECK(request().status == 503);
  first = {};
  CHECK(request().status == 200);
}
