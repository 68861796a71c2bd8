// HTTPS: keeps the ClientHello, holds the handshake with the persona's certificate, then the persona's HTTP.
#include <boost/json.hpp>

#include "codec/tls_hello.hpp"
#include "sense/decoy.hpp"
#include "sense/http_conversation.hpp"
#include "sense/tls_hello_note.hpp"
#include "sense/tls_stream.hpp"

namespace noroshi::sense {
namespace {

/// A client that connects and stays silent is as patient as a browser's spare connection.
constexpr auto kFirstByte = std::chrono::seconds{60};

// Not inlined: an Observation on the coroutine's frame would cost every silent session half a kilobyte.
[[gnu::noinline]] void note_handshake(Visit &visit) {
  auto const agreed = visit.tls()->agreed();
  auto extra = boost::json::object{{"version", agreed.version}, {"cipher", agreed.cipher}};
  if (!agreed.alpn.empty()) extra["alpn"] = agreed.alpn;
  if (agreed.resumed) extra["resumed"] = true;
  auto const words = boost::json::serialize(extra);
  auto seen = model::Observation{};
  seen.kind = model::Kind::negotiation;
  seen.extra = words;
  seen.set(model::Field::protocol, std::string_view{"tls"});
  visit.note(seen);
}

/// In OpenSSL's words: "no shared cipher", "tlsv1 alert unknown ca".
[[gnu::noinline]] void note_problem(Visit &visit) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::malformed;
  seen.set(model::Field::protocol, std::string_view{"tls"})
      .set(model::Field::reason, std::string_view{visit.tls()->problem()});
  visit.note(seen);
}

class HttpsDecoy final : public Decoy {
public:
  [[nodiscard]] auto usual_persona() const -> std::string_view override { return "nginx"; }
  [[nodiscard]] auto sections() const -> std::vector<std::string_view> override { return {"http", "tls"}; }

  auto dress(Persona const &persona) -> Result<void> override {
    TRY(pages_, HttpPages::create(persona));
    TRY(context_, TlsContext::create(persona));
    return ok;
  }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    CO_TRY(auto const first, co_await visit.peek(1, kFirstByte));
    if (first.empty()) co_return ok;
    auto const is_tls = codec::tls::begins_tls(first) || codec::tls::begins_ssl2(first);
    auto conversation = is_tls ? inside_tls(visit) : converse_http(visit, pages_, HttpDoor::plain_at_tls);
    co_return co_await std::move(conversation);
  }

private:
  auto inside_tls(Visit &visit) const -> Task<Result<void>> {
    {
      auto noting = note_client_hello(visit);  // whose frame goes before the conversation begins
      CO_TRY_VOID(co_await std::move(noting));
    }
    auto const begun = co_await visit.start_tls(context_);
    auto outcome = Result<void>{ok};
    if (begun) {
      note_handshake(visit);
      auto conversation = converse_http(visit, pages_, HttpDoor::tls);
      outcome = co_await std::move(conversation);
    }
    if (!visit.tls()->problem().empty()) note_problem(visit);
    co_return begun ? outcome : begun;
  }

  HttpPages pages_;
  TlsContext context_;
};

Registered<Decoy, HttpsDecoy> const https{"https"};

}  // namespace
}  // namespace noroshi::sense
