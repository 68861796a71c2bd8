// Answers made piece by piece: each piece when the one before was taken, the connection kept, cut off where it fails.
#include <atomic>

#include <doctest/doctest.h>

#include "net/http.hpp"
#include "support/raw_client.hpp"

using namespace noroshi;
using namespace noroshi::net;
using noroshi::test::RawClient;

namespace {

constexpr auto kDeadline = std::chrono::seconds{30};

/// `count` pieces of `bytes` letters, each the next of the alphabet.
class Letters final : public PiecedBody {
public:
  Letters(int count, std::size_t bytes, std::atomic<int> &made) : count_(count), bytes_(bytes), made_(made) {}
  auto next(std::string &to) -> bool override {
    if (made_ == fails_at) throw std::runtime_error{"a defect"};
    to.append(bytes_, static_cast<char>('a' + made_ % 26));
    return ++made_ < count_;
  }
  int fails_at = -1;

private:
  int count_;
  std::size_t bytes_;
  std::atomic<int> &made_;
};

struct PiecedServer {
  explicit PiecedServer(int count, std::size_t bytes, int fails_at = -1) {
    auto options = HttpServerOptions{};
    options.listen = {{model::IpAddress::v4(0x7f00'0001), 0}};
    options.workers = 1;
    auto created = HttpServer::create(std::move(options), [this, count, bytes, fails_at](HttpRequest &request) {
      auto response = HttpResponse{};
      response.body = "first ";
      if (request.path == "/plain") return response;
      made = 0;
      auto const body = std::make_shared<Letters>(count, bytes, made);
      body->fails_at = fails_at;
      response.pieces = body;
      return response;
    });
    if (!created) throw std::runtime_error{created.error().sentence};
    server = *std::move(created);
  }
  [[nodiscard]] auto address() const -> std::string { return server->bound().front().to_string(); }
  std::atomic<int> made = 0;
  std::unique_ptr<HttpServer> server;
};

auto asking(std::string method, std::string path) -> HttpRequest {
  auto request = HttpRequest{};
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

auto streamed(PiecedServer &server, std::string &body) -> Result<HttpResponse> {
  return http_stream(server.address(), asking("GET", "/"), kDeadline, [&](std::string_view piece) -> Result<void> {
    body += piece;
    return ok;
  });
}

}  // namespace

TEST_CASE("an answer in pieces arrives whole, what was there first in front") {
  auto server = PiecedServer{3, 100'000};
  auto expected = "first " + std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c');
  auto const whole = http_call(server.address(), asking("GET", "/"), kDeadline);
  REQUIRE(whole);
  CHECK(whole->body == expected);
  auto body = std::string{};
  auto const response = streamed(server, body);
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body.empty());
  CHECK(body == expected);
}

TEST_CASE("the connection is kept behind an answer in pieces, and ends it where the client knows no chunks") {
  auto server = PiecedServer{2, 3};
  auto client = RawClient{server.server->bound().front().port};
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  auto const first = client.read_until("0\r\n\r\n");
  CHECK(first.find("Transfer-Encoding: chunked") != std::string::npos);
  CHECK(first.find("6\r\nfirst \r\n3\r\naaa\r\n3\r\nbbb\r\n0\r\n\r\n") != std::string::npos);
  client.send("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client.read_until("first ").find("200 OK") != std::string::npos);
  auto old = RawClient{server.server->bound().front().port};
  old.send("GET / HTTP/1.0\r\n\r\n");
  auto const all = old.read_all().text;
  CHECK(all.ends_with("\r\n\r\nfirst aaabbb"));
  CHECK(all.find("chunked") == std::string::npos);
}

TEST_CASE("no more pieces are made than a client takes") {
  auto server = PiecedServer{10'000, 1 << 20};
  auto client = RawClient{server.server->bound().front().port};
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  (void)client.read_until("first ");
  // One worker: who asks now is answered in between, although the other answer never ends.
  for (auto i = 0; i < 20; ++i) CHECK(http_call(server.address(), asking("GET", "/plain"), kDeadline)->status == 200);
  CHECK(server.made < 100);
}

TEST_CASE("an answer that fails half way is cut off, so that nobody takes it for the whole") {
  auto server = PiecedServer{5, 10, 3};
  auto body = std::string{};
  auto const response = streamed(server, body);
  CHECK_FALSE(response);
  CHECK(body == "first aaaaaaaaaabbbbbbbbbbcccccccccc");
}

TEST_CASE("whoever takes the pieces can end the reading; a refusal is no piece") {
  auto server = PiecedServer{5, 10};
  auto const ended = http_stream(server.address(), asking("GET", "/"), kDeadline,
                                 [](std::string_view) -> Result<void> { return fail(ErrorCode::conflict, "enough"); });
  CHECK(ended.error().sentence == "enough");
}

TEST_CASE("a server that stops ends an answer in pieces") {
  auto server = PiecedServer{1'000'000, 1 << 16};
  auto client = RawClient{server.server->bound().front().port};
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  (void)client.read_until("first ");
  server.server.reset();
  CHECK(server.made < 1'000'000);
}
