#include "net/fetch.hpp"

#include <doctest/doctest.h>

#include "net/http.hpp"

namespace noroshi::net {
namespace {

/// A server of lists, and its URL.
struct Lists {
  std::unique_ptr<HttpServer> server;
  std::string url;
  explicit Lists(HttpHandler handler) {
    auto options = HttpServerOptions{};
    options.listen = {{*model::IpAddress::parse("127.0.0.1"), 0}};
    auto made = HttpServer::create(std::move(options), std::move(handler));
    REQUIRE(made);
    server = *std::move(made);
    url = "http://" + server->bound().front().to_string();
  }
};

}  // namespace

TEST_CASE("a document is fetched with its version, and is not fetched again while that stands") {
  auto const lists = Lists{[](HttpRequest &request) {
    auto response = HttpResponse{};
    response.content_type = "text/plain";
    response.headers = {{"ETag", "\"v1\""}, {"Last-Modified", "Fri, 20 Nov 2026 10:00:00 GMT"}};
    if (request.header("if-none-match") == "\"v1\"")
      response.status = 304;
    else
      response.body = request.path + "?" + std::string{request.parameter("a")};
    return response;
  }};
  auto const first = fetch(lists.url + "/tor.txt?a=b#fragment", {});
  REQUIRE(first);
  CHECK(first->body == "/tor.txt?b");
  CHECK(first->version.etag == "\"v1\"");
  CHECK(first->version.last_modified.contains("2026"));
  auto options = FetchOptions{};
  options.known = first->version;
  auto const second = fetch(lists.url + "/tor.txt", options);
  REQUIRE(second);
  CHECK(second->not_modified);
}

TEST_CASE("too large a document, another status, endless redirects and no server are errors that say so") {
  auto const lists = Lists{[](HttpRequest &request) {
    auto response = HttpResponse{};
    if (request.path == "/large") response.body = std::string(5'000, 'x');
    if (request.path == "/missing") response.status = 404;
    if (request.path == "/around") {
      response.status = 302;
      response.headers = {{"Location", "/around"}};
    }
    if (request.path == "/moved") {
      response.status = 301;
      response.headers = {{"Location", "/here"}};
    }
    if (request.path == "/here") response.body = "found";
    return response;
  }};
  auto options = FetchOptions{};
  options.max_bytes = 1'000;
  CHECK(fetch(lists.url + "/large", options).error().code == ErrorCode::too_large);
  CHECK(fetch(lists.url + "/missing", {}).error().sentence.contains("404"));
  CHECK(fetch(lists.url + "/around", {}).error().sentence.contains("redirects"));
  CHECK(fetch(lists.url + "/moved", {})->body == "found");
  CHECK(fetch("http://127.0.0.1:1/x", {}).error().code == ErrorCode::unavailable);
  // A server without TLS is not spoken to in plain text.
  auto secure = lists.url;
  secure.replace(0, 4, "https");
  CHECK(fetch(secure + "/here", {}).error().code == ErrorCode::unavailable);
}

TEST_CASE("what is no http or https URL is malformed") {
  for (auto const *url : {"", "ftp://example.com/", "http://", "http://user@example.com/", "http://a b/",
                          "file:///etc/passwd", "http://example.com/\r\nHost: x"})
    CHECK_MESSAGE(fetch(url, {}).error().code == ErrorCode::malformed, url);
}

}  // namespace noroshi::net
