// Watches over the API: what is refused and why, pages and streams of answers, and who sees which.
#include <set>

#include <doctest/doctest.h>

#include "serve/answer_stream.hpp"
#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::Served;

namespace {

auto add(Served &served, std::string_view as, std::string body) -> std::int64_t {
  auto const response = served.ask(as, "POST", "/api/v1/watches", std::move(body));
  REQUIRE_MESSAGE(response.status == 201, response.body);
  return test::object_of(response).at("id").to_number<std::int64_t>();
}

/// An observation of the address, as the applier hands it over.
void see(Served &served, std::uint64_t position, std::string_view address) {
  auto record = std::make_shared<understand::LogRecord>();
  record->position = position;
  record->batch.sensor = {1};
  auto seen = model::Observation{};
  seen.time = Time{std::chrono::days{19'999}};
  seen.source = {*model::IpAddress::parse(address), 40'000};
  seen.service = "telnet";
  model::append_frame(record->batch.frames, seen);
  auto const batches = std::vector<std::shared_ptr<understand::LogRecord const>>{record};
  REQUIRE(served.watcher->look_at(batches, {}, position));
}

/// What a stream gives until it waits.
auto lines_of(net::LiveBody &body, net::LiveBody::Step &last) -> std::vector<boost::json::object> {
  auto response = net::HttpResponse{};
  while ((last = body.next(response.body)) == net::LiveBody::Step::more) {
  }
  return test::lines_of(response);
}

}  // namespace

TEST_CASE("a watch that is wrong is refused with its reason, and nothing of it is stored") {
  auto served = Served{};
  auto const said = [&](std::string body) {
    auto const response = served.ask("reader", "POST", "/api/v1/watches", std::move(body));
    CHECK(response.status == 400);
    return std::string{test::object_of(response).at("detail").as_string()};
  };
  CHECK(said("{}").contains("value"));
  CHECK(said(R"({"values":["0.0.0.0/0","8.8.8.8"]})").contains("nearly everything"));
  CHECK(said(R"({"values":["2001::/8"]})").contains("nearly everything"));
  CHECK(said(R"({"values":["co.jp"]})").contains("public suffix"));
  CHECK(said(R"({"values":["8.8.8.8",7]})").contains("1 of 2"));
  CHECK(said(R"({"values":["8.8.8.8"],"tlp":"pink"})").contains("pink"));
  CHECK(said(R"({"values":["8.8.8.8"],"about":"x"})").contains("indicators"));
  CHECK(said(R"({"values":["8.8.8.8"],"webhook":"http://hooks.example.com/"})").contains("https"));
  CHECK(said(R"({"values":["8.8.8.8"],"webhook":"https://127.0.0.1/"})").contains("no public address"));
  CHECK(said(R"({"values":["8.8.8.8"],"webhook":"https://[::ffff:10.0.0.1]/"})").contains("no public address"));
  CHECK(said(R"({"about":"indicators","values":["8.8.8.8"]})").contains("values"));
  CHECK(test::object_of(served.ask("reader", "GET", "/api/v1/watches")).at("watches").as_array().empty());
}

TEST_CASE("a watch's values are shown page by page") {
  auto served = Served{};
  auto body = std::string{R"({"values":["8.8.8.8")"};
  for (auto i = 0; i < 1'500; ++i) body += fmt::format(",\"host{}.example.com\"", i);
  auto const id = add(served, "reader", body + "]}");
  auto values = std::set<std::string>{};
  auto query = net::HttpFields{};
  for (auto page = 0; page < 3; ++page) {
    auto const answer = test::object_of(served.ask("reader", "GET", fmt::format("/api/v1/watches/{}", id), {}, query));
    CHECK(answer.at("watch").as_object().at("values").to_number<int>() == 1'501);
    for (auto const &value : answer.at("values").as_array()) values.emplace(value.as_object().at("value").as_string());
    if (answer.at("next").is_null()) break;
    query = {{"after", std::string{answer.at("next").as_string()}}};
  }
  CHECK(values.size() == 1'501);
}

TEST_CASE("answers come in pages and as a stream that goes on where it was cut off") {
  auto served = Served{};
  auto const id = add(served, "reader", R"({"values":["8.8.4.4","9.9.9.0/24"],"past":false})");
  see(served, 1, "8.8.4.4");
  auto const page = served.ask("reader", "GET", "/api/v1/watches/answers");
  CHECK(page.content_type == "application/x-ndjson");
  CHECK(test::header(page, "Noroshi-Through") == "1");
  CHECK(test::header(page, "Noroshi-More") == "false");
  REQUIRE(test::lines_of(page).size() == 1);
  CHECK(std::string_view{test::lines_of(page)[0].at("sentence").as_string()}.contains("8.8.4.4"));
  auto const one = net::HttpFields{{"limit", "1"}};
  see(served, 2, "9.9.9.9");
  CHECK(test::header(served.ask("reader", "GET", "/api/v1/watches/answers", {}, one), "Noroshi-More") == "true");

  auto const stream = served.ask("reader", "GET", "/api/v1/watches/answers", {}, {{"follow", "true"}, {"after", "1"}});
  REQUIRE(stream.live);
  auto last = net::LiveBody::Step::end;
  auto lines = lines_of(*stream.live, last);
  CHECK(last == net::LiveBody::Step::waiting);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("found").as_string() == "9.9.9.9");
  CHECK(lines[0].at("match").as_string() == "range");
  CHECK(lines[0].at("watch").to_number<std::int64_t>() == id);
  auto woken = 0;
  stream.live->on_more([&] { ++woken; });
  see(served, 3, "8.8.4.4");
  CHECK(woken == 1);
  lines = lines_of(*stream.live, last);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("id").to_number<int>() == 3);
  served.clock.advance(std::chrono::hours{2});
  CHECK(lines_of(*stream.live, last).empty());
  CHECK(last == net::LiveBody::Step::end);
}

TEST_CASE("a reader's stream has nothing of a watch marked RED, its owner's has") {
  auto served = Served{};
  add(served, "analyst", R"({"values":["8.8.4.4"],"tlp":"red","past":false})");
  auto const follow = net::HttpFields{{"follow", "true"}};
  auto const reader = served.ask("reader", "GET", "/api/v1/watches/answers", {}, follow);
  auto const analyst = served.ask("analyst", "GET", "/api/v1/watches/answers", {}, follow);
  see(served, 1, "8.8.4.4");
  auto last = net::LiveBody::Step::end;
  CHECK(lines_of(*reader.live, last).empty());
  CHECK(lines_of(*analyst.live, last).size() == 1);
  CHECK(served.ask("reader", "GET", "/api/v1/watches/answers").body.empty());
  CHECK(served.ask("reader", "POST", "/api/v1/watches", R"({"values":["8.8.4.4"],"tlp":"red"})").status == 403);
}

TEST_CASE("watching is forgotten when it is taken back") {
  auto served = Served{};
  auto const id = add(served, "reader", R"({"values":["8.8.4.4"],"past":false})");
  CHECK(served.ask("analyst", "POST", fmt::format("/api/v1/watches/{}/remove", id)).status == 403);
  CHECK(served.ask("reader", "POST", fmt::format("/api/v1/watches/{}/remove", id)).status == 200);
  see(served, 1, "8.8.4.4");
  CHECK(served.ask("reader", "GET", "/api/v1/watches/answers").body.empty());
  CHECK(served.ask("reader", "GET", fmt::format("/api/v1/watches/{}", id)).status == 404);
}
