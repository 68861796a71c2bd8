// HTTP/1.1: reads every request as far as it makes sense, records it whole, and answers as the persona's server would.
#include <algorithm>
#include <optional>
#include <string>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/http.hpp"
#include "sense/decoy.hpp"
#include "sense/http_pages.hpp"
#include "sense/sha256.hpp"

namespace noroshi::sense {
namespace {

using codec::http::RequestHead;

/// Requests on one connection; common servers close after a thousand as well.
constexpr auto kMaxRequests = 1000;
/// Kept of a body; its size and hash are of the whole.
constexpr auto kBodySample = std::size_t{4} << 10;
/// Common servers refuse more than 1 MiB.
constexpr auto kMaxBody = std::uint64_t{1} << 20;
/// A whole head must come within this after its last byte; slower is a hold-open attack.
constexpr auto kHeadQuiet = std::chrono::seconds{60};
/// All headers go into `extra`, which holds 32 KiB; a few long cookies must not push it out.
constexpr auto kMaxHeaderText = std::size_t{1} << 10;
constexpr auto kMaxHeadersText = std::size_t{20} << 10;

struct Body {
  std::string sample;
  std::uint64_t size = 0;
  Sha256 digest;
  bool malformed = false;

  void add(std::string_view bytes) {
    digest.add(bytes);
    size += bytes.size();
    sample.append(bytes.substr(0, kBodySample - std::min(kBodySample, sample.size())));
  }
};

auto headers_json(RequestHead const &head) -> boost::json::array {
  auto headers = boost::json::array{};
  auto room = kMaxHeadersText;
  for (auto const &[name, value] : head.headers) {
    auto const kept = value.substr(0, kMaxHeaderText);
    if (room < name.size() + kept.size()) break;
    room -= name.size() + kept.size();
    headers.push_back(boost::json::array{lossless_utf8(name.substr(0, kMaxHeaderText)), lossless_utf8(kept)});
  }
  return headers;
}

auto extra_json(RequestHead const &head, Body const &body) -> std::string {
  auto extra = boost::json::object{{"version", head.minor_version == 9   ? "0.9"
                                               : head.minor_version == 1 ? "1.1"
                                                                         : "1.0"}};
  extra["headers"] = headers_json(head);
  if (!head.query.empty()) extra["query"] = lossless_utf8(head.query.substr(0, kBodySample));
  if (body.size > 0) extra["body_bytes"] = body.size;
  if (head.problems != 0) {
    auto &problems = extra["problems"].emplace_array();
    for (auto const name : codec::http::names(head.problems)) problems.push_back(boost::json::value(name));
  }
  return boost::json::serialize(extra);
}

void note_request(Visit &visit, RequestHead const &head, Body &body, unsigned status) {
  auto const extra = extra_json(head, body);
  auto const sha256 = body.size > 0 ? body.digest.hex() : std::string{};
  auto seen = model::Observation{};
  seen.kind = model::Kind::request;
  seen.extra = extra;
  seen.set(model::Field::method, head.method)
      .set(model::Field::path, head.target)
      .set(model::Field::status, std::int64_t{status});
  if (!head.host.empty()) seen.set(model::Field::host, head.host);
  if (auto const agent = head.header("user-agent"); !agent.empty()) seen.set(model::Field::user_agent, agent);
  if (body.size > 0) seen.set(model::Field::payload, std::string_view{body.sample}).set(model::Field::sha256, sha256);
  visit.note(seen);
}

void note_login(Visit &visit, codec::http::FormField const &pair) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::login;
  seen.set(model::Field::protocol, std::string_view{"http"})
      .set(model::Field::username, std::string_view{pair.name})
      .set(model::Field::password, std::string_view{pair.value})
      .set(model::Field::accepted, std::int64_t{0});
  visit.note(seen);
}

void note_logins(Visit &visit, HttpPages const &pages, RequestHead const &head, Body const &body) {
  if (auto const pair = codec::http::basic_credentials(head.header("authorization"))) note_login(visit, *pair);
  auto const &login = pages.login();
  if (login.path.empty() || head.method != "POST" || head.path != login.path) return;
  auto pair = codec::http::FormField{};
  auto found = false;
  for (auto &[name, value] : codec::http::parse_form(body.sample)) {
    if (name == login.user_field) pair.name = value;
    if (name == login.password_field) pair.value = value;
    found |= name == login.user_field || name == login.password_field;
  }
  if (found) note_login(visit, pair);
}

// Not inlined: an Observation on the coroutine's frame would cost every silent session half a kilobyte.
[[gnu::noinline]] void note_malformed(Visit &visit, std::string_view bytes, std::string_view reason) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::malformed;
  seen.set(model::Field::protocol, std::string_view{"http"})
      .set(model::Field::reason, reason)
      .set(model::Field::payload, bytes.substr(0, kBodySample));
  visit.note(seen);
}

/// Bytes of the next head, still unread; nothing where it does not come whole (which is noted).
auto find_head(Visit &visit) -> Task<Result<std::optional<std::size_t>>> {
  auto searched = std::size_t{0};
  while (true) {
    auto const wanted = searched + 1;
    CO_TRY(auto const fresh, co_await visit.peek(wanted, kHeadQuiet));
    auto const bytes = visit.unread();
    if (auto const size = codec::http::head_size(bytes, searched)) co_return size;
    if (bytes.empty()) co_return Error{ErrorCode::timed_out, "idle"};  // nothing begun: just close
    auto const too_large = bytes.size() > codec::http::kMaxHead;
    if (too_large || fresh.size() < wanted) {
      note_malformed(visit, bytes, too_large ? "head_too_large" : "incomplete_head");
      co_return std::optional<std::size_t>{};
    }
    searched = bytes.size();
  }
}

auto read_sized_body(Visit &visit, std::uint64_t left, Body &body) -> Task<Result<void>> {
  while (left > 0) {
    CO_TRY(auto const peeked, co_await visit.peek(1, kHeadQuiet));
    if (peeked.empty()) co_return ok;
    auto const size = std::min<std::uint64_t>(left, visit.unread().size());
    CO_TRY(auto const bytes, co_await visit.read_exact(size));
    body.add(bytes);
    left -= bytes.size();
  }
  co_return ok;
}

auto read_chunked_body(Visit &visit, Body &body) -> Task<Result<void>> {
  auto chunked = codec::http::ChunkedBody{};
  auto decoded = std::string{};
  while (!chunked.done() && body.size <= kMaxBody) {
    CO_TRY(auto const peeked, co_await visit.peek(1, kHeadQuiet));
    if (peeked.empty()) co_return ok;
    auto rest = visit.unread();
    auto const before = rest.size();
    auto const fed = chunked.feed(rest, decoded);
    body.add(decoded);
    decoded.clear();
    auto const used = before - rest.size();
    CO_TRY_VOID(co_await visit.read_exact(used));
    body.malformed = !fed;
    if (!fed) co_return ok;
  }
  co_return ok;
}

class HttpDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "nginx"; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(pages_, HttpPages::create(persona));
    return ok;
  }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    for (auto turn = 0; turn < kMaxRequests; ++turn) {
      auto finding = find_head(visit);  // idle visitors wait here, so this frame is kept small
      CO_TRY(auto const size, co_await std::move(finding));
      auto exchange = size ? serve_one(visit, *size) : refuse(visit, 400);
      CO_TRY(auto const goes_on, co_await std::move(exchange));
      if (!goes_on) break;
    }
    co_return ok;
  }

private:
  /// True while the connection stays open. `size` is that of the head, still unread.
  auto serve_one(Visit &visit, std::size_t size) const -> Task<Result<bool>> {
    CO_TRY(auto const read, co_await visit.read_exact(size));
    auto const bytes = std::string{read};  // the body's reads end the view
    auto head = codec::http::parse_head(bytes);
    if (!head) {
      note_malformed(visit, bytes, "no_request_line");
      auto refusing = refuse(visit, 400);
      co_return co_await std::move(refusing);
    }
    auto body = Body{};
    auto const too_large = head->content_length.value_or(0) > kMaxBody;
    if (head->expects_continue && !too_large) CO_TRY_VOID(co_await visit.reply("HTTP/1.1 100 Continue\r\n\r\n"));
    auto reading = head->chunked
                       ? read_chunked_body(visit, body)
                       : read_sized_body(visit, too_large ? kBodySample : head->content_length.value_or(0), body);
    auto const came = co_await std::move(reading);
    auto const answer = too_large || body.size > kMaxBody ? pages_.refusal(413, visit.now())
                        : body.malformed                  ? pages_.refusal(400, visit.now())
                                                          : pages_.answer(*head, visit.now());
    note_request(visit, *head, body, answer.status);
    note_logins(visit, pages_, *head, body);
    if (!came) co_return came.error();
    CO_TRY_VOID(co_await visit.reply(answer.bytes));
    co_return !answer.close;
  }

  auto refuse(Visit &visit, unsigned status) const -> Task<Result<bool>> {
    auto const answer = pages_.refusal(status, visit.now());
    CO_TRY_VOID(co_await visit.reply(answer.bytes));
    co_return false;
  }

  HttpPages pages_;
};

Registered<Decoy, HttpDecoy> const http{"http"};

}  // namespace
}  // namespace noroshi::sense
