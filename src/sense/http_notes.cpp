#include "sense/http_notes.hpp"

#include <boost/json.hpp>

#include "base/text.hpp"

namespace noroshi::sense {
namespace {

using codec::http::RequestHead;

/// All headers go into `extra`, which holds 32 KiB; a few long cookies must not push it out.
constexpr auto kMaxHeaderText = std::size_t{1} << 10;
constexpr auto kMaxHeadersText = std::size_t{20} << 10;

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

auto extra_json(RequestHead const &head, HttpBody const &body, std::string_view problem, std::string_view through)
    -> std::string {
  auto extra = boost::json::object{{"version", head.minor_version == 9   ? "0.9"
                                               : head.minor_version == 1 ? "1.1"
                                                                         : "1.0"}};
  extra["headers"] = headers_json(head);
  if (!through.empty()) extra["through"] = through;
  if (!head.query.empty()) extra["query"] = lossless_utf8(head.query.substr(0, HttpBody::kSample));
  if (body.size > 0) extra["body_bytes"] = body.size;
  if (head.problems != 0 || !problem.empty()) {
    auto &problems = extra["problems"].emplace_array();
    if (!problem.empty()) problems.push_back(boost::json::value(problem));
    for (auto const name : codec::http::names(head.problems)) problems.push_back(boost::json::value(name));
  }
  return boost::json::serialize(extra);
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

}  // namespace

void note_request(Visit &visit, RequestHead const &head, HttpBody &body, unsigned status, std::string_view problem,
                  std::string_view through) {
  auto const extra = extra_json(head, body, problem, through);
  auto const sha256 = body.size > 0 ? body.digest.hex() : std::string{};
  auto seen = model::Observation{};
  seen.kind = model::Kind::request;
  seen.extra = extra;
  seen.set(model::Field::method, head.method).set(model::Field::path, head.target);
  if (status != 0) seen.set(model::Field::status, std::int64_t{status});
  if (!head.host.empty()) seen.set(model::Field::host, head.host);
  if (auto const agent = head.header("user-agent"); !agent.empty()) seen.set(model::Field::user_agent, agent);
  if (body.size > 0) seen.set(model::Field::payload, std::string_view{body.sample}).set(model::Field::sha256, sha256);
  visit.note(seen);
}

void note_logins(Visit &visit, HttpPages const &pages, RequestHead const &head, HttpBody const &body) {
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

void note_no_request(Visit &visit, std::string_view bytes, std::string_view reason) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::malformed;
  seen.set(model::Field::protocol, std::string_view{"http"})
      .set(model::Field::reason, reason)
      .set(model::Field::payload, bytes.substr(0, HttpBody::kSample));
  visit.note(seen);
}

}  // namespace noroshi::sense
