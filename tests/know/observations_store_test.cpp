#include "base/text.hpp"
#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::Field;
using model::Kind;

namespace {

constexpr char kHostileBytes[] = "\0\xff\xc3\x28 \\x00 \\\\ \x1b[2J' OR 1=1; -- \xe7\x8b\xbc\xe7\x85\x99 \"\n";
auto const kHostile = std::string{kHostileBytes, sizeof kHostileBytes - 1};

/// Every field set, the text ones to hostile bytes of different lengths.
auto full_observation(std::array<std::string, model::kFieldCount> &texts) -> model::Observation {
  auto made = observation(Kind::request, model::IpAddress{0x2001'0db8'0000'0000U, 0xffff'ffff'ffff'fffeU},
                          at(3, 1'234'567), 4'000'000'000U);
  made.transport = model::Transport::udp;
  made.source.port = 65'535;
  made.destination = {model::IpAddress::v4(0xfffe'fdfcU), 1};
  made.service = "any";
  made.extra = R"({"a":"\u0000\\x41"})";
  for (auto const &field : model::fields()) {
    auto &text = texts[static_cast<std::size_t>(field.field) - 1];
    text = std::string{field.name} + kHostile.substr(0, static_cast<std::size_t>(field.field) * 2 % 43);
    if (field.type == model::FieldType::number)
      made.set(field.field, std::int64_t{-9'000'000'000'000'000'000} + static_cast<std::int64_t>(field.field));
    else if (field.type == model::FieldType::flag)
      made.set(field.field, std::int64_t{1});
    else
      made.set(field.field, text);
  }
  return made;
}

void check_same(model::StoredObservation const &stored, model::Observation const &sent, bool secrets) {
  CHECK(stored.time == sent.time);
  CHECK(stored.visit == sent.visit);
  CHECK(stored.sequence == sent.sequence);
  CHECK(stored.kind == sent.kind);
  CHECK(stored.transport == sent.transport);
  CHECK(stored.source == sent.source);
  CHECK(stored.destination == sent.destination);
  CHECK(stored.service == sent.service);
  CHECK(stored.extra == sent.extra);
  auto at = stored.fields.begin();
  for (auto const &field : model::fields()) {
    if (field.secret && !secrets) continue;
    REQUIRE(at != stored.fields.end());
    CAPTURE(field.name);
    CHECK(at->field == field.field);
    if (field.type == model::FieldType::text && !field.secret)
      CHECK(at->text == lossless_utf8(sent.text(field.field)));
    else if (field.type == model::FieldType::text || field.type == model::FieldType::bytes)
      CHECK(at->text == sent.text(field.field));
    else
      CHECK(at->number == sent.number(field.field));
    ++at;
  }
  CHECK(at == stored.fields.end());
}

}  // namespace

TEST_CASE("every field comes back as it was sent, hostile bytes included, before and after closing the day") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  auto texts = std::array<std::string, model::kFieldCount>{};
  auto const sent = full_observation(texts);
  CHECK(apply(*store, {sent}, at(3, 99), 1) == 1);
  for (auto const closed : {false, true}) {
    CAPTURE(closed);
    if (closed) CHECK(value_of(store->close_days(day(4))) == 1);
    auto const stored = value_of(store->visit(sent.visit, kAnalyst));
    REQUIRE(stored.size() == 1);
    check_same(stored[0], sent, true);
    CHECK(stored[0].received == at(3, 99));
    CHECK(stored[0].sensor == model::SensorId{7});
    auto const without_secrets = value_of(store->visit(sent.visit, kReader));
    REQUIRE(without_secrets.size() == 1);
    check_same(without_secrets[0], sent, false);
  }
}

TEST_CASE("a group is applied once, however often it is handed in, also after a restart") {
  auto const folder = Folder{};
  auto const source = model::IpAddress::v4(0x0a00'0001);
  auto const sent = std::vector{observation(Kind::opened, source, at(3)), observation(Kind::closed, source, at(3), 1)};
  {
    auto const store = open(options_in(folder));
    CHECK(value_of(store->cursor()) == 0);
    CHECK(apply(*store, sent, at(3), 5) == 2);
    CHECK(apply(*store, sent, at(3), 5) == 0);
    CHECK(apply(*store, sent, at(3), 4) == 0);
  }
  auto const store = open(options_in(folder));
  CHECK(value_of(store->cursor()) == 5);
  CHECK(apply(*store, sent, at(3), 5) == 0);
  CHECK(value_of(store->stats(kReader)).rows == 2);
  CHECK(value_of(store->stats(kReader)).sources == 1);
  CHECK(value_of(store->profile(source, kReader))->observations == 2);
}

TEST_CASE("the latest visits of a source come newest first, each with what it was") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  auto const source = model::IpAddress::v4(0x0a00'0001);
  for (auto i = 0; i < 5; ++i)
    apply(*store,
          {observation(Kind::opened, source, at(3 + i)), observation(Kind::opened, model::IpAddress::v4(9), at(3 + i))},
          at(3 + i), static_cast<std::uint64_t>(i) + 1);
  CHECK(value_of(store->close_days(day(5))) == 2);
  auto const visits = value_of(store->visits_of(source, 4, kReader));
  REQUIRE(visits.size() == 4);
  for (auto i = 0; i < 4; ++i) {
    auto const &visit = visits[static_cast<std::size_t>(i)];
    CHECK(visit.first_seen == at(7 - i));
    CHECK(visit.source == model::Endpoint{source, 40'000});
    CHECK(visit.destination.port == 23);
    CHECK(visit.service == "telnet");
    CHECK(visit.sensor == model::SensorId{7});
    CHECK(visit.observations == 1);
    CHECK(value_of(store->visit(visit.visit, kReader)).size() == 1);
  }
  CHECK(value_of(store->visits_of(model::IpAddress::v4(77), 4, kReader)).empty());
}

TEST_CASE("who may not see observations is told so by every question") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  for (auto const role : {model::UserRole::member, model::UserRole::sensor}) {
    auto const nobody = viewer(role);
    auto const denied = [](auto const &answer) { return !answer && answer.error().code == ErrorCode::denied; };
    CHECK(denied(store->profile({}, nobody)));
    CHECK(denied(store->visits_of({}, 1, nobody)));
    CHECK(denied(store->visit({}, nobody)));
    CHECK(denied(store->mentions({model::ValueType::domain, "example.com"}, 1, nobody)));
    CHECK(denied(store->top_values(Kind::login, Field::username, {}, 1, nobody)));
    CHECK(denied(store->days(nobody)));
    CHECK(denied(store->stats(nobody)));
  }
  auto const secrets = store->top_values(Kind::login, Field::password, {}, 1, kReader);
  CHECK_FALSE(secrets);
  CHECK(secrets.error().code == ErrorCode::denied);
}

TEST_CASE("a damaged batch is refused whole and leaves the store as it was") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  auto const source = model::IpAddress::v4(0x0a00'0001);
  auto frames = frames_of({observation(Kind::opened, source, at(3)), observation(Kind::closed, source, at(3), 1)});
  frames.back() ^= 1;
  auto const batches = std::vector{model::ReceivedBatch{{7}, at(3), frames}};
  auto const applied = store->apply(batches, 1);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == ErrorCode::malformed);
  CHECK(value_of(store->cursor()) == 0);
  CHECK(value_of(store->stats(kReader)).rows == 0);
  CHECK_FALSE(value_of(store->profile(source, kReader)));
  CHECK(apply(*store, {observation(Kind::opened, source, at(3))}, at(3), 1) == 1);
}

TEST_CASE("a second process cannot open the store") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  auto const second = know::open_observation_store(options_in(folder));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::conflict);
}
