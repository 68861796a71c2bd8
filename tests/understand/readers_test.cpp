#include <map>

#include <doctest/doctest.h>

#include "support/reader_fixtures.hpp"

namespace noroshi::understand {
namespace {

using model::Field;
using model::Kind;

/// What a reader made of a log, decoded; owns the bytes.
struct Seen {
  test::ReadLog log;
  std::vector<model::Observation> observations;

  Seen(std::string_view reader, std::string_view text)
      : log(test::ReadLog::with(*Registry<LogReader>::instance().create(reader), text)) {
    auto frames = model::FrameReader{log.frames};
    auto observation = model::Observation{};
    while (frames.next(observation) == model::FrameReader::Step::frame) observations.push_back(observation);
  }
  auto operator[](std::size_t at) const -> model::Observation const & {
    REQUIRE(at < observations.size());
    return observations[at];
  }
};

auto replaced(std::string_view text, std::string_view from, std::string_view to) -> std::string {
  auto changed = std::string{text};
  auto const at = changed.find(from);
  REQUIRE(at != std::string::npos);
  return changed.replace(at, from.size(), to);
}

auto micros(std::string_view text) -> Time { return *parse_rfc3339(text); }

}  // namespace

TEST_CASE("a Cowrie session of 2018 keeps ports and protocol that later lines leave out") {
  auto const seen = Seen{"cowrie", test::kCowrie2018};
  REQUIRE(seen.observations.size() == 4);
  for (auto const &each : seen.observations) {
    CHECK(each.service == "telnet");
    CHECK(each.source.to_string() == "192.0.2.7:4001");
    CHECK(each.destination.to_string() == "203.0.113.9:2223");
    CHECK(each.visit == seen[0].visit);
  }
  CHECK(seen[0].kind == Kind::opened);
  CHECK(seen[0].time == micros("2018-09-16T02:22:31.382919Z"));
  CHECK(seen[1].kind == Kind::login);
  CHECK(seen[1].text(Field::password) == "x\"y");
  CHECK(seen[1].has(Field::accepted));
  CHECK(seen[1].number(Field::accepted) == 0);
  CHECK(seen[1].extra == R"({"eventid":"cowrie.login.failed"})");
  CHECK(seen[2].kind == Kind::other);
  CHECK(seen[2].text(Field::command) == "ls");
  CHECK(seen[3].kind == Kind::closed);
  CHECK(seen.log.sensors[0] == "pot");
}

TEST_CASE("a Cowrie session's length is read from all three generations") {
  auto const length_of = [](std::string_view member) {
    auto const seen = Seen{"cowrie", replaced(test::kCowrie2018, "\"duration\":10.1", member)};
    return seen[3].number(Field::duration_ms);
  };
  CHECK(length_of("\"duration\":10.1") == 10'100);
  CHECK(length_of("\"duration\":\"10.1\"") == 10'100);
  CHECK(length_of("\"duration_ms\":10100") == 10'100);
  CHECK(length_of("\"duration\":\"1.0\",\"duration_ms\":10100") == 10'100);
  CHECK(length_of("\"duration\":\"long\"") == 0);
  CHECK(length_of("\"duration\":-1") == 0);
}

TEST_CASE("Cowrie's downloads, tunnels and unknown events keep what they tell") {
  auto const seen = Seen{"cowrie", test::kCowrie3};
  REQUIRE(seen.observations.size() == 7);
  CHECK(seen[1].text(Field::hassh) == "ec7378c1a92f5a8dde7e8b7a1ddf33d1");
  CHECK(seen[1].extra == R"({"eventid":"cowrie.client.kex","hasshAlgorithms":"a;b","kexAlgs":["a"]})");
  CHECK(seen[2].kind == Kind::download);
  CHECK(seen[2].text(Field::url) == "http://malware.example.com/x");
  CHECK(seen[2].text(Field::sha256).size() == 64);
  CHECK(seen[3].kind == Kind::file);
  CHECK(seen[3].text(Field::file_name) == "/tmp/x");
  CHECK(seen[4].kind == Kind::request);
  CHECK(seen[4].text(Field::method) == "CONNECT");
  CHECK(seen[4].text(Field::host) == "mail.example.org");
  CHECK(seen[4].destination.port == 2222);
  CHECK(seen[4].extra.contains("\"dst_port\":25"));
  CHECK(seen[5].kind == Kind::other);
  CHECK(seen[5].extra.contains(R"("answer":{"deep":[1,2.5,null]})"));
  CHECK(seen[5].extra.contains("what it was"));
  CHECK(seen[6].number(Field::duration_ms) == 6'500);
}

TEST_CASE("a session whose beginning is not there keeps its events, without ports") {
  auto const cut = test::kCowrie2018.substr(test::kCowrie2018.find('\n') + 1);
  auto const seen = Seen{"cowrie", cut};
  REQUIRE(seen.observations.size() == 3);
  CHECK(seen[0].source.port == 0);
  CHECK(seen[0].service == "cowrie");
  CHECK(seen[0].visit == Seen{"cowrie", test::kCowrie2018}[0].visit);
}

TEST_CASE("the id of a visit has no time, is a UUIDv8, and differs by sensor and session") {
  auto const id = visit_of("cowrie", "pot", "a1b2");
  CHECK(id == visit_of("cowrie", "pot", "a1b2"));
  CHECK(id != visit_of("cowrie", "pota", "1b2"));
  CHECK(id != visit_of("cowrie", "pot", "a1b3"));
  CHECK(id.to_string().substr(0, 15) == "00000000-0000-8");
}

TEST_CASE("OpenCanary's scans and datagrams prove no handshake, its start-up is nobody's visit") {
  auto const seen = Seen{"opencanary", test::kOpenCanary};
  REQUIRE(seen.observations.size() == 2);
  CHECK(seen.log.types == std::vector<std::string>{"1001 (unknown)", "4002 ssh log-in", "5001 port scan syn"});
  CHECK(seen[0].kind == Kind::login);
  CHECK(seen[0].text(Field::username) == "root");
  CHECK(seen[0].text(Field::client_version) == "SSH-2.0-Go");
  CHECK(seen[1].kind == Kind::other);
  CHECK(seen[1].destination.port == 8080);
}

TEST_CASE("glutton's datagrams open nothing, and its bytes are decoded") {
  auto const seen = Seen{"glutton", test::kGlutton};
  REQUIRE(seen.observations.size() == 3);
  CHECK(seen[0].kind == Kind::opened);
  CHECK(seen[1].kind == Kind::payload);
  CHECK(seen[1].text(Field::payload) == "GET /");
  CHECK(seen[1].visit == seen[0].visit);
  CHECK(seen[2].kind == Kind::other);
  CHECK(seen[2].transport == model::Transport::udp);
  CHECK(seen[2].extra.contains("censys"));
}

TEST_CASE("a heralding session is its beginning, its attempts and its end") {
  auto const seen = Seen{"heralding", test::kHeralding};
  REQUIRE(seen.observations.size() == 4);
  CHECK(seen[1].text(Field::password) == "b");
  CHECK_FALSE(seen[2].has(Field::password));
  CHECK(seen[2].sequence == 2);
  CHECK(seen[3].kind == Kind::closed);
  CHECK(seen[3].time == micros("2026-05-01T00:00:02.623456Z"));
}

TEST_CASE("a Shadowserver sinkhole's visitor is a victim, a honeypot's an attacker") {
  auto const attacks = Seen{"shadowserver", test::kShadowserver};
  REQUIRE(attacks.observations.size() == 3);
  CHECK(attacks[0].kind == Kind::login);
  CHECK(attacks[0].text(Field::password) == "a\"b,c");
  CHECK(attacks[1].kind == Kind::download);
  CHECK(attacks[2].kind == Kind::opened);
  auto const victims = Seen{"shadowserver", test::kSinkhole};
  REQUIRE(victims.observations.size() == 2);
  CHECK(victims[0].kind == Kind::hello);
  CHECK(victims[0].service == "sinkhole");
  CHECK(victims[0].text(Field::host) == "sink.example.net");
  CHECK(victims[0].extra.contains("andromeda"));
  CHECK(victims[1].kind == Kind::other);
}

TEST_CASE("a record that may not be finished is taken only behind a closing quote") {
  auto const quoted = test::kShadowserver.substr(0, test::kShadowserver.size() - 1);
  auto const plain = test::kSinkhole.substr(0, test::kSinkhole.size() - 1);
  CHECK(Seen{"shadowserver", quoted}.log.refusals.empty());
  CHECK(Seen{"shadowserver", plain}.log.refusals.size() == 1);
}

TEST_CASE("an extra longer than a frame takes is cut, said to be, and stays JSON") {
  auto const long_text = std::string(20'000, 'x');
  auto members = std::string{};
  for (auto i = 0; i < 12; ++i) members += "\"m" + std::to_string(i) + "\":\"" + long_text + "\",";
  auto const seen = Seen{"cowrie", replaced(test::kCowrie3, "\"hasshAlgorithms\":\"a;b\",", members)};
  CHECK(seen[1].extra.size() > 10'000);
  CHECK(seen[1].extra.size() <= model::kMaxTextBytes);
  CHECK(seen[1].extra.ends_with(",\"cut\":true}"));
}

}  // namespace noroshi::understand
