#include "understand/webhooks.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "understand/answer_json.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<std::vector<std::string>> const allowed{
    "watch.webhook_allow", "", "host:port",
    "destinations that webhooks may post to beside public addresses over https: also over http, also inside"};

// Of one request: some ten KiB.
constexpr auto kAnswersAtOnce = std::size_t{100};
// Requests of one watch, and so long, before another watch has its turn.
constexpr auto kRequestsInARow = 10;
constexpr auto kTurn = std::chrono::seconds{20};
constexpr auto kDeadline = std::chrono::seconds{10};
// Threads that wait for receivers, a few 100 KB each.
constexpr auto kAtOnce = std::size_t{16};
// Of one owner, so that three of them with dead receivers leave room for a fourth; to one receiver one at a time.
constexpr auto kOfOneOwner = std::size_t{4};
constexpr auto kRound = std::chrono::seconds{1};
// A book that refuses is asked again after so long.
constexpr auto kRetry = std::chrono::seconds{5};
// From a second, doubled with each failure: a receiver that is back is found within the hour.
constexpr auto kMostBackOff = std::chrono::seconds{3600};
constexpr auto kMaxDoublings = 12U;

Counter const posts{"noroshi_webhook_posts_total", "requests that a webhook's receiver took"};
Counter const refusals{"noroshi_webhook_failures_total", "requests that a webhook's receiver did not take"};

auto is_allowed(net::WebUrl const &target, Config const &config) -> bool {
  auto const host = target.host.contains(':') ? "[" + target.host + "]" : target.host;
  auto const list = config.get(allowed);
  return std::ranges::find(list, fmt::format("{}:{}", host, target.port)) != list.end();
}

auto back_off(unsigned failures) -> Duration {
  return std::min<Duration>(std::chrono::seconds{1} * (1 << std::min(failures, kMaxDoublings)), kMostBackOff);
}

}  // namespace

auto check_webhook(std::string_view url, Config const &config) -> Result<void> {
  TRY(auto const target, net::parse_web_url(url));
  if (is_allowed(target, config)) return ok;
  if (!target.secure)
    return fail(ErrorCode::malformed,
                "a webhook must be https; where the operator trusts the way there: noroshi serve --set "
                "watch.webhook_allow={}:{}",
                target.host, target.port);
  if (auto const address = model::IpAddress::parse(target.host); address && address->is_special())
    return fail(ErrorCode::malformed,
                "a webhook must not lead to {}, which is no public address; where the operator wants it: noroshi serve "
                "--set watch.webhook_allow={}:{}",
                target.host, target.host, target.port);
  return ok;
}

void Webhooks::start() {
  if (!thread_.joinable()) thread_ = std::jthread{[this](std::stop_token const &stop) { run(stop); }};
}

void Webhooks::stop() {
  thread_ = {};                                                       // is asked to stop, and waited for
  for (auto const &flight : flights_) flight->thread.request_stop();  // all at the same time
  flights_.clear();
}

void Webhooks::run(std::stop_token const &stop) {
  while (!stop.stop_requested()) {
    auto pause = Duration{kRound};
    if (auto const done = set_off(); !done) {
      log_error("webhooks: {}; next try in {} s", done.error().sentence, kRetry.count());
      pause = kRetry;
    }
    auto lock = std::unique_lock{mutex_};
    landed_.wait_for(lock, stop, pause, [this] { return any_landed_; });
    any_landed_ = false;
    std::erase_if(flights_, [](auto const &flight) { return flight->is_over; });
  }
}

auto Webhooks::may_set_off(model::DueWebhook const &due, std::string_view receiver) const -> bool {
  auto of_owner = std::size_t{0};
  for (auto const &flight : flights_) {
    if (flight->watch == due.watch.id) return false;
    if (flight->owner != due.owner.user) continue;
    if (flight->receiver == receiver) return false;
    ++of_owner;
  }
  return of_owner < kOfOneOwner;
}

/// Those that failed least go first: a first try does not wait behind receivers that are known to be dead.
auto Webhooks::set_off() -> Result<void> {
  if (flights_.size() >= kAtOnce) return ok;
  TRY(auto all, book_.due_webhooks(clock_.now()));
  std::ranges::sort(all, {}, [](model::DueWebhook const &due) { return std::pair{due.watch.failures, due.watch.id}; });
  for (auto &due : all) {
    if (flights_.size() >= kAtOnce) return ok;
    auto const target = net::parse_web_url(due.watch.webhook);
    auto receiver = target ? fmt::format("{}:{}", target->host, target->port) : std::string{};
    if (!may_set_off(due, receiver)) continue;
    auto &flight = *flights_.emplace_back(std::make_unique<Flight>());
    flight.watch = due.watch.id;
    flight.owner = due.owner.user;
    flight.receiver = std::move(receiver);
    auto fly = [this, &flight, due = std::move(due)](std::stop_token const &stop) {
      if (auto const done = deliver(due, stop); !done)
        log_error("the webhook of watch {}: {}", due.watch.id.number, done.error().sentence);
      {
        auto const lock = std::lock_guard{mutex_};
        flight.is_over = any_landed_ = true;
      }
      landed_.notify_all();
    };
    try {
      flight.thread = std::jthread{std::move(fly)};
    } catch (std::system_error const &error) {  // as many threads as this process may have
      flights_.pop_back();
      return fail(ErrorCode::unavailable, "no thread for a webhook: {}", error.what());
    }
  }
  return ok;
}

auto Webhooks::deliver(model::DueWebhook const &due, std::stop_token const &stop) -> Result<void> {
  auto through = due.watch.delivered;
  auto const until = std::chrono::steady_clock::now() + kTurn;
  for (auto round = 0; round < kRequestsInARow && std::chrono::steady_clock::now() < until; ++round) {
    TRY(auto const page, book_.answers(through, due.watch.id, kAnswersAtOnce, due.owner));
    if (!page.answers.empty()) {
      if (auto const sent = send(due, page.answers, stop); !sent) {
        if (stop.stop_requested()) return ok;  // not the receiver's failure
        refusals.add();
        return book_.note_refused(due.watch.id, sent.error().sentence, clock_.now() + back_off(due.watch.failures));
      }
      posts.add();
    }
    if (page.through == through) return ok;
    through = page.through;
    TRY_VOID(book_.note_delivered(due.watch.id, through));
    if (!page.more) return ok;
  }
  return ok;
}

auto Webhooks::send(model::DueWebhook const &due, std::vector<model::WatchAnswer> const &answers,
                    std::stop_token const &stop) -> Result<void> {
  TRY_VOID(check_webhook(due.watch.webhook, config_));  // the operator may have changed his mind
  TRY(auto const target, net::parse_web_url(due.watch.webhook));
  auto names = AnswerNames{catalogue_, due.owner};
  auto body = std::string{};
  auto json = codec::JsonWriter{body};
  auto const delivery = fmt::format("{}-{}-{}", due.watch.id.number, answers.front().id, answers.back().id);
  json.begin_object().member("delivery", delivery).member("watch", due.watch.id.number).key("answers").begin_array();
  for (auto const &answer : answers) {
    json.begin_object();
    write_answer(json, answer, names);
    json.end_object();
  }
  json.end_array().end_object();
  auto const seconds = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  auto const signature = net::hmac_sha256(due.secret, fmt::format("{}.{}", seconds, body));
  auto const trusted = is_allowed(target, config_);
  TRY(auto const status,
      net::post(target, std::move(body),
                {.headers = {{"content-type", "application/json"},
                             {"noroshi-delivery", delivery},
                             {"noroshi-signature", fmt::format("t={},v1={}", seconds, signature)}},
                 .deadline = kDeadline,
                 .permits = [trusted](model::IpAddress const &address) { return trusted || !address.is_special(); },
                 .stop = stop}));
  if (status < 200 || status >= 300)
    return fail(ErrorCode::unavailable, "{} answered with status {}{}", target.host, status,
                status >= 300 && status < 400 ? "; redirects are not followed" : "");
  return ok;
}

}  // namespace noroshi::understand
