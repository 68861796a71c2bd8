// What every decoy must hold to, whoever wrote it: the registry is the list.
#include <doctest/doctest.h>

#include <random>

#include "sense/cast.hpp"
#include "support/scripted_visit.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;
using model::Kind;

auto cast() -> Cast const & {
  static auto const all = [] {
    auto made = Cast::create(NOROSHI_SOURCE_DIR "/packs/personas", "");
    REQUIRE_MESSAGE(made, made.error().sentence);
    REQUIRE(made->prepare_all());
    return *std::move(made);
  }();
  return all;
}

template <class Check>
void for_every_decoy(Check check) {
  REQUIRE(!Registry<Decoy>::instance().names().empty());
  for (auto const &name : Registry<Decoy>::instance().names())
    for (auto const &persona : cast().personas_of(name)) {
      CAPTURE(name);
      CAPTURE(persona);
      check(name, *cast().find(name, persona));
    }
}

/// Bytes that reach further than pure noise: noise between pieces of the protocols that decoys speak.
auto garbage(std::mt19937 &random, std::size_t size) -> std::string {
  auto const pieces = std::vector<std::string>{"\r\n",
                                               "GET / HTTP/1.1\r\n",
                                               "Host: a\r\n\r\n",
                                               "root\r\n",
                                               "\xff\xfd\x01",
                                               "\xff\xfa\x1f",
                                               ";",
                                               "echo -ne '\\x7f' > a\r\n",
                                               "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n",
                                               "CONFIG SET dir /root\r\nSAVE\r\nKEYS *[a\r\n",
                                               "Transfer-Encoding: chunked\r\n\r\n",
                                               "ffffffffffffffff\r\n",
                                               "\x16\x03\x01"};
  auto bytes = std::string{};
  while (bytes.size() < size) {
    if (random() % 3 == 0)
      bytes += pieces[random() % pieces.size()];
    else
      bytes += static_cast<char>(random());
  }
  return bytes;
}

void check_opening_and_closing(ScriptedVisit const &visit) {
  auto const notes = visit.notes();
  REQUIRE(notes.size() >= 2);
  CHECK(notes.front().kind == Kind::opened);
  CHECK(notes.back().kind == Kind::closed);
  CHECK(visit.notes(Kind::opened).size() == 1);
  CHECK(visit.notes(Kind::closed).size() == 1);
  for (auto i = std::size_t{1}; i < notes.size(); ++i) CHECK(notes[i].sequence > notes[i - 1].sequence);
}

}  // namespace

TEST_CASE("every decoy survives random bytes in random pieces, and notes an opening and a closing") {
  auto random = std::mt19937{20261121};
  for_every_decoy([&](std::string const &name, Decoy const &decoy) {
    for (auto round = 0; round < 200; ++round) {
      auto visit = ScriptedVisit{decoy, name};
      for (auto const &other : Registry<Decoy>::instance().names()) visit.know(other, *cast().find(other, ""));
      if (round % 4 == 0) visit.write_at_most(1 + random() % 7);
      visit.start();
      for (auto piece = 0; piece < 20 && !visit.ended(); ++piece) {
        visit.send(garbage(random, 1 + random() % 300));
        if (random() % 4 == 0) visit.pass(std::chrono::seconds{1});
      }
      if (round % 2 == 0)
        visit.close();
      else
        visit.reset();
      visit.pass(std::chrono::minutes{11});
      REQUIRE(visit.ended());
      CHECK(visit.ending() != Ending::defect);
      check_opening_and_closing(visit);
      CHECK(visit.buffers_lent() <= 2);  // what the visit itself still holds
    }
  });
}

TEST_CASE("every decoy lets a silent visitor go when the idle time is over") {
  for_every_decoy([](std::string const &name, Decoy const &decoy) {
    auto limits = VisitLimits{};
    limits.idle = std::chrono::seconds{20};
    auto visit = ScriptedVisit{decoy, name, limits};
    visit.start();
    visit.pass(std::chrono::seconds{19});
    CHECK(!visit.ended());
    visit.pass(std::chrono::seconds{2});
    REQUIRE(visit.ended());
    CHECK(visit.notes().back().text(model::Field::reason) == "idle");
  });
}

TEST_CASE("every decoy lets a visitor who never stops talking go when the whole time is over") {
  for_every_decoy([](std::string const &name, Decoy const &decoy) {
    auto visit = ScriptedVisit{decoy, name};
    visit.start();
    for (auto second = 0; second < 601 && !visit.ended(); ++second) {
      visit.send("G");
      visit.pass(std::chrono::seconds{1});
    }
    CHECK(visit.ended());
    check_opening_and_closing(visit);
  });
}

TEST_CASE("every decoy reads no more than the byte cap") {
  for_every_decoy([](std::string const &name, Decoy const &decoy) {
    auto limits = VisitLimits{};
    limits.bytes_in = 10'000;
    auto visit = ScriptedVisit{decoy, name, limits};
    visit.start();
    for (auto i = 0; i < 40 && !visit.ended(); ++i) visit.send(std::string(1000, 'a') + "\r\n");
    visit.pass(std::chrono::minutes{1});
    REQUIRE(visit.ended());
    CHECK(visit.notes().back().number(model::Field::bytes_in) <= 10'000);
  });
}

TEST_CASE("a decoy of datagrams answers nothing, and one datagram is a whole visit") {
  for_every_decoy([](std::string const &name, Decoy const &decoy) {
    if (decoy.transport() != model::Transport::udp) return;
    auto visit = ScriptedVisit{decoy, name};
    visit.send("OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n\r\n");
    visit.close();
    visit.start();
    REQUIRE(visit.ended());  // without any time passing
    CHECK(visit.output().empty());
    CHECK(visit.notes(Kind::payload).size() == 1);
  });
}

TEST_CASE("every decoy replies no more than the byte cap, whatever is asked") {
  auto random = std::mt19937{7};
  for_every_decoy([&](std::string const &name, Decoy const &decoy) {
    auto limits = VisitLimits{};
    limits.bytes_out = 2'000;
    auto visit = ScriptedVisit{decoy, name, limits};
    visit.start();
    for (auto i = 0; i < 400 && !visit.ended(); ++i) {
      visit.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nroot\r\nroot\r\n" + garbage(random, 20) + "\r\n");
      visit.pass(std::chrono::seconds{1});
    }
    visit.close();
    visit.pass(std::chrono::minutes{11});
    REQUIRE(visit.ended());
    CHECK(visit.output().size() <= 2'000);
    CHECK(static_cast<std::uint64_t>(visit.notes().back().number(model::Field::bytes_out)) == visit.output().size());
  });
}

TEST_CASE("every decoy's notes stop at their cap, and the visit says how many were not kept") {
  for_every_decoy([](std::string const &name, Decoy const &decoy) {
    auto limits = VisitLimits{};
    limits.noted_bytes = 1'000;
    auto visit = ScriptedVisit{decoy, name, limits};
    visit.start();
    visit.send("root\r\nroot\r\n");
    for (auto i = 0; i < 200 && !visit.ended(); ++i) visit.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    visit.close();
    visit.pass(std::chrono::minutes{11});
    REQUIRE(visit.ended());
    CHECK(visit.frames().size() < 2'000);  // opening, limit and closing are always kept
    check_opening_and_closing(visit);
    if (visit.notes().back().number(model::Field::bytes_in) > 5'000 && name != "any")
      CHECK(visit.notes(Kind::limit).size() == 1);
  });
}

TEST_CASE("every decoy ends at once when the process shuts down") {
  for_every_decoy([](std::string const &name, Decoy const &decoy) {
    auto visit = ScriptedVisit{decoy, name};
    visit.start();
    visit.stop();
    REQUIRE(visit.ended());
    CHECK(visit.notes().back().text(model::Field::reason) == "shutdown");
  });
}
