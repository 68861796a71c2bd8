// A question of 1,000 mixed values over HTTP, as a program asks it: one kept connection, JSON both ways, every hit with
// its contexts, names, enrichment and assessment; half of the values known, then none. Beside Redis, which gives back
// stored text for the same keys with one MGET over the same loopback.
//
// search_bench [INDICATORS]: one million where it is not said; NOROSHI_BENCH_INDICATORS says it for ./dev bench.
#include <algorithm>
#include <filesystem>
#include <random>

#include "base/packs.hpp"
#include "bench/redis_peer.hpp"
#include "bench/search_values.hpp"
#include "net/http.hpp"
#include "serve/router.hpp"
#include "tests/support/fake_stores.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

constexpr auto kValues = std::size_t{1'000};
// A Redis of more would hold several times what the machine has left.
constexpr auto kMostInRedis = std::uint64_t{10'000'000};
using std::chrono::steady_clock;

/// A node's API on loopback: the real server, router, endpoints, catalogue and store.
class Api {
public:
  explicit Api(FilledStore &store) {
    auto const packs = std::string{NOROSHI_SOURCE_DIR "/packs"};
    where_ = must(understand::Where::create({packs + "/lists", {}, {}}, config_));
    never_ = must(understand::NeverList::create(packs + "/never", config_));
    router_ = std::make_unique<serve::Router>(serve::Services{.indicators = *store.indicators,
                                                              .observations = observations_,
                                                              .catalogue = *store.catalogue,
                                                              .config = config_,
                                                              .clock = system_clock(),
                                                              .tail = tail_,
                                                              .intake = {},
                                                              .apply_changes = {},
                                                              .backup = {},
                                                              .running_state = {},
                                                              .other_metrics = {},
                                                              .rules = nullptr,
                                                              .where = where_.get(),
                                                              .never = never_.get(),
                                                              .import = {},
                                                              .peer = {}},
                                              must(search::Sentences::load(packs + "/text")));
    auto options = net::HttpServerOptions{};
    options.listen = {{model::IpAddress::v4(0x7f00'0001), 0}};
    auto const administrator = must(store.catalogue->local_administrator());
    key_ = must(store.catalogue->add_key(administrator.name, "bench", {}, administrator));
    server_ = must(net::HttpServer::create(std::move(options),
                                           [this](net::HttpRequest &request) { return router_->handle(request); }));
  }
  [[nodiscard]] auto port() const -> std::uint16_t { return server_->bound().front().port; }
  [[nodiscard]] auto key() const -> std::string const & { return key_; }

private:
  Config config_;
  understand::LiveTail tail_;
  test::FakeObservations observations_;
  std::unique_ptr<understand::Where> where_;
  std::unique_ptr<understand::NeverList> never_;
  std::unique_ptr<serve::Router> router_;
  std::string key_;
  std::unique_ptr<net::HttpServer> server_;
};

/// The numbers of one question: every other value is known, or none is.
auto question(std::mt19937_64 &random, std::uint64_t indicators, bool half_known) -> std::vector<std::uint64_t> {
  auto numbers = std::vector<std::uint64_t>(kValues);
  for (auto i = std::size_t{0}; i < kValues; ++i) {
    auto const known = half_known && i % 2 == 0;
    numbers[i] = random() % indicators + (known ? 0 : indicators);
  }
  return numbers;
}

auto http_request(Api const &api, std::vector<std::uint64_t> const &numbers) -> std::string {
  auto body = std::string{"{\"values\":["};
  for (auto const number : numbers) body.append("\"").append(nth_value(number).text).append("\",");
  body.back() = ']';
  body += '}';
  return fmt::format(
             "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
             "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
             api.key(), body.size()) +
         body;
}

/// Reads one whole answer with a length.
void read_answer(BlockingClient &client, std::string &answer) {
  answer.clear();
  auto end = std::string::npos;
  while ((end = answer.find("\r\n\r\n")) == std::string::npos) client.receive(answer);
  auto const length = answer.find("Content-Length: ");
  if (length > end) fail("an answer without a length");
  auto const whole = end + 4 + std::strtoul(answer.c_str() + length + 16, nullptr, 10);
  while (answer.size() < whole) client.receive(answer);
}

auto known_in(std::string_view answer) -> std::size_t {
  auto count = std::size_t{0};
  for (auto at = answer.find("\"known\":true"); at != std::string_view::npos;
       at = answer.find("\"known\":true", at + 1))
    ++count;
  return count;
}

struct Times {
  std::vector<double> each;  // ms
  void add(steady_clock::duration spent) { each.push_back(std::chrono::duration<double, std::milli>(spent).count()); }
  auto at(double part) -> double {
    std::ranges::sort(each);
    return each[std::min(each.size() - 1, static_cast<std::size_t>(part * static_cast<double>(each.size())))];
  }
  auto text() -> std::string { return fmt::format("p50 {:6.3f} ms   p99 {:6.3f} ms", at(0.5), at(0.99)); }
};

/// Whether each answer has as many known values as it should.
auto ask_node(Api const &api, std::uint64_t indicators, std::size_t requests, bool half_known) -> bool {
  auto random = std::mt19937_64{1};
  auto client = BlockingClient{api.port()};
  auto answer = std::string{};
  auto times = Times{};
  auto bytes = std::size_t{0};
  auto right = true;
  for (auto i = std::size_t{0}; i < requests + requests / 10; ++i) {
    auto const request = http_request(api, question(random, indicators, half_known));
    auto const start = steady_clock::now();
    client.send(request);
    read_answer(client, answer);
    // The first tenth warms up.
    if (i >= requests / 10) times.add(steady_clock::now() - start);
    right = right && answer.starts_with("HTTP/1.1 200") && known_in(answer) == (half_known ? kValues / 2 : 0);
    bytes = answer.size();
  }
  fmt::print("  noroshi, {:<11} {}   {} requests, {} KiB each answer, counts {}\n",
             half_known ? "half known" : "all absent", times.text(), requests, bytes >> 10, right ? "right" : "WRONG");
  return right;
}

void fill(RedisPeer &redis, std::uint64_t indicators) {
  // What a node says of a hit, without what it thinks of it.
  constexpr auto kText = std::string_view{
      R"({"match":"exact","source":"feed/one","attribute":"ip-dst","first_seen":"2026-01-01T00:00:00Z","last_seen":)"
      R"("2026-02-01T00:00:00Z","count":3,"confidence":50,"role":"c2","direction":"outbound","evidence":"observed",)"
      R"("collected_by":"feed","to_ids":true,"tags":["botnet","mirai"],"tlp":"green"})"};
  constexpr auto kAtOnce = std::uint64_t{1'000};
  for (auto first = std::uint64_t{0}; first < indicators; first += kAtOnce) {
    auto const count = std::min(kAtOnce, indicators - first);
    redis.begin_store(count);
    for (auto number = first; number < first + count; ++number) redis.store(nth_value(number).text, kText);
    redis.end_store();
  }
}

auto ask_redis(RedisPeer &redis, std::uint64_t indicators, std::size_t requests, bool half_known) -> bool {
  auto random = std::mt19937_64{1};
  auto answer = std::string{};
  auto times = Times{};
  auto right = true;
  for (auto i = std::size_t{0}; i < requests + requests / 10; ++i) {
    auto command = fmt::format("*{}\r\n$4\r\nMGET\r\n", kValues + 1);
    for (auto const number : question(random, indicators, half_known)) append_bulk(command, nth_value(number).text);
    auto const start = steady_clock::now();
    auto const found = redis.ask(command, kValues, answer);
    if (i >= requests / 10) times.add(steady_clock::now() - start);
    right = right && found == (half_known ? kValues / 2 : 0);
  }
  fmt::print("  redis,   {:<11} {}   MGET of the same keys, stored text, counts {}\n",
             half_known ? "half known" : "all absent", times.text(), right ? "right" : "WRONG");
  return right;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const indicators = std::max<std::uint64_t>(kValues, size_asked(argc, argv));
  auto const requests = argc > 1 && std::string_view{argv[1]} == "--small" ? std::size_t{20} : std::size_t{2'000};
  auto const scratch = test::TemporaryFolder{};
  auto const &folder = scratch.path();
  auto right = true;
  {
    auto store = FilledStore{folder, indicators};
    auto const api = Api{store};
    fmt::print("{} values of {} indicators a question, one connection\n", kValues, indicators);
    for (auto const half_known : {true, false}) right = ask_node(api, indicators, requests, half_known) && right;
  }
  if (indicators <= kMostInRedis) {
    auto redis = RedisPeer{};
    if (redis.available()) {
      fill(redis, indicators);
      for (auto const half_known : {true, false}) right = ask_redis(redis, indicators, requests, half_known) && right;
    } else {
      fmt::print("  redis-server is not installed\n");
    }
  }
  return right ? 0 : 1;
}
