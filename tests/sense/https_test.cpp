#include <doctest/doctest.h>

#include "sense/cast.hpp"
#include "support/client_hello.hpp"
#include "support/scripted_visit.hpp"
#include "support/tls_client.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;
using model::Field;
using model::Kind;

auto cast() -> Cast const & {
  static auto const all = Cast::create(NOROSHI_SOURCE_DIR "/packs/personas", "");
  REQUIRE_MESSAGE(all, all.error().sentence);
  return *all;
}

/// A TLS client at a scripted visit.
class Meeting {
public:
  explicit Meeting(std::string_view decoy, std::string_view persona = {}, VisitLimits limits = {})
      : visit_(*cast().find(decoy, persona), cast().service(decoy), limits) {
    for (auto const &name : Registry<Decoy>::instance().names()) visit_.know(name, *cast().find(name, ""));
    visit_.start();
  }
  void connect() {
    visit_.send(client_.hello());
    exchange();
  }
  void say(std::string_view text) {
    visit_.send(client_.say(text));
    exchange();
  }
  /// Carries bytes to and fro until neither has more.
  void exchange() {
    while (true) {
      auto const fresh = visit_.output().substr(taken_);
      taken_ += fresh.size();
      auto const answer = client_.hear(fresh);
      if (answer.empty() && visit_.output().size() == taken_) return;
      if (!answer.empty() && !visit_.ended()) visit_.send(answer);
    }
  }
  auto visit() -> ScriptedVisit & { return visit_; }
  auto client() -> TlsClient & { return client_; }

private:
  TlsClient client_;
  ScriptedVisit visit_;
  std::size_t taken_ = 0;
};

constexpr auto kRequest = std::string_view{"GET /login HTTP/1.1\r\nHost: tower.example\r\n\r\n"};

auto extra_has(model::Observation const &seen, std::string_view text) -> bool {
  return seen.extra.find(text) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a TLS client gets the persona's HTTP, and hello, handshake and request are recorded") {
  auto meeting = Meeting{"https"};
  meeting.connect();
  REQUIRE(meeting.client().is_connected());
  meeting.say(kRequest);
  CHECK(meeting.client().heard().starts_with("HTTP/1.1 404 Not Found\r\nServer: nginx/1.22.1\r\n"));
  meeting.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(meeting.client().heard().find("Welcome to nginx!") != std::string::npos);
  CHECK(meeting.client().is_closed());
  REQUIRE(meeting.visit().ended());

  auto const hellos = meeting.visit().notes(Kind::hello);
  REQUIRE(hellos.size() == 1);
  CHECK(hellos[0].text(Field::sni) == "tower.example");
  CHECK(hellos[0].text(Field::ja3).size() == 32);
  CHECK(hellos[0].text(Field::ja4).starts_with("t13d"));
  CHECK(hellos[0].text(Field::payload).starts_with("\x16\x03\x01"));
  CHECK(extra_has(hellos[0], R"("versions":["TLS 1.3")"));
  auto const handshakes = meeting.visit().notes(Kind::negotiation);
  REQUIRE(handshakes.size() == 1);
  CHECK(extra_has(handshakes[0], R"("version":"TLSv1.3")"));
  auto const requests = meeting.visit().notes(Kind::request);
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].text(Field::path) == "/login");
  CHECK(requests[0].service == "https");
  auto const closed = meeting.visit().notes().back();
  CHECK(static_cast<std::size_t>(closed.number(Field::bytes_out)) == meeting.visit().output().size());
  CHECK(closed.text(Field::reason) == "decoy");
}

TEST_CASE("a hello that comes byte by byte, and a server that may write one byte at a time, change nothing") {
  auto meeting = Meeting{"https"};
  meeting.visit().write_at_most(1);
  for (auto const letter : meeting.client().hello()) meeting.visit().send({&letter, 1});
  meeting.exchange();
  REQUIRE(meeting.client().is_connected());
  for (auto const letter : meeting.client().say(kRequest)) meeting.visit().send({&letter, 1});
  meeting.exchange();
  CHECK(meeting.client().heard().starts_with("HTTP/1.1 404"));
  CHECK(meeting.visit().notes(Kind::hello).size() == 1);
}

TEST_CASE("the certificate says what the persona says, with a date as old as the device") {
  auto meeting = Meeting{"https", "router"};
  meeting.connect();
  REQUIRE(meeting.client().is_connected());
  CHECK(std::string{::SSL_get_version(meeting.client().connection())} == "TLSv1.2");
  auto const certificate = OpensslCertificate{::SSL_get1_peer_certificate(meeting.client().connection())};
  REQUIRE(certificate != nullptr);
  auto line = std::array<char, 512>{};
  ::X509_NAME_oneline(::X509_get_subject_name(certificate.get()), line.data(), line.size());
  CHECK(std::string_view{line.data()}.starts_with("/CN=gw-4a7d/O=Home Gateway/OU=Gateway "));
  CHECK(std::string_view{line.data()}.find('{') == std::string_view::npos);
  CHECK(::X509_NAME_cmp(::X509_get_subject_name(certificate.get()), ::X509_get_issuer_name(certificate.get())) == 0);
  CHECK(::X509_self_signed(certificate.get(), 1) == 1);
  CHECK(::X509_check_host(certificate.get(), "gw-4a7d", 0, 0, nullptr) == 1);
  auto begins = std::tm{};
  REQUIRE(::ASN1_TIME_to_tm(::X509_get0_notBefore(certificate.get()), &begins) == 1);
  CHECK(begins.tm_year == 119);
  CHECK(begins.tm_mon == 5);
  CHECK(begins.tm_mday == 18);
}

TEST_CASE("a handshake that cannot succeed is an observation with OpenSSL's reason, and the hello is kept") {
  auto meeting = Meeting{"https", "nginx"};
  ::SSL_CTX_set_security_level(meeting.client().context(), 0);
  ::SSL_CTX_set_min_proto_version(meeting.client().context(), TLS1_VERSION);
  ::SSL_CTX_set_max_proto_version(meeting.client().context(), TLS1_1_VERSION);
  meeting.connect();
  CHECK(!meeting.client().is_connected());
  REQUIRE(meeting.visit().ended());
  REQUIRE(meeting.visit().notes(Kind::hello).size() == 1);
  CHECK(meeting.visit().notes(Kind::hello)[0].text(Field::ja4).starts_with("t11d"));
  auto const broken = meeting.visit().notes(Kind::malformed);
  REQUIRE(broken.size() == 1);
  CHECK(broken[0].text(Field::reason) == "unsupported protocol");
  CHECK(meeting.visit().output().starts_with("\x15\x03"));  // an alert, as a real server sends
  CHECK(meeting.visit().ending() == Ending::decoy);
}

TEST_CASE("a client that offers only unknown ALPN names is turned away where the persona's server does that") {
  auto strict = Meeting{"https", "nginx"};
  ::SSL_CTX_set_alpn_protos(strict.client().context(), reinterpret_cast<unsigned char const *>("\2h9"), 3);
  strict.connect();
  REQUIRE(strict.visit().notes(Kind::malformed).size() == 1);
  CHECK(strict.visit().notes(Kind::malformed)[0].text(Field::reason) == "no application protocol");
  auto lax = Meeting{"https", "router"};
  ::SSL_CTX_set_alpn_protos(lax.client().context(), reinterpret_cast<unsigned char const *>("\2h9"), 3);
  lax.connect();
  CHECK(lax.client().is_connected());
}

TEST_CASE("a client that breaks TLS inside the conversation is recorded with the reason") {
  auto meeting = Meeting{"https"};
  meeting.connect();
  meeting.visit().send(std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x'));
  REQUIRE(meeting.visit().ended());
  auto const broken = meeting.visit().notes(Kind::malformed);
  REQUIRE(broken.size() == 1);
  CHECK(broken[0].text(Field::reason) == "decryption failed or bad record mac");
}

TEST_CASE("plain HTTP to the https port is answered as nginx answers it, and recorded as a request") {
  auto meeting = Meeting{"https", "nginx"};
  meeting.visit().send("GET /setup HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(meeting.visit().ended());
  CHECK(meeting.visit().output().starts_with("HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\n"));
  CHECK(meeting.visit().output().find("The plain HTTP request was sent to HTTPS port") != std::string::npos);
  auto const requests = meeting.visit().notes(Kind::request);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].text(Field::path) == "/setup");
  CHECK(requests[0].number(Field::status) == 400);
  CHECK(extra_has(requests[0], "plain_http_to_https"));

  auto silent = Meeting{"https", "router"};
  silent.visit().send("GET /setup HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(silent.visit().ended());
  CHECK(silent.visit().output().empty());
  CHECK(silent.visit().notes(Kind::request).size() == 1);
}

TEST_CASE("TLS to a plain http port is answered as nginx answers it, and its hello is fingerprinted") {
  auto meeting = Meeting{"http"};
  meeting.visit().send(noroshi::test::in_records(noroshi::test::usual_hello("tower.example")));
  REQUIRE(meeting.visit().ended());
  CHECK(meeting.visit().output().starts_with("HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\n"));
  auto const hellos = meeting.visit().notes(Kind::hello);
  REQUIRE(hellos.size() == 1);
  CHECK(hellos[0].service == "http");
  CHECK(hellos[0].text(Field::ja4) == "t13d1516h2_8daaf6152771_e5627efa2ab1");
  CHECK(hellos[0].text(Field::sni) == "tower.example");
  CHECK(meeting.visit().notes(Kind::malformed).empty());
}

TEST_CASE("TLS on the any port is handed to https") {
  auto meeting = Meeting{"any"};
  meeting.connect();
  REQUIRE(meeting.client().is_connected());
  meeting.say(kRequest);
  CHECK(meeting.client().heard().starts_with("HTTP/1.1 404"));
  auto const hellos = meeting.visit().notes(Kind::hello);
  REQUIRE(hellos.size() == 2);
  CHECK(hellos[0].service == "any");
  CHECK(hellos[1].service == "https");
  CHECK(hellos[1].has(Field::ja4));
}

TEST_CASE("a client cannot begin a second handshake, and rekeying without end meets the byte cap") {
  auto limits = VisitLimits{};
  limits.bytes_in = 20'000;
  auto meeting = Meeting{"https", "nginx", limits};
  meeting.connect();
  REQUIRE(meeting.client().is_connected());
  for (auto i = 0; i < 2'000 && !meeting.visit().ended(); ++i) {
    ::SSL_key_update(meeting.client().connection(), SSL_KEY_UPDATE_NOT_REQUESTED);
    (void)::SSL_do_handshake(meeting.client().connection());
    meeting.visit().send(meeting.client().hear({}));
  }
  REQUIRE(meeting.visit().ended());
  CHECK(meeting.visit().ending() == Ending::bytes_in);
  CHECK(meeting.visit().notes().back().number(Field::bytes_in) == 20'000);
}

TEST_CASE("a handshake that stops halfway ends at the idle deadline, and its hello is kept") {
  auto meeting = Meeting{"https"};
  meeting.visit().send(meeting.client().hello());
  CHECK(!meeting.visit().ended());
  meeting.visit().pass(std::chrono::seconds{61});
  REQUIRE(meeting.visit().ended());
  CHECK(meeting.visit().ending() == Ending::idle);
  CHECK(meeting.visit().notes(Kind::hello).size() == 1);
}

TEST_CASE("a hello without its end is kept as malformed") {
  auto meeting = Meeting{"https"};
  meeting.visit().send(meeting.client().hello().substr(0, 100));
  meeting.visit().pass(std::chrono::seconds{11});
  auto const broken = meeting.visit().notes(Kind::malformed);
  REQUIRE(broken.size() == 1);
  CHECK(broken[0].text(Field::reason) == "incomplete_hello");
  CHECK(broken[0].text(Field::payload).size() == 100);
}

TEST_CASE("a session ticket lets a client come back, as the persona allows") {
  auto meeting = Meeting{"https", "nginx"};
  meeting.connect();
  meeting.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  auto *const session = ::SSL_get1_session(meeting.client().connection());
  CHECK(::SSL_SESSION_has_ticket(session) == 1);
  ::SSL_SESSION_free(session);
  auto router = Meeting{"https", "router"};
  router.connect();
  auto *const other = ::SSL_get1_session(router.client().connection());
  CHECK(::SSL_SESSION_has_ticket(other) == 0);
  ::SSL_SESSION_free(other);
}
