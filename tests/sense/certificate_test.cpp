#include "sense/certificate.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <vector>

#include "base/file.hpp"
#include "running_server.hpp"
#include "sense/tls_context.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using sense::test::TemporaryFolder;

auto persona(std::string const &tls, std::string const &folder = {}) -> Persona {
  auto parsed = Persona::parse("tower", "[host]\nname = \"tower-1\"\n[tls]\nkey = \"ec256\"\n" + tls);
  REQUIRE_MESSAGE(parsed, parsed.error().sentence);
  parsed->keep_in(folder);
  return *parsed;
}

auto pem(Persona const &of) -> std::string {
  auto const made = certificate_of(of);
  REQUIRE_MESSAGE(made, made.error().sentence);
  return *made;
}

void check_refused(std::string const &tls, std::string_view word) {
  CAPTURE(tls);
  auto const made = TlsContext::create(persona(tls));
  REQUIRE(!made);
  CHECK(made.error().code == ErrorCode::malformed);
  CHECK_MESSAGE(made.error().sentence.find(word) != std::string::npos, made.error().sentence);
}

}  // namespace

TEST_CASE("a certificate stays the same after a restart, and is another one on another node") {
  auto const one = TemporaryFolder{};
  auto const other = TemporaryFolder{};
  auto const first = pem(persona("", one.path() + "/decoys"));
  CHECK(pem(persona("", one.path() + "/decoys")) == first);
  CHECK(pem(persona("", other.path())) != first);
  struct ::stat state{};
  REQUIRE(::stat((one.path() + "/decoys/tower.pem").c_str(), &state) == 0);
  CHECK((state.st_mode & 0777) == 0600);
}

TEST_CASE("those who start at the same time in one data directory show one certificate") {
  auto const folder = TemporaryFolder{};
  auto made = std::vector<std::future<Result<std::string>>>{};
  for (auto i = 0; i < 8; ++i)
    made.push_back(std::async(std::launch::async, [&] { return certificate_of(persona("", folder.path())); }));
  auto seen = std::set<std::string>{};
  for (auto &each : made) {
    auto const certificate = each.get();
    REQUIRE_MESSAGE(certificate, certificate.error().sentence);
    seen.insert(*certificate);
  }
  CHECK(seen.size() == 1);
}

TEST_CASE("other words of the persona make a new certificate; other settings of TLS do not") {
  auto const folder = TemporaryFolder{};
  auto const first = pem(persona("", folder.path()));
  CHECK(pem(persona("max_version = \"1.2\"", folder.path())) == first);
  auto const second = pem(persona("subject = [\"CN=else\"]", folder.path()));
  CHECK(second != first);
  CHECK(pem(persona("subject = [\"CN=else\"]", folder.path())) == second);
}

TEST_CASE("an operator's own certificate is used as it is; a damaged one is refused with the file's name") {
  auto const folder = TemporaryFolder{};
  auto const made = pem(persona(""));
  auto const own = made.substr(made.find('\n') + 1);
  auto const file = folder.path() + "/tower.pem";
  REQUIRE(write_file_durably(file, own));
  CHECK(pem(persona("subject = [\"CN=else\"]", folder.path())) == own);
  CHECK(TlsContext::create(persona("", folder.path())));
  REQUIRE(write_file_durably(file, own.substr(0, own.size() / 2)));
  auto const damaged = TlsContext::create(persona("", folder.path()));
  REQUIRE(!damaged);
  CHECK(damaged.error().sentence.find(file) != std::string::npos);
  REQUIRE(write_file_durably(file, ""));
  CHECK(!TlsContext::create(persona("", folder.path())));
}

TEST_CASE("a folder that cannot be written stops the start with its name") {
  auto const folder = TemporaryFolder{};
  REQUIRE(write_file_durably(folder.path() + "/taken", "x"));
  auto const made = certificate_of(persona("", folder.path() + "/taken"));
  REQUIRE(!made);
  CHECK(made.error().sentence.find("/taken") != std::string::npos);
}

TEST_CASE("wrong words in [tls] are refused with their key") {
  check_refused("subject = [\"nonsense\"]", "tls.subject");
  check_refused("subject = [\"XY=a\"]", "tls.subject");
  check_refused("subject = [\"C=Nowhere\"]", "tls.subject");
  check_refused("issuer = [\"CN=\"]", "tls.issuer");
  check_refused("alternative_names = [\"nonsense\"]", "tls.alternative_names");
  check_refused("not_before = \"long ago\"", "tls.not_before");
  check_refused("age_days = 0", "tls.age_days");
  check_refused("days = 100000", "tls.days");
  check_refused("min_version = \"2\"", "tls.min_version");
  check_refused("min_version = \"1.3\"\nmax_version = \"1.2\"", "tls.max_version");
  check_refused("ciphers = \"NONSENSE\"", "tls.ciphers");
  check_refused("groups = \"NONSENSE\"", "tls.groups");
  check_refused("alpn = [\"\"]", "tls.alpn");
  check_refused("alpn_mismatch = \"cry\"", "tls.alpn_mismatch");
  check_refused("tickets = 9", "tls.tickets");
  auto const wrong_key = Persona::parse("tower", "[tls]\nkey = \"rsa512\"");
  REQUIRE(wrong_key);
  auto const made = certificate_of(*wrong_key);
  REQUIRE(!made);
  CHECK(made.error().sentence.find("tls.key") != std::string::npos);
}

TEST_CASE("a date and a version without quotes mean the same as with them") {
  CHECK(TlsContext::create(persona("not_before = 2019-06-18\nmin_version = 1.2\nmax_version = 1.3")));
  check_refused("min_version = 1.7", "tls.min_version");
}
