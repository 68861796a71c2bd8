#include <csignal>
#include <map>
#include <random>

#include <poll.h>
#include <sys/wait.h>

#include "base/text.hpp"
#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::Field;
using model::IpAddress;
using model::Kind;

namespace {

/// Random observations of few sources and values; `time` grows with every one, so rows can be put into order again.
class RandomTraffic {
public:
  explicit RandomTraffic(unsigned seed) : random_(seed) {}

  auto next() -> model::Observation {
    auto made =
        observation(static_cast<Kind>(1 + draw(12)), IpAddress::v4(0x0a00'0000 + draw(5)), at(3, ++time_), draw(3));
    if (draw(20) == 0) made.source.address = IpAddress{0x2001'0db8'0000'0000U, draw(2)};
    made.visit = model::Uuid::v7(at(3), draw(5), made.source.address.low() << 8);
    made.transport = draw(3) == 0 ? model::Transport::udp : model::Transport::tcp;
    made.destination.port = static_cast<std::uint16_t>(draw(40));
    made.source.port = static_cast<std::uint16_t>(draw(200));
    made.service = draw(2) == 0 ? "telnet" : "http";
    for (auto const field :
         {Field::username, Field::url, Field::ja3, Field::user_agent, Field::sha256, Field::protocol})
      if (draw(3) == 0) made.set(field, text(draw(60)));
    return made;
  }

private:
  auto draw(unsigned below) -> unsigned { return static_cast<unsigned>(random_() % below); }
  auto text(unsigned number) -> std::string_view {
    return texts_.try_emplace(number, "value " + std::to_string(number) + (number % 3 == 0 ? "\xff\\x41" : ""))
        .first->second;
  }
  std::mt19937 random_;
  std::int64_t time_ = 0;
  std::map<unsigned, std::string> texts_;
};

/// The values of a list by when they were seen last, latest first; more than the limit are cut.
template <class Value>
auto latest(std::map<Value, std::size_t> const &seen, bool &truncated) -> std::vector<Value> {
  auto order = std::vector<std::pair<std::size_t, Value>>{};
  for (auto const &[value, when] : seen) order.emplace_back(when, value);
  std::ranges::sort(order, std::ranges::greater{});
  auto values = std::vector<Value>{};
  for (auto const &[when, value] : order) values.push_back(value);
  truncated |= values.size() > model::kProfileListLimit;
  values.resize(std::min(values.size(), model::kProfileListLimit));
  return values;
}

/// A profile counted from rows, in another way than the store does it.
auto recount(IpAddress address, std::vector<model::StoredObservation> rows) -> model::Profile {
  REQUIRE_FALSE(rows.empty());
  std::ranges::sort(rows, {}, &model::StoredObservation::time);
  auto profile = model::Profile{};
  profile.address = address;
  profile.first_seen = rows.front().time;
  profile.last_seen = rows.back().time;
  auto ports = std::map<std::uint16_t, std::size_t>{}, source_ports = ports;
  auto services = std::map<std::string, std::size_t>{};
  auto texts = std::map<Field, std::map<std::string, std::size_t>>{};
  for (auto i = std::size_t{0}; i < rows.size(); ++i) {
    auto const &row = rows[i];
    ++profile.observations;
    profile.sessions += row.kind == Kind::opened ? 1 : 0;
    profile.logins += row.kind == Kind::login ? 1 : 0;
    profile.commands += row.kind == Kind::command ? 1 : 0;
    profile.requests += row.kind == Kind::request ? 1 : 0;
    profile.downloads += row.kind == Kind::download ? 1 : 0;
    if (row.transport == model::Transport::tcp) profile.spoofable = false;
    // 0 stands for a port that another program's log did not tell.
    if (row.destination.port != 0) ports[row.destination.port] = i;
    if (row.source.port != 0) source_ports[row.source.port] = i;
    services[row.service] = i;
    for (auto const &field : row.fields) texts[field.field][field.text] = i;
  }
  profile.ports = latest(ports, profile.truncated);
  profile.source_ports = latest(source_ports, profile.truncated);
  profile.services = latest(services, profile.truncated);
  profile.protocols = latest(texts[Field::protocol], profile.truncated);
  profile.user_agents = latest(texts[Field::user_agent], profile.truncated);
  profile.ja3 = latest(texts[Field::ja3], profile.truncated);
  profile.usernames = latest(texts[Field::username], profile.truncated);
  profile.urls = latest(texts[Field::url], profile.truncated);
  profile.sha256 = latest(texts[Field::sha256], profile.truncated);
  return profile;
}

void check_same(model::Profile const &kept, model::Profile const &counted) {
  CHECK(kept.address == counted.address);
  CHECK(kept.first_seen == counted.first_seen);
  CHECK(kept.last_seen == counted.last_seen);
  CHECK(kept.observations == counted.observations);
  CHECK(kept.sessions == counted.sessions);
  CHECK(kept.logins == counted.logins);
  CHECK(kept.commands == counted.commands);
  CHECK(kept.requests == counted.requests);
  CHECK(kept.downloads == counted.downloads);
  CHECK(kept.spoofable == counted.spoofable);
  CHECK(kept.truncated == counted.truncated);
  CHECK(kept.ports == counted.ports);
  CHECK(kept.source_ports == counted.source_ports);
  CHECK(kept.services == counted.services);
  CHECK(kept.protocols == counted.protocols);
  CHECK(kept.user_agents == counted.user_agents);
  CHECK(kept.ja3 == counted.ja3);
  CHECK(kept.usernames == counted.usernames);
  CHECK(kept.urls == counted.urls);
  CHECK(kept.sha256 == counted.sha256);
}

auto rows_of(model::ObservationStore &store, IpAddress source) -> std::vector<model::StoredObservation> {
  auto rows = std::vector<model::StoredObservation>{};
  for (auto const &visit : value_of(store.visits_of(source, 10'000, kReader)))
    std::ranges::move(value_of(store.visit(visit.visit, kReader)), std::back_inserter(rows));
  return rows;
}

void check_profiles(model::ObservationStore &store) {
  auto sources = std::vector{IpAddress{0x2001'0db8'0000'0000U, 0}, IpAddress{0x2001'0db8'0000'0000U, 1}};
  for (auto i = 0U; i < 5; ++i) sources.push_back(IpAddress::v4(0x0a00'0000 + i));
  for (auto const &source : sources) {
    CAPTURE(source.to_string());
    auto const rows = rows_of(store, source);
    auto const kept = value_of(store.profile(source, kReader));
    REQUIRE(kept.has_value() == !rows.empty());
    if (kept) check_same(*kept, recount(source, rows));
  }
}

}  // namespace

TEST_CASE("a profile equals a recount of the rows, through writing out, restarts, closing and merging") {
  auto const folder = Folder{};
  auto options = options_in(folder);
  options.fresh_rows = 700;
  options.compact_rows = 12;
  auto traffic = RandomTraffic{1};
  auto store = open(options);
  auto total = std::uint64_t{0};
  for (auto position = std::uint64_t{1}; position <= 24; ++position) {
    auto group = std::vector<model::Observation>{};
    for (auto i = 0; i < 150; ++i) group.push_back(traffic.next());
    total += apply(*store, group, at(3 + static_cast<int>(position / 6)), position);
    if (position % 5 == 0) store.reset(), store = open(options);
    if (position % 6 == 0) (void)value_of(store->close_days(day(3 + static_cast<int>(position / 6))));
    if (position % 4 == 0) check_profiles(*store);
  }
  check_profiles(*store);
  CHECK(value_of(store->stats(kReader)).sources == 7);
  CHECK(value_of(store->stats(kReader)).rows == total);
}

TEST_CASE("a source that was never seen has no profile") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  CHECK_FALSE(value_of(store->profile(IpAddress::v4(1), kReader)));
}

namespace {

constexpr auto kGroupRows = std::uint64_t{300};

auto crash_options(Folder const &folder) -> know::ObservationStoreOptions {
  auto options = options_in(folder);
  options.fresh_rows = 1'000;
  options.compact_rows = 20;
  return options;
}

/// Applies groups until killed, and writes one byte for each that was acknowledged.
[[noreturn]] void write_until_killed(Folder const &folder, int acknowledge) {
  auto store = know::open_observation_store(crash_options(folder));
  if (!store) ::_exit(1);
  auto const start = (*store)->cursor();
  auto traffic = RandomTraffic{static_cast<unsigned>(*start)};
  for (auto position = *start + 1;; ++position) {
    auto group = std::vector<model::Observation>{};
    for (auto i = std::uint64_t{0}; i < kGroupRows; ++i) group.push_back(traffic.next());
    auto const frames = frames_of(group);
    auto const batches = std::vector{model::ReceivedBatch{{7}, at(3 + static_cast<int>(position / 20)), frames}};
    if (!(*store)->apply(batches, position)) ::_exit(2);
    if (::write(acknowledge, "a", 1) != 1) ::_exit(3);
    if (position % 7 == 0 && !(*store)->close_days(day(3 + static_cast<int>(position / 20)))) ::_exit(4);
  }
}

/// How many groups a child acknowledged before it was killed, some moments after the third.
auto kill_a_writer(Folder const &folder, unsigned moments) -> std::uint64_t {
  auto ends = std::array<int, 2>{};
  REQUIRE(::pipe(ends.data()) == 0);
  auto const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    write_until_killed(folder, ends[1]);
  }
  ::close(ends[1]);
  auto acknowledged = std::uint64_t{0};
  auto byte = char{};
  while (acknowledged < 3 && ::read(ends[0], &byte, 1) == 1) ++acknowledged;
  ::poll(nullptr, 0, static_cast<int>(moments));  // the random moment itself; nothing waits for it to be long enough
  ::kill(child, SIGKILL);
  while (::read(ends[0], &byte, 1) == 1) ++acknowledged;
  ::close(ends[0]);
  auto status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return acknowledged;
}

}  // namespace

TEST_CASE("a writer killed at random moments has every acknowledged group once, and rows, profiles and cursor agree") {
  auto const folder = Folder{};
  auto random = std::mt19937{20'261'121};
  auto before = std::uint64_t{0};
  for (auto round = 0; round < 12; ++round) {
    CAPTURE(round);
    auto const acknowledged = kill_a_writer(folder, static_cast<unsigned>(random() % 90));
    auto const store = open(crash_options(folder));
    auto const cursor = value_of(store->cursor());
    CHECK(cursor >= before + acknowledged);
    CHECK(cursor <= before + acknowledged + 1);
    auto const stats = value_of(store->stats(kReader));
    CHECK(stats.rows == cursor * kGroupRows);
    auto profiled = std::uint64_t{0};
    for (auto i = 0U; i < 7; ++i) {
      auto const source = i < 5 ? IpAddress::v4(0x0a00'0000 + i) : IpAddress{0x2001'0db8'0000'0000U, i - 5};
      if (auto const profile = value_of(store->profile(source, kReader))) profiled += profile->observations;
    }
    CHECK(profiled == cursor * kGroupRows);
    before = cursor;
  }
}
