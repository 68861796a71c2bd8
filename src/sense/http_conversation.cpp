#include "sense/http_conversation.hpp"

#include <algorithm>
#include <string>

#include "codec/http.hpp"
#include "codec/tls_hello.hpp"
#include "sense/http_notes.hpp"
#include "sense/tls_hello_note.hpp"

namespace noroshi::sense {
namespace {

/// Requests on one connection; common servers close after a thousand as well.
constexpr auto kMaxRequests = 1000;
/// Common servers refuse more than 1 MiB.
constexpr auto kMaxBody = std::uint64_t{1} << 20;
/// A whole head must come within this after its last byte; slower is a hold-open attack.
constexpr auto kHeadQuiet = std::chrono::seconds{60};

/// What stands at the front of the unread bytes.
struct Front {
  enum class Kind : std::uint8_t {
    head,    // of a request, `size` bytes
    broken,  // a head that did not come whole (which is noted)
    tls,     // the beginning of TLS, at the plain door
  };
  Kind kind = Kind::broken;
  std::size_t size = 0;
};

auto find_front(Visit &visit, HttpDoor door) -> Task<Result<Front>> {
  auto searched = std::size_t{0};
  while (true) {
    auto const wanted = searched + 1;
    CO_TRY(auto const fresh, co_await visit.peek(wanted, kHeadQuiet));
    auto const bytes = visit.unread();
    if (door == HttpDoor::plain && codec::tls::begins_tls(bytes)) co_return Front{Front::Kind::tls};
    if (auto const size = codec::http::head_size(bytes, searched)) co_return Front{Front::Kind::head, *size};
    if (bytes.empty()) co_return Error{ErrorCode::timed_out, "idle"};  // nothing begun: just close
    auto const too_large = bytes.size() > codec::http::kMaxHead;
    if (too_large || fresh.size() < wanted) {
      note_no_request(visit, bytes, too_large ? "head_too_large" : "incomplete_head");
      co_return Front{Front::Kind::broken};
    }
    searched = bytes.size();
  }
}

auto read_sized_body(Visit &visit, std::uint64_t left, HttpBody &body) -> Task<Result<void>> {
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

auto read_chunked_body(Visit &visit, HttpBody &body) -> Task<Result<void>> {
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

/// Sends it; true while the connection stays open.
auto send(Visit &visit, HttpPages::Answer answer) -> Task<Result<bool>> {
  if (!answer.bytes.empty()) CO_TRY_VOID(co_await visit.reply(answer.bytes));
  co_return !answer.close;
}

/// True while the connection stays open. `size` is that of the head, still unread.
auto serve_one(Visit &visit, HttpPages const &pages, HttpDoor door, std::size_t size) -> Task<Result<bool>> {
  CO_TRY(auto const read, co_await visit.read_exact(size));
  auto const bytes = std::string{read};  // the body's reads end the view
  auto head = codec::http::parse_head(bytes);
  if (!head) {
    note_no_request(visit, bytes, "no_request_line");
    auto refusing = send(visit, pages.refusal(400, visit.now(), door));
    co_return co_await std::move(refusing);
  }
  auto body = HttpBody{};
  auto const too_large = head->content_length.value_or(0) > kMaxBody;
  if (head->expects_continue && !too_large && door != HttpDoor::plain_at_tls)
    CO_TRY_VOID(co_await visit.reply("HTTP/1.1 100 Continue\r\n\r\n"));
  auto taking = head->chunked
                    ? read_chunked_body(visit, body)
                    : read_sized_body(visit, too_large ? HttpBody::kSample : head->content_length.value_or(0), body);
  auto const came = co_await std::move(taking);
  auto answer = too_large || body.size > kMaxBody ? pages.refusal(413, visit.now(), door)
                : body.malformed                  ? pages.refusal(400, visit.now(), door)
                                                  : pages.answer(*head, visit.now(), door);
  note_request(visit, *head, body, answer.status,
               door == HttpDoor::plain_at_tls ? "plain_http_to_https" : std::string_view{});
  note_logins(visit, pages, *head, body);
  if (!came) co_return came.error();
  auto sending = send(visit, std::move(answer));
  co_return co_await std::move(sending);
}

auto answer_tls(Visit &visit, HttpPages const &pages) -> Task<Result<bool>> {
  auto noting = note_client_hello(visit);
  CO_TRY_VOID(co_await std::move(noting));
  auto sending = send(visit, pages.answer_to_tls(visit.now()));
  co_return co_await std::move(sending);
}

auto answer_front(Visit &visit, HttpPages const &pages, HttpDoor door, Front front) -> Task<Result<bool>> {
  if (front.kind == Front::Kind::tls) return answer_tls(visit, pages);
  if (front.kind == Front::Kind::head) return serve_one(visit, pages, door, front.size);
  return send(visit, pages.refusal(400, visit.now(), door));
}

}  // namespace

auto converse_http(Visit &visit, HttpPages const &pages, HttpDoor door) -> Task<Result<void>> {
  for (auto turn = 0; turn < kMaxRequests; ++turn) {
    auto finding = find_front(visit, door);  // idle visitors wait here, so this frame is kept small
    CO_TRY(auto const front, co_await std::move(finding));
    auto exchange = answer_front(visit, pages, door, front);
    CO_TRY(auto const goes_on, co_await std::move(exchange));
    if (!goes_on) break;
  }
  co_return ok;
}

}  // namespace noroshi::sense
