#include "serve/router.hpp"

#include <unistd.h>

#include <doctest/doctest.h>

#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::header;
using noroshi::test::object_of;
using noroshi::test::Served;

namespace {

auto over_socket(Served &served, std::uint32_t uid, std::string authorization = {}) -> net::HttpResponse {
  auto request = net::HttpRequest{};
  request.method = "GET";
  request.path = "/api/v1/users";
  request.peer_uid = uid;
  if (!authorization.empty()) request.headers.emplace_back("authorization", std::move(authorization));
  return served.router->handle(request);
}

}  // namespace

TEST_CASE("without a key, or with a wrong one, the answer is 401 and says how to send one") {
  auto served = Served{};
  auto const none = served.ask("", "GET", "/api/v1/status");
  CHECK(none.status == 401);
  CHECK(header(none, "WWW-Authenticate").starts_with("Bearer"));
  CHECK(object_of(none).at("detail").as_string().find("Authorization: Bearer") != boost::json::string::npos);
  CHECK(served.ask("nonsense", "GET", "/api/v1/status").status == 401);
  for (auto const *sent : {"Basic nrs_admin", "Bearer", "Bearer ", "nrs_admin", "Bearer nrs_admin x"})
    CHECK(served.ask("", "GET", "/api/v1/status", {}, {}, {{"authorization", sent}}).status == 401);
  CHECK(served.ask("", "GET", "/api/v1/status", {}, {}, {{"authorization", "bearer nrs_admin"}}).status == 200);
}

TEST_CASE("who may not send a large body is told so before it is sent") {
  auto served = Served{};
  auto const asked = [&](std::string_view as, std::string method, std::string path) {
    auto header = net::HttpRequest{};
    header.method = std::move(method);
    header.path = std::move(path);
    if (!as.empty()) header.headers.emplace_back("authorization", "Bearer nrs_" + std::string{as});
    auto const refused = served.router->refusal_of_body(header);
    return refused ? refused->status : 0U;
  };
  for (auto const *path : {"/api/v1/batches", "/api/v1/import"}) {
    CHECK(asked("", "POST", path) == 401);
    CHECK(asked("nonsense", "POST", path) == 401);
    CHECK(asked("reader", "POST", path) == 403);
    CHECK(asked("admin", "POST", path) == 0);
    CHECK(asked("admin", "GET", path) == 405);
  }
  CHECK(asked("", "GET", "/healthz") == 413);
  CHECK(asked("", "POST", "/nowhere") == 404);
}

TEST_CASE("over the Unix socket the node's own user and root administrate, others need a key, and a key goes first") {
  auto served = Served{};
  CHECK(over_socket(served, ::geteuid()).status == 200);
  CHECK(over_socket(served, 0).status == 200);
  CHECK(over_socket(served, ::geteuid() + 12345).status == 401);
  CHECK(over_socket(served, ::geteuid() + 12345, "Bearer nrs_admin").status == 200);
  CHECK(over_socket(served, ::geteuid(), "Bearer nrs_reader").status == 403);
  CHECK(over_socket(served, ::geteuid(), "Bearer wrong").status == 401);
}

TEST_CASE("an unknown path is 404, a known one with another method 405 with the methods it takes") {
  auto served = Served{};
  CHECK(served.ask("admin", "GET", "/api/v1/nothing").status == 404);
  CHECK(served.ask("admin", "GET", "").status == 404);
  CHECK(served.ask("admin", "GET", "/api/v1/ips/").status == 404);
  CHECK(served.ask("admin", "GET", "/api/v1/ips/8.8.8.8/more").status == 404);
  CHECK(served.ask("admin", "GET", std::string(100'000, '/')).status == 404);
  auto const wrong_method = served.ask("admin", "DELETE", "/api/v1/users");
  CHECK(wrong_method.status == 405);
  CHECK(header(wrong_method, "Allow") == "GET, POST");
}

TEST_CASE("HEAD is answered like GET") {
  auto served = Served{};
  CHECK(served.ask("", "HEAD", "/healthz").status == 200);
}

TEST_CASE("an error is told as problem details with the status that fits its code") {
  auto served = Served{};
  auto const response = served.ask("reader", "GET", "/api/v1/ips/not-an-address");
  CHECK(response.status == 400);
  CHECK(response.content_type == "application/problem+json");
  auto const problem = object_of(response);
  CHECK(problem.at("type") == "about:blank");
  CHECK(problem.at("title") == "Bad Request");
  CHECK(problem.at("status") == 400);
  CHECK(problem.at("code") == "malformed");
  CHECK(problem.at("detail").as_string().find("not-an-address") != boost::json::string::npos);
}

TEST_CASE("answers are neither cached nor guessed at") {
  auto served = Served{};
  auto const response = served.ask("reader", "GET", "/api/v1/ips/8.8.8.8");
  CHECK(header(response, "Cache-Control") == "no-store");
  CHECK(header(response, "X-Content-Type-Options") == "nosniff");
}

TEST_CASE("sentences come in the language asked for, by parameter or by header") {
  auto served = Served{};
  auto const sentence = [](net::HttpResponse const &response) {
    return std::string{object_of(response).at("reasons").as_array().at(0).as_object().at("sentence").as_string()};
  };
  CHECK(sentence(served.ask("reader", "GET", "/api/v1/ips/8.8.8.8")) == "Nothing is known about it.");
  CHECK(sentence(served.ask("reader", "GET", "/api/v1/ips/8.8.8.8", {}, {{"lang", "ja"}})) == "何も知られていない。");
  CHECK(sentence(served.ask("reader", "GET", "/api/v1/ips/8.8.8.8", {}, {}, {{"accept-language", "ja-JP"}})) ==
        "何も知られていない。");
}

TEST_CASE("the sentence of a defect stays in the log") {
  auto served = Served{};
  served.running = "not json";
  CHECK(served.ask("reader", "GET", "/api/v1/status").status == 200);
}
