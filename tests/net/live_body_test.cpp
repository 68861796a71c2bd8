// Answers without a known end: sent as they come, cut off where nobody reads, ended with the server.
#include <atomic>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "net/http.hpp"
#include "support/raw_client.hpp"

using namespace noroshi;
using namespace noroshi::net;
using noroshi::test::RawClient;

namespace {

/// Gives what was put in; counts how many of its kind are alive.
class Queue final : public LiveBody {
public:
  explicit Queue(std::atomic<int> &alive) : alive_(alive) { ++alive_; }
  ~Queue() override { --alive_; }
  void put(std::string bytes) {
    auto const lock = std::lock_guard{mutex_};
    waiting_ += bytes;
    if (wake_) wake_();
  }
  void finish() {
    auto const lock = std::lock_guard{mutex_};
    finished_ = true;
    if (wake_) wake_();
  }
  auto next(std::string &to) -> Step override {
    auto const lock = std::lock_guard{mutex_};
    to += waiting_;
    waiting_.clear();
    return finished_ ? Step::end : Step::waiting;
  }
  void on_more(std::function<void()> wake) override {
    auto const lock = std::lock_guard{mutex_};
    wake_ = std::move(wake);
  }
  [[nodiscard]] auto heartbeat() const -> std::string_view override { return "beat"; }

private:
  std::atomic<int> &alive_;
  std::mutex mutex_;
  std::string waiting_;
  bool finished_ = false;
  std::function<void()> wake_;
};

/// Never runs dry.
class Flood final : public LiveBody {
public:
  auto next(std::string &to) -> Step override {
    to.append(40'000, 'x');
    return Step::more;
  }
  void on_more(std::function<void()>) override {}
  [[nodiscard]] auto heartbeat() const -> std::string_view override { return "beat"; }
};

/// Looks and looks, and finds nothing to send.
class Seeker final : public LiveBody {
public:
  explicit Seeker(std::atomic<int> &alive) : alive_(alive) { ++alive_; }
  ~Seeker() override { --alive_; }
  auto next(std::string &) -> Step override {
    ++looks;
    return Step::more;
  }
  void on_more(std::function<void()>) override {}
  [[nodiscard]] auto heartbeat() const -> std::string_view override { return "beat"; }
  std::atomic<int> looks = 0;

private:
  std::atomic<int> &alive_;
};

struct Live {
  explicit Live(std::function<std::shared_ptr<LiveBody>()> make, HttpServerOptions options = {}) {
    options.listen = {{model::IpAddress::v4(0x7f00'0001), 0}};
    server = *HttpServer::create(std::move(options), [make = std::move(make)](HttpRequest &) {
      auto response = HttpResponse{};
      response.content_type = "text/event-stream";
      response.live = make();
      return response;
    });
  }
  [[nodiscard]] auto connect() const -> RawClient {
    auto client = RawClient{server->bound().at(0).port};
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return client;
  }
  std::unique_ptr<HttpServer> server;
};

/// Bounded: the callers' conditions come true within milliseconds on an idle machine.
template <class Condition>
auto comes_true(Condition const &condition) -> bool {
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition())
    if (std::chrono::steady_clock::now() > until) return false;
  return true;
}

}  // namespace

TEST_CASE("pieces of a live body arrive as chunks while it goes on, and the end ends the answer") {
  auto alive = std::atomic<int>{0};
  auto const body = std::make_shared<Queue>(alive);
  auto const live = Live{[&] { return body; }};
  auto const client = live.connect();
  body->put("first");
  auto const head = client.read_until("5\r\nfirst\r\n");
  CHECK(head.find("HTTP/1.1 200") == 0);
  CHECK(head.find("Transfer-Encoding: chunked") != std::string::npos);
  CHECK(head.ends_with("5\r\nfirst\r\n"));
  body->put("and more");
  CHECK(client.read_until("and more\r\n").ends_with("8\r\nand more\r\n"));
  body->finish();
  auto const rest = client.read_all();
  CHECK(rest.text == "0\r\n\r\n");
  CHECK(rest.closed);
}

TEST_CASE("where nothing comes a heartbeat finds out whether the reader is still there") {
  auto alive = std::atomic<int>{0};
  auto options = HttpServerOptions{};
  options.live_heartbeat = std::chrono::milliseconds{20};
  auto const live = Live{[&] { return std::make_shared<Queue>(alive); }, options};
  {
    auto const client = live.connect();
    CHECK(client.read_until("beat").find("beat") != std::string::npos);
    CHECK(alive == 1);
  }
  CHECK(comes_true([&] { return alive == 0; }));
}

TEST_CASE("a reader that takes nothing is cut off, while another one is served") {
  auto options = HttpServerOptions{};
  options.live_stall = std::chrono::milliseconds{200};
  auto const live = Live{[] { return std::make_shared<Flood>(); }, options};
  auto const slow = live.connect();
  auto const quick = live.connect();
  auto taken = std::size_t{0};
  while (taken < 3'000'000) taken += quick.read_until("xx").size();
  CHECK(taken >= 3'000'000);
  CHECK(comes_true([&] { return slow.read_all().closed; }));
}

TEST_CASE("more live bodies than allowed are refused, and a place comes free with its reader") {
  auto alive = std::atomic<int>{0};
  auto options = HttpServerOptions{};
  options.max_live = 1;
  options.live_heartbeat = std::chrono::milliseconds{20};
  auto const live = Live{[&] { return std::make_shared<Queue>(alive); }, options};
  {
    auto const first = live.connect();
    CHECK(first.read_until("beat").find("200 OK") != std::string::npos);
    CHECK(live.connect().read_until("}").find("503") != std::string::npos);
  }
  CHECK(comes_true([&] { return live.connect().read_until("\r\n").find("200") != std::string::npos; }));
}

TEST_CASE("a stream that finds nothing to send leaves the server to others, and ends with it") {
  auto alive = std::atomic<int>{0};
  auto const seeker = std::make_shared<Seeker>(alive);
  auto first = std::atomic<bool>{true};
  auto flood = std::make_shared<Flood>();
  auto live = Live{[&]() -> std::shared_ptr<LiveBody> {
    if (first.exchange(false)) return seeker;
    return flood;
  }};
  auto const seeking = live.connect();
  REQUIRE(comes_true([&] { return seeker->looks > 10; }));
  CHECK(live.connect().read_until("xxxx").find("200 OK") != std::string::npos);
  live.server.reset();
  CHECK(seeking.read_all().closed);
}

TEST_CASE("a server that stops does not wait for readers of live bodies") {
  auto alive = std::atomic<int>{0};
  auto live = Live{[&] { return std::make_shared<Queue>(alive); }};
  auto const client = live.connect();
  CHECK(comes_true([&] { return alive == 1; }));
  live.server.reset();
  CHECK(alive == 0);
}
