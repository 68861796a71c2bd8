#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "net/openssl.hpp"
#include "net/peer_client.hpp"
#include "support/raw_client.hpp"
#include "support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::net;
using noroshi::test::RawClient;
using noroshi::test::TemporaryFolder;

namespace {

constexpr auto kDeadline = std::chrono::seconds{20};

auto identity(std::string_view name) -> Identity {
  auto made = make_identity(name);
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().sentence));
  return *std::move(made);
}

/// Tells callers the pin of the key that they showed.
auto tell_pin(HttpRequest &request) -> HttpResponse {
  auto response = HttpResponse{};
  response.content_type = "text/plain";
  response.body = request.peer_key ? request.peer_key->to_string() : "none";
  response.ends_connection = request.path == "/last";
  return response;
}

struct PeerPort {
  explicit PeerPort(ClientCertificates clients = ClientCertificates::demanded, HttpHandler handler = tell_pin) {
    auto options = HttpServerOptions{};
    options.listen = {{model::IpAddress::v4(0x7f00'0001), 0}};
    options.tls = HttpTls{own, clients};
    auto made = HttpServer::create(std::move(options), std::move(handler));
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().sentence));
    server = *std::move(made);
  }
  [[nodiscard]] auto port() const { return server->bound().at(0).port; }
  [[nodiscard]] auto address() const { return "127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] auto client(Identity const &with, model::KeyPin node) const -> std::unique_ptr<PeerClient> {
    return *PeerClient::create({{address()}, node, with});
  }
  [[nodiscard]] auto client(Identity const &with) const { return client(with, *pin_of(own)); }

  Identity own = identity("node");
  std::unique_ptr<HttpServer> server;
};

auto asking(std::string path) -> HttpRequest {
  auto request = HttpRequest{};
  request.method = "GET";
  request.path = std::move(path);
  return request;
}

/// What the openssl program makes of the port: its exit code, and all that it says.
auto s_client(PeerPort const &port, std::string const &options) -> std::pair<int, std::string> {
  auto const command = fmt::format(
      "printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | "
      "timeout 20 openssl s_client -connect {} -quiet -ign_eof {} 2>&1",
      port.address(), options);
  auto *const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  auto said = std::string{};
  auto buffer = std::array<char, 4096>{};
  for (auto got = std::size_t{0}; (got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    said.append(buffer.data(), got);
  return {::pclose(pipe), said};
}

/// An identity whose certificate is past its end.
auto ended_yesterday() -> Identity {
  auto made = identity("late");
  auto const certificate = openssl::read_certificate(made.certificate);
  auto const key = openssl::read_key(made.key);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -86'400);
  REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  auto const text = openssl::Bio{BIO_new(BIO_s_mem())};
  REQUIRE(PEM_write_bio_X509(text.get(), certificate.get()) == 1);
  made.certificate = openssl::text_of(text);
  return made;
}

void write_pem(std::string const &path, std::string const &text) { REQUIRE(write_file_durably(path, text)); }

}  // namespace

TEST_CASE("an identity is made once, is for its owner's eyes only, and keeps its pin") {
  auto const folder = TemporaryFolder{};
  auto const path = folder / "identity.pem";
  auto const first = load_or_make_identity(path, "tower");
  REQUIRE(first);
  auto const again = load_or_make_identity(path, "another name");
  REQUIRE(again);
  CHECK(*pin_of(*first) == *pin_of(*again));
  struct stat about{};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK(*pin_of(identity("tower")) != *pin_of(*first));
}

TEST_CASE("a key that is not the certificate's, a missing file and a file of other content are named") {
  auto const folder = TemporaryFolder{};
  write_pem(folder / "a.pem", identity("a").certificate);
  write_pem(folder / "b.key", identity("b").key);
  write_pem(folder / "text", "hello");
  auto const strangers = load_identity(folder / "a.pem", folder / "b.key");
  REQUIRE_FALSE(strangers);
  CHECK(strangers.error().sentence.find("b.key is not that of the certificate") != std::string::npos);
  auto const text = load_identity(folder / "text", folder / "b.key");
  REQUIRE_FALSE(text);
  CHECK(text.error().sentence.find("holds no certificate") != std::string::npos);
  CHECK(load_identity(folder / "a.pem", folder / "nowhere").error().code == ErrorCode::not_found);
}

TEST_CASE("both ends know each other by their keys, on one kept connection") {
  auto const port = PeerPort{};
  auto const own = identity("sensor");
  auto const client = port.client(own);
  for (auto i = 0; i < 3; ++i) {
    auto const answer = client->call(asking("/"), kDeadline);
    REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().sentence));
    CHECK(answer->body == pin_of(own)->to_string());
  }
}

TEST_CASE("a connection that the handler ends is made anew for the next request") {
  auto const port = PeerPort{};
  auto const client = port.client(identity("sensor"));
  CHECK(client->call(asking("/last"), kDeadline));
  CHECK(client->call(asking("/last"), kDeadline));
}

TEST_CASE("a node with another key than the pinned one gets nothing, and the sentence says why") {
  auto asked = false;
  auto const port = PeerPort{ClientCertificates::demanded, [&](HttpRequest &) {
                               asked = true;
                               return HttpResponse{};
                             }};
  auto const answer = port.client(identity("sensor"), *pin_of(identity("impostor")))->call(asking("/"), kDeadline);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::denied);
  CHECK(answer.error().sentence.find("another key") != std::string::npos);
  CHECK_FALSE(asked);
}

TEST_CASE("plain text on a TLS port is not answered, and a stranger's handshake does not hold it up") {
  auto const port = PeerPort{};
  auto const silent = RawClient{port.port()};
  auto const plain = RawClient{port.port()};
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(plain.read_all().text.find("HTTP/1.1") == std::string::npos);
  CHECK(port.client(identity("sensor"))->call(asking("/"), kDeadline));
}

TEST_CASE("openssl s_client: without a certificate, with TLS 1.2 or with an expired one nobody is served") {
  auto const folder = TemporaryFolder{};
  auto const port = PeerPort{};
  CHECK(s_client(port, "").second.find("HTTP/1.1 200") == std::string::npos);

  auto const own = identity("sensor");
  write_pem(folder / "own.pem", own.key + own.certificate);
  auto const with_own = fmt::format("-cert {0} -key {0}", folder / "own.pem");
  CHECK(s_client(port, with_own + " -tls1_2").second.find("HTTP/1.1 200") == std::string::npos);
  auto const served = s_client(port, with_own).second;
  CHECK_MESSAGE(served.find(pin_of(own)->to_string()) != std::string::npos, served);

  auto const old = ended_yesterday();
  write_pem(folder / "expired.pem", old.key + old.certificate);
  auto const refused = s_client(port, fmt::format("-cert {0} -key {0}", folder / "expired.pem")).second;
  CHECK_MESSAGE(refused.find("HTTP/1.1 200") == std::string::npos, refused);
  CHECK_MESSAGE(refused.find("expired") != std::string::npos, refused);

  auto const weak = folder / "weak.pem";
  REQUIRE(std::system(fmt::format("openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=x -keyout {0}.key -out {0} "
                                  "2>/dev/null",
                                  weak)
                          .c_str()) == 0);
  CHECK(s_client(port, fmt::format("-cert {0} -key {0}.key", weak)).second.find("HTTP/1.1 200") == std::string::npos);
}

TEST_CASE("without asking for certificates a TLS port serves everyone, and no key is made up") {
  auto const port = PeerPort{ClientCertificates::not_asked};
  auto const answer = s_client(port, "");
  CHECK_MESSAGE(answer.second.find("none") != std::string::npos, answer.second);
  auto const older = s_client(port, "-tls1_2");
  CHECK_MESSAGE(older.second.find("none") != std::string::npos, older.second);
}

TEST_CASE("only TLS lets a server listen beyond loopback") {
  auto options = HttpServerOptions{};
  options.listen = {{model::IpAddress::v4(0), 0}};
  auto const refused = HttpServer::create(options, tell_pin);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().sentence.find("api.tls_certificate") != std::string::npos);
  options.tls = HttpTls{identity("node"), ClientCertificates::not_asked};
  CHECK(HttpServer::create(options, tell_pin));
}
