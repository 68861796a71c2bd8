#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "net/http.hpp"
#include "support/raw_client.hpp"
#include "support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::net;
using noroshi::test::RawClient;
using noroshi::test::TemporaryFolder;

namespace {

auto loopback() -> HttpServerOptions {
  auto options = HttpServerOptions{};
  options.listen = {{model::IpAddress::v4(0x7f00'0001), 0}};
  return options;
}

/// Tells back what it was asked.
auto echo(HttpRequest &request) -> HttpResponse {
  auto response = HttpResponse{};
  response.content_type = "text/plain";
  response.headers.emplace_back("Noroshi-Method", request.method);
  response.body =
      fmt::format("{} {} x={} body={}", request.method, request.path, request.parameter("x"), request.body.size());
  return response;
}

auto started(HttpServerOptions options, HttpHandler handler) -> std::unique_ptr<HttpServer> {
  auto server = HttpServer::create(std::move(options), std::move(handler));
  REQUIRE_MESSAGE(server.has_value(), (server ? "" : server.error().sentence));
  return *std::move(server);
}

auto address_of(HttpServer const &server) -> std::string {
  return "127.0.0.1:" + std::to_string(server.bound().at(0).port);
}

auto asking(std::string method, std::string path) -> HttpRequest {
  auto request = HttpRequest{};
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

constexpr auto kDeadline = std::chrono::seconds{20};

}  // namespace

TEST_CASE("the server hands method, path, query, headers and body to the handler and sends its answer back") {
  auto const server = started(loopback(), echo);
  auto request = asking("POST", "/a b");
  request.query = {{"x", "1&2"}};
  request.body = std::string(100'000, 'y');
  auto const response = http_call(address_of(*server), request, kDeadline);
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->content_type == "text/plain");
  CHECK(response->body == "POST /a b x=1&2 body=100000");
  auto found = false;
  for (auto const &[name, value] : response->headers) found = found || (name == "noroshi-method" && value == "POST");
  CHECK(found);
}

TEST_CASE("a connection is kept for further requests, pipelined ones too, and HEAD has no body") {
  auto const server = started(loopback(), echo);
  auto const client = RawClient{server->bound()[0].port};
  client.send("HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  auto const both = client.read_until("GET /2 x= body=0");
  CHECK(both.find("GET /2 x= body=0") != std::string::npos);
  CHECK(both.find("HEAD /1 x=") == std::string::npos);
  client.send("GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  auto const last = client.read_all();
  CHECK(last.text.find("GET /3") != std::string::npos);
  CHECK(last.closed);
}

TEST_CASE("over a Unix socket the handler learns the caller's user id, and only the owner may open the file") {
  auto const folder = TemporaryFolder{};
  auto options = HttpServerOptions{};
  options.unix_path = folder / "api.sock";
  auto uid = std::optional<std::uint32_t>{};
  {
    auto const server = started(options, [&](HttpRequest &request) {
      uid = request.peer_uid;
      return HttpResponse{};
    });
    struct stat file{};
    REQUIRE(::stat(options.unix_path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    auto const response = http_call(options.unix_path, asking("GET", "/"), kDeadline);
    REQUIRE(response);
    CHECK(uid == ::geteuid());
  }
  CHECK_FALSE(std::filesystem::exists(options.unix_path));
}

TEST_CASE("a stale socket file is replaced, a living one and a foreign file are left alone with a clear error") {
  auto const folder = TemporaryFolder{};
  auto options = HttpServerOptions{};
  options.unix_path = folder / "api.sock";
  auto const first = started(options, echo);
  auto const second = HttpServer::create(options, echo);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::conflict);
  CHECK(http_call(options.unix_path, asking("GET", "/"), kDeadline));

  // A node that was killed leaves its file behind: a bound socket that nobody listens on any more.
  auto copy = options;
  copy.unix_path = folder / "stale.sock";
  std::ofstream{folder / "file.sock"} << "mine";
  auto foreign = options;
  foreign.unix_path = folder / "file.sock";
  auto const refused = HttpServer::create(foreign, echo);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(std::filesystem::file_size(foreign.unix_path) == 4);

  auto const dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  auto address = sockaddr_storage{};
  address.ss_family = AF_UNIX;
  copy.unix_path.copy(reinterpret_cast<char *>(&address) + sizeof(sa_family_t), copy.unix_path.size());
  REQUIRE(::bind(dead, reinterpret_cast<sockaddr *>(&address), static_cast<socklen_t>(2 + copy.unix_path.size() + 1)) ==
          0);
  ::close(dead);
  REQUIRE(std::filesystem::exists(copy.unix_path));
  auto const again = started(copy, echo);
  CHECK(http_call(copy.unix_path, asking("GET", "/"), kDeadline));
}

TEST_CASE("an address in use is a conflict that names it") {
  auto const first = started(loopback(), echo);
  auto options = loopback();
  options.listen = first->bound();
  auto const second = HttpServer::create(options, echo);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::conflict);
  CHECK(second.error().sentence.find(first->bound()[0].to_string()) != std::string::npos);
}

TEST_CASE("an address that other machines reach is refused while there is no TLS") {
  for (auto const address : {model::IpAddress::v4(0), model::IpAddress::v4(0x0a00'0001), model::IpAddress{},
                             model::IpAddress{0, 2}, model::IpAddress{0, 0x7f00'0001}}) {
    auto options = HttpServerOptions{};
    options.listen = {{address, 0}};
    auto const server = HttpServer::create(options, echo);
    REQUIRE_FALSE(server);
    CHECK(server.error().code == ErrorCode::malformed);
    CHECK(server.error().sentence.find("TLS") != std::string::npos);
  }
}

TEST_CASE("a body past the limit is answered 413, announced or chunked, and the client reads the answer") {
  auto options = loopback();
  options.max_body_bytes = 1000;
  auto const server = started(options, echo);
  auto request = asking("POST", "/");
  request.body = std::string(3'000'000, 'x');
  auto const response = http_call(address_of(*server), request, kDeadline);
  REQUIRE_MESSAGE(response.has_value(), (response ? "" : response.error().sentence));
  CHECK(response->status == 413);
  CHECK(response->content_type == "application/problem+json");

  auto const client = RawClient{server->bound()[0].port};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (auto i = 0; i < 20; ++i) client.send("64\r\n" + std::string(100, 'c') + "\r\n");
  CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 413"));
}

TEST_CASE("a header past 16 KiB is answered 431, and what is not HTTP 400") {
  auto const server = started(loopback(), echo);
  auto const large = RawClient{server->bound()[0].port};
  large.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'h') + "\r\n\r\n");
  CHECK(large.read_until("\r\n\r\n").starts_with("HTTP/1.1 431"));
  for (auto const *bytes : {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                            "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"}) {
    auto const client = RawClient{server->bound()[0].port};
    client.send(bytes);
    CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 400"));
  }
}

TEST_CASE("connections past the cap are turned away with 503, and there is room again when one leaves") {
  auto options = loopback();
  options.max_connections = 2;
  auto const server = started(options, echo);
  auto const port = server->bound()[0].port;
  auto held = std::vector<RawClient>{};
  for (auto i = 0; i < 2; ++i) {
    held.emplace_back(port);
    held.back().send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(held.back().read_until("body=0").starts_with("HTTP/1.1 200"));
  }
  auto const third = RawClient{port};
  auto const turned_away = third.read_all();
  CHECK(turned_away.text.starts_with("HTTP/1.1 503"));
  CHECK(turned_away.closed);

  held.back().send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(held.back().read_all().closed);
  held.pop_back();
  // The server forgets the connection right after closing it: asked again until then, within the deadline.
  auto status = 0U;
  auto const give_up = std::chrono::steady_clock::now() + kDeadline;
  while (status != 200 && std::chrono::steady_clock::now() < give_up) {
    auto const response = http_call(address_of(*server), asking("GET", "/"), kDeadline);
    if (response) status = response->status;
  }
  CHECK(status == 200);
}

TEST_CASE("a client that does not send its whole request in time is cut off") {
  auto options = loopback();
  options.idle_timeout = std::chrono::seconds{1};
  auto const server = started(options, echo);
  auto const slow_header = RawClient{server->bound()[0].port};
  auto const slow_body = RawClient{server->bound()[0].port};
  slow_header.send("GET / HTTP/1.1\r\nHo");
  slow_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(slow_header.read_all().closed);
  CHECK(slow_body.read_all().closed);
}

TEST_CASE("a large body is asked about before it is sent, and a caller that is refused gets the answer at once") {
  auto options = loopback();
  options.may_send_body = [](HttpRequest const &header) -> std::optional<HttpResponse> {
    if (header.header("authorization") == "known") return std::nullopt;
    auto response = HttpResponse{};
    response.status = 403;
    response.body = header.body.empty() ? "stranger" : "body read";
    return response;
  };
  auto const server = started(options, echo);
  for (auto const *length : {"Content-Length: 50331648", "Transfer-Encoding: chunked"}) {
    auto const client = RawClient{server->bound()[0].port};
    client.send(fmt::format("POST / HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n", length));
    auto const answer = client.read_until("stranger");
    CHECK(answer.starts_with("HTTP/1.1 403"));
    CHECK(answer.ends_with("stranger"));
  }
  auto request = asking("POST", "/");
  request.body = std::string(kUnaskedBodyBytes, 'y');
  CHECK(http_call(address_of(*server), request, kDeadline)->status == 200);
  request.body = std::string(100'000, 'y');
  CHECK(http_call(address_of(*server), request, kDeadline)->status == 403);
  request.headers.emplace_back("authorization", "known");
  CHECK(http_call(address_of(*server), request, kDeadline)->body == "POST / x= body=100000");
}

TEST_CASE("bodies that are announced and do not come hold up nobody's large body") {
  auto options = loopback();
  options.max_body_bytes = 1'000'000;
  auto const server = started(options, echo);
  auto request = asking("POST", "/");
  request.body = std::string(200'000, 'y');
  auto held = std::vector<RawClient>{};
  for (auto i = 0; i < 8; ++i) {
    held.emplace_back(server->bound()[0].port);
    // The server says that it waits for the body.
    held.back().send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n");
    REQUIRE(held.back().read_until("\r\n\r\n").starts_with("HTTP/1.1 100"));
  }
  CHECK(http_call(address_of(*server), request, kDeadline)->status == 200);
}

TEST_CASE("no more than four bodies of the largest size are held at once, small ones beside them") {
  auto entered = std::atomic<int>{0};
  auto release = std::promise<void>{};
  auto const released = release.get_future().share();
  auto options = loopback();
  options.max_body_bytes = 1'000'000;
  options.workers = 5;
  auto const server = started(options, [&](HttpRequest &request) {
    if (request.path == "/held") {
      ++entered;
      entered.notify_all();
      released.wait_for(kDeadline);
    }
    return HttpResponse{};
  });
  auto const whole =
      fmt::format("POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{}", std::string(1'000'000, 'z'));
  auto held = std::vector<RawClient>{};
  for (auto i = 0; i < 4; ++i) {
    held.emplace_back(server->bound()[0].port).send(whole);
    entered.wait(i);
  }
  auto request = asking("POST", "/");
  request.body = std::string(200'000, 'y');
  CHECK(http_call(address_of(*server), request, kDeadline)->status == 503);
  request.body.resize(50'000);
  CHECK(http_call(address_of(*server), request, kDeadline)->status == 200);
  release.set_value();
  for (auto const &client : held) CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  request.body.resize(200'000);
  CHECK(http_call(address_of(*server), request, kDeadline)->status == 200);
}

TEST_CASE("a body of which nothing more comes is given up before the whole request's time is over") {
  auto options = loopback();
  options.idle_timeout = std::chrono::seconds{3600};
  options.body_stall = std::chrono::milliseconds{100};
  auto const server = started(options, echo);
  auto const client = RawClient{server->bound()[0].port};
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(client.read_all().closed);
}

TEST_CASE("answers that are known later hold no worker, and a server that ends waits for them") {
  auto options = loopback();
  options.workers = 1;
  auto mutex = std::mutex{};
  auto waiting = std::vector<std::function<void(HttpResponse)>>{};
  auto server = started(options, [&](HttpRequest &request) {
    auto response = HttpResponse{};
    if (request.path == "/later")
      response.later = [&](std::function<void(HttpResponse)> answer) {
        auto const lock = std::lock_guard{mutex};
        waiting.push_back(std::move(answer));
      };
    return response;
  });
  auto clients = std::vector<RawClient>{};
  for (auto i = 0; i < 3; ++i)
    clients.emplace_back(server->bound()[0].port).send("GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  auto const all_wait = [&] {
    auto const lock = std::lock_guard{mutex};
    return waiting.size() == clients.size();
  };
  while (!all_wait()) CHECK(http_call(address_of(*server), asking("GET", "/"), kDeadline)->status == 200);
  auto ending = std::thread{[&] { server.reset(); }};
  for (auto const &answer : waiting) {
    auto response = HttpResponse{};
    response.body = "known now";
    answer(std::move(response));
  }
  for (auto const &client : clients) CHECK(client.read_all().text.ends_with("known now"));
  ending.join();
}

TEST_CASE("a handler that throws becomes a 500 that does not tell why, and the connection goes on") {
  auto const server = started(loopback(), [](HttpRequest &request) -> HttpResponse {
    if (request.path == "/bad") throw std::runtime_error{"secret inside"};
    return HttpResponse{};
  });
  auto const client = RawClient{server->bound()[0].port};
  client.send("GET /bad HTTP/1.1\r\nHost: x\r\n\r\nGET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  auto const text = client.read_all().text;
  CHECK(text.starts_with("HTTP/1.1 500"));
  CHECK(text.find("secret") == std::string::npos);
  CHECK(text.find("HTTP/1.1 200") != std::string::npos);
}

TEST_CASE("stopping waits for the running handler and sends its answer, and closes idle connections") {
  auto entered = std::atomic<bool>{false};
  auto mutex = std::mutex{};
  auto wake = std::condition_variable{};
  auto release = false;
  auto server = started(loopback(), [&](HttpRequest &) {
    auto lock = std::unique_lock{mutex};
    entered = true;
    wake.notify_all();
    wake.wait_for(lock, kDeadline, [&] { return release; });
    return HttpResponse{};
  });
  auto const idle = RawClient{server->bound()[0].port};
  auto const busy = RawClient{server->bound()[0].port};
  busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  {
    auto lock = std::unique_lock{mutex};
    REQUIRE(wake.wait_for(lock, kDeadline, [&] { return entered.load(); }));
  }
  auto stopper = std::thread{[&] { server.reset(); }};
  CHECK(idle.read_all().closed);
  {
    auto const lock = std::scoped_lock{mutex};
    release = true;
  }
  wake.notify_all();
  auto const answer = busy.read_all();
  stopper.join();
  CHECK(answer.text.starts_with("HTTP/1.1 200"));
  CHECK(answer.closed);
}

TEST_CASE("a call to nobody is unavailable and names where; a malformed address says what is expected") {
  auto const folder = TemporaryFolder{};
  auto const nobody = http_call(folder / "none.sock", asking("GET", "/"), kDeadline);
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == ErrorCode::unavailable);
  CHECK(nobody.error().sentence.find("none.sock") != std::string::npos);
  auto const wrong = http_call("example.org:80", asking("GET", "/"), kDeadline);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::malformed);
}

TEST_CASE("a call whose answer does not come in time is timed out") {
  auto mutex = std::mutex{};
  auto wake = std::condition_variable{};
  auto release = false;
  auto const server = started(loopback(), [&](HttpRequest &) {
    auto lock = std::unique_lock{mutex};
    wake.wait_for(lock, kDeadline, [&] { return release; });
    return HttpResponse{};
  });
  auto const response = http_call(address_of(*server), asking("GET", "/"), std::chrono::seconds{1});
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::timed_out);
  auto const lock = std::scoped_lock{mutex};
  release = true;
  wake.notify_all();
}
