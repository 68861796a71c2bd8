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
// Requests of one watch before the next watch has its turn.
constexpr auto kRequestsInARow = 10;
constexpr auto kDeadline = std::chrono::seconds{10};
// From a second, doubled with each failure: a receiver that is back is found within the hour.
constexpr auto kMostBackOff = std::chrono::seconds{3600};
constexpr auto kMaxDoublings = 12U;

Counter const posts{"noroshi_webhook_posts_total", "requests that a webhook's receiver took"};
Counter const refusals{"noroshi_webhook_failures_total", "requests that a webhook's receiver did not take"};

auto is_allowed(net::PostTarget const &target, Config const &config) -> bool {
  auto const host = target.host.contains(':') ? "[" + target.host + "]" : target.host;
  auto const list = config.get(allowed);
  return std::ranges::find(list, fmt::format("{}:{}", host, target.port)) != list.end();
}

auto back_off(unsigned failures) -> Duration {
  return std::min<Duration>(std::chrono::seconds{1} * (1 << std::min(failures, kMaxDoublings)), kMostBackOff);
}

}  // namespace

auto check_webhook(std::string_view url, Config const &config) -> Result<void> {
  TRY(auto const target, net::parse_post_target(url));
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

auto Webhooks::deliver(std::atomic<bool> const &stopping) -> Result<void> {
  TRY(auto const all, book_.due_webhooks(clock_.now()));
  for (auto const &due : all) {
    if (stopping) return ok;
    TRY_VOID(deliver_one(due));
  }
  return ok;
}

auto Webhooks::deliver_one(model::DueWebhook const &due) -> Result<void> {
  auto through = due.watch.delivered;
  for (auto round = 0; round < kRequestsInARow; ++round) {
    TRY(auto const page, book_.answers(through, due.watch.id, kAnswersAtOnce, due.owner));
    if (!page.answers.empty()) {
      if (auto const sent = send(due, page.answers); !sent) {
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

auto Webhooks::send(model::DueWebhook const &due, std::vector<model::WatchAnswer> const &answers) -> Result<void> {
  TRY_VOID(check_webhook(due.watch.webhook, config_));  // the operator may have changed his mind
  TRY(auto const target, net::parse_post_target(due.watch.webhook));
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
                 .permits = [trusted](model::IpAddress const &address) { return trusted || !address.is_special(); }}));
  if (status < 200 || status >= 300)
    return fail(ErrorCode::unavailable, "{} answered with status {}{}", target.host, status,
                status >= 300 && status < 400 ? "; redirects are not followed" : "");
  return ok;
}

}  // namespace noroshi::understand
