#include <doctest/doctest.h>

#include <fmt/format.h>

#include "tests/understand/findings.hpp"

namespace noroshi::understand {
namespace {

using model::Field;
using model::Kind;
using noroshi::test::observation;
using test::conclude;
using test::texts;

TEST_CASE("a source that completed a handshake becomes an observed inbound scanner") {
  auto const writes = conclude(std::vector{observation("8.8.4.4", Kind::opened)});
  REQUIRE(writes.size() == 1);
  auto const &[indicator, context] = writes[0];
  CHECK(indicator == model::Value{model::ValueType::ip, "8.8.4.4"});
  CHECK(context.source.number == 5);
  CHECK(context.role == model::Role::scanner);
  CHECK(context.direction == model::Direction::inbound);
  CHECK(context.evidence == model::Evidence::observed);
  CHECK(context.attribute == "decoy/telnet");
  CHECK(context.count == 1);
  CHECK(context.expiry > context.last_seen);
}

TEST_CASE(
    "many observations of one source make one context: the count is of sessions, the confidence that of the worst "
    "deed") {
  auto const writes =
      conclude(std::vector{observation("8.8.4.4", Kind::opened, 0), observation("8.8.4.4", Kind::login, 1),
                           observation("8.8.4.4", Kind::command, 2), observation("8.8.4.4", Kind::opened, 0)});
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].context.count == 2);
  CHECK(writes[0].context.confidence == 90);
}

TEST_CASE("private, loopback and own addresses never become indicators unless the configuration says so") {
  auto const private_sources = std::vector{observation("127.0.0.1", Kind::login), observation("10.1.2.3", Kind::login),
                                           observation("fe80::1", Kind::login)};
  CHECK(conclude(private_sources).empty());
  CHECK(conclude(private_sources, {"derive.private_addresses=true"}).size() == 3);
  CHECK(conclude(std::vector{observation("8.8.4.4", Kind::login)}, {"derive.own_addresses=8.8.0.0/16,2001:4860::/32"})
            .empty());
  CHECK(conclude(std::vector{observation("8.8.4.4", Kind::login)}, {"derive.own_addresses=8.8.4.4"}).empty());
}

TEST_CASE("a UDP sender is never an attack source: its address may be forged") {
  auto seen = observation("8.8.4.4", Kind::payload);
  seen.transport = model::Transport::udp;
  CHECK(conclude(std::vector{seen}).empty());
}

TEST_CASE("a URL to be fetched gives claimed indicators for the URL and its host, not fit for blocking") {
  auto seen = observation("127.0.0.1", Kind::download);
  seen.set(Field::url, "http://Evil.example.com:80/a.sh#x");
  auto const writes = conclude(std::vector{seen});
  CHECK(texts(writes) == std::vector<std::string>{"evil.example.com", "http://evil.example.com/a.sh"});
  for (auto const &write : writes) {
    CHECK(write.context.evidence == model::Evidence::claimed);
    CHECK(write.context.role == model::Role::download);
    CHECK(write.context.direction == model::Direction::outbound);
    CHECK_FALSE(write.context.to_ids);
  }
}

TEST_CASE("a URL that points at a private address gives no address indicator, and nonsense gives none at all") {
  auto seen = observation("127.0.0.1", Kind::download);
  seen.set(Field::url, "http://192.168.0.9/x");
  CHECK(texts(conclude(std::vector{seen})) == std::vector<std::string>{"http://192.168.0.9/x"});
  seen.set(Field::url, "$(rm -rf /)");
  CHECK(conclude(std::vector{seen}).empty());
}

TEST_CASE("a file left behind gives its claimed hash") {
  auto seen = observation("127.0.0.1", Kind::file);
  seen.set(Field::sha256, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
  auto const writes = conclude(std::vector{seen});
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].indicator.type == model::ValueType::sha256);
  CHECK(writes[0].context.evidence == model::Evidence::claimed);
}

TEST_CASE("derived contexts survive the log's bytes, and damaged bytes are an error") {
  auto seen = observation("8.8.4.4", Kind::download);
  seen.set(Field::url, "http://evil.example.com/a.sh");
  auto writes = conclude(std::vector{seen});
  writes[0].context.tags = {"a", "b"};
  auto const bytes = encode(writes);
  auto const again = decode_derived(bytes);
  REQUIRE(again);
  CHECK(encode(*again) == bytes);
  CHECK((*again)[0].context.tags == writes[0].context.tags);
  for (auto cut = std::size_t{0}; cut < bytes.size(); ++cut)
    CHECK_FALSE(decode_derived(std::string_view{bytes}.substr(0, cut)));
}

TEST_CASE("a flood of made-up values is bounded and counted") {
  auto derived = Derived{};
  for (auto i = std::size_t{0}; i < Derived::kLimit + 10; ++i)
    derived.add({model::ValueType::domain, fmt::format("h{}.example.com", i)}, model::Context{});
  CHECK(derived.left_out() == 10);
  CHECK(std::move(derived).writes().size() == Derived::kLimit);
}

}  // namespace
}  // namespace noroshi::understand
