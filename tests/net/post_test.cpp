// Posting where a user said: only to permitted addresses, no redirect followed, whatever the receiver answers.
#include "net/post.hpp"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

using namespace noroshi;
using net::HttpRequest;
using net::HttpResponse;

namespace {

struct Receiver {
  explicit Receiver(HttpResponse answer) {
    auto made = net::HttpServer::create({.listen = {{model::IpAddress::v4(0x7f00'0001), 0}}, .workers = 1},
                                        [this, answer](HttpRequest &request) {
                                          ++calls;
                                          last = request;
                                          return answer;
                                        });
    if (!made) FAIL(made.error().sentence);
    server = *std::move(made);
  }
  [[nodiscard]] auto url(std::string_view host = "127.0.0.1") const -> std::string {
    return fmt::format("http://{}:{}/hook?x=%20", host, server->bound().front().port);
  }
  std::atomic<int> calls{0};
  HttpRequest last;
  std::unique_ptr<net::HttpServer> server;
};

auto send(std::string const &url, bool permits) -> Result<unsigned> {
  TRY(auto const target, net::parse_web_url(url));
  return net::post(target, "{}",
                   {.headers = {{"noroshi-delivery", "1-2-3"}},
                    .deadline = std::chrono::seconds{20},
                    .permits = [permits](model::IpAddress const &) { return permits; }});
}

}  // namespace

TEST_CASE("a body is posted with its headers, and the status comes back, whatever it is") {
  for (auto const status : {200U, 204U, 404U, 500U}) {
    auto response = HttpResponse{};
    response.status = status;
    auto receiver = Receiver{response};
    auto const sent = send(receiver.url(), true);
    REQUIRE_MESSAGE(sent, sent.error().sentence);
    CHECK(*sent == status);
    CHECK(receiver.last.method == "POST");
    CHECK(receiver.last.path == "/hook");
    CHECK(receiver.last.parameter("x") == " ");
    CHECK(receiver.last.body == "{}");
    CHECK(receiver.last.header("noroshi-delivery") == "1-2-3");
  }
}

TEST_CASE("a post that is to stop does not wait for a receiver that never answers") {
  auto loop = boost::asio::io_context{};
  auto silent = boost::asio::ip::tcp::acceptor{loop, {boost::asio::ip::address_v4::loopback(), 0}};
  auto const target = net::parse_web_url(fmt::format("http://127.0.0.1:{}/", silent.local_endpoint().port()));
  REQUIRE(target);
  auto sent = Result<unsigned>{200U};
  auto connection = boost::asio::ip::tcp::socket{loop};  // stays open until the post is over
  auto const began = std::chrono::steady_clock::now();
  {
    auto posting = std::jthread{[&](std::stop_token const &stop) {
      sent =
          net::post(*target, "{}",
                    {.deadline = std::chrono::seconds{60}, .permits = [](auto const &) { return true; }, .stop = stop});
    }};
    silent.accept(connection);
  }
  CHECK_FALSE(sent);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{30});
}

TEST_CASE("a redirect is an answer, and is not followed") {
  auto response = HttpResponse{};
  response.status = 307;
  response.headers.emplace_back("Location", "/elsewhere");
  auto receiver = Receiver{response};
  CHECK(*send(receiver.url(), true) == 307);
  CHECK(receiver.calls == 1);
}

TEST_CASE("an address that is not permitted is not called, by number or by name") {
  auto receiver = Receiver{{}};
  for (auto const *host : {"127.0.0.1", "localhost"}) {
    auto const sent = send(receiver.url(host), false);
    REQUIRE_FALSE(sent);
    CHECK(sent.error().code == ErrorCode::denied);
  }
  CHECK(receiver.calls == 0);
}

TEST_CASE("a receiver that is gone is unavailable, one that does not speak TLS too") {
  auto url = std::string{};
  {
    auto receiver = Receiver{{}};
    url = receiver.url();
    CHECK(send("https" + url.substr(4), true).error().code == ErrorCode::unavailable);
  }
  CHECK(send(url, true).error().code == ErrorCode::unavailable);
}

TEST_CASE("what is no URL of the web is malformed and says what it lacks") {
  for (auto const *bad : {"", "ftp://example.com/", "https://", "https://user@example.com/", "https://example.com:0/",
                          "https://example.com:99999/", "https://exa mple.com/", "https:///x", "http://a\nb/"})
    CHECK(net::parse_web_url(bad).error().code == ErrorCode::malformed);
  CHECK(net::parse_web_url("https://" + std::string(3'000, 'a')).error().code == ErrorCode::malformed);
  auto const target = net::parse_web_url("https://[2001:db8::1]:8443?q#f");
  REQUIRE(target);
  CHECK(target->secure);
  CHECK(target->host == "2001:db8::1");
  CHECK(target->port == 8443);
  CHECK(target->path == "/?q");
}

TEST_CASE("HMAC-SHA-256 is that of RFC 4231, test case 2") {
  CHECK(net::hmac_sha256("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
