#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_secrets.hpp"
#include "know/observations/observations_watchdog.hpp"
#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::Field;
using model::IpAddress;
using model::Kind;
using model::ValueType;

namespace {

auto const kSource = IpAddress::v4(0x0102'0304);

auto login(std::int64_t micros, std::string_view user, std::string_view password) -> model::Observation {
  return observation(Kind::login, kSource, at(3, micros)).set(Field::username, user).set(Field::password, password);
}

}  // namespace

TEST_CASE("what names a domain, URL, address or hash is found however it is written, newest first") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  auto const hash = std::string(64, 'a');
  auto const name = [](int number, Field field, std::string_view text) {
    return observation(Kind::request, kSource, at(3, number), static_cast<std::uint32_t>(number)).set(field, text);
  };
  apply(*store,
        {name(1, Field::host, "Evil.Example.com:8080"), name(2, Field::sni, "evil.example.com."),
         name(3, Field::url, "HTTP://evil.example.com/a?b=1"), name(4, Field::host, "good.example.com"),
         name(5, Field::url, "http://evil.example.com/other"), name(6, Field::sha256, std::string(64, 'A')),
         name(7, Field::host, "notevil.example.com"), name(8, Field::url, "http://192.0.2.7/x.sh"),
         name(9, Field::host, "\xff evil.example.com")},
        at(3), 1);
  auto const sequences = [&](ValueType type, std::string_view text) {
    auto found = std::vector<std::uint32_t>{};
    for (auto const &row : value_of(store->mentions({type, std::string{text}}, 100, kReader)))
      found.push_back(row.sequence);
    return found;
  };
  for (auto const closed : {false, true}) {
    CAPTURE(closed);
    if (closed) CHECK(value_of(store->close_days(day(4))) == 1);
    CHECK(sequences(ValueType::domain, "evil.example.com") == std::vector<std::uint32_t>{5, 3, 2, 1});
    CHECK(sequences(ValueType::url, "http://evil.example.com/a?b=1") == std::vector<std::uint32_t>{3});
    CHECK(sequences(ValueType::sha256, hash) == std::vector<std::uint32_t>{6});
    CHECK(sequences(ValueType::ip, "192.0.2.7") == std::vector<std::uint32_t>{8});
    CHECK(sequences(ValueType::domain, "example.com").empty());
    CHECK(sequences(ValueType::md5, std::string(32, 'a')).empty());
  }
  apply(*store, {observation(Kind::request, kSource, at(4, 10), 10).set(Field::host, "evil.example.com")}, at(4), 2);
  CHECK(sequences(ValueType::domain, "evil.example.com") == std::vector<std::uint32_t>{10, 5, 3, 2, 1});
  CHECK(value_of(store->mentions({ValueType::domain, "evil.example.com"}, 2, kReader)).size() == 2);
}

TEST_CASE("mentions are found after a restart, when the open day's filter was built again") {
  auto const folder = Folder{};
  {
    apply(*open(options_in(folder)), {observation(Kind::request, kSource, at(3)).set(Field::host, "evil.example.com")},
          at(3), 1);
  }
  auto const store = open(options_in(folder));
  CHECK(value_of(store->mentions({ValueType::domain, "evil.example.com"}, 9, kReader)).size() == 1);
  CHECK(value_of(store->visits_of(kSource, 9, kReader)).size() == 1);
}

TEST_CASE("the most frequent values are counted over open and closed days since the time given") {
  auto const folder = Folder{};
  auto const store = open(options_in(folder));
  apply(*store, {login(1, "root", "a"), login(2, "root", "b"), login(3, "admin", "a")}, at(3), 1);
  CHECK(value_of(store->close_days(day(4))) == 1);
  apply(*store, {login(4, "admin", "a"), login(5, "admin", "a"), login(6, "x\xff", "c")}, at(4), 2);
  auto const top = [&](Field field, Time since, std::size_t limit) {
    auto text = std::string{};
    for (auto const &value : value_of(store->top_values(Kind::login, field, since, limit, kAnalyst)))
      text += fmt::format("{}={} ", value.value, value.count);
    return text;
  };
  CHECK(top(Field::username, at(3), 9) == "admin=3 root=2 x\\xff=1 ");
  CHECK(top(Field::username, at(4), 1) == "admin=2 ");
  CHECK(top(Field::password, at(3), 2) == "a=4 b=1 ");
  CHECK(value_of(store->top_values(Kind::command, Field::username, {}, 9, kReader)).empty());
  CHECK(store->top_values(Kind::login, Field::status, {}, 9, kReader).error().code == ErrorCode::malformed);
}

TEST_CASE("a question past its deadline is timed_out, and the store goes on answering") {
  auto const folder = Folder{};
  {
    apply(*open(options_in(folder)), {login(1, "root", "a")}, at(3), 1);
  }
  auto options = options_in(folder);
  options.query_deadline = std::chrono::milliseconds{0};
  {
    auto const store = open(options);
    for (auto i = 0; i < 20; ++i)
      CHECK(store->top_values(Kind::login, Field::username, {}, 9, kReader).error().code == ErrorCode::timed_out);
    CHECK(apply(*store, {login(2, "root", "b")}, at(3), 2) == 1);
  }
  CHECK(value_of(open(options_in(folder))->top_values(Kind::login, Field::username, {}, 9, kReader)).size() == 1);
}

TEST_CASE("the watchdog interrupts a running query, and the connection works afterwards") {
  auto database = duckdb_database{};
  REQUIRE(duckdb_open(nullptr, &database) == DuckDBSuccess);
  {
    auto watchdog = know::duck::Watchdog{};
    auto connection = value_of(know::duck::Connection::open(database));
    watchdog.watch(connection.get(), std::chrono::steady_clock::now() + std::chrono::milliseconds{30});
    auto const endless = connection.count("SELECT count(*)::UBIGINT FROM range(1000000000000) WHERE hash(range) = 1");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code == ErrorCode::timed_out);
    CHECK(watchdog.release(connection.get()));
    CHECK(value_of(connection.count("SELECT 42::UBIGINT")) == 42);
  }
  duckdb_close(&database);
}

TEST_CASE("only DuckDB versions that were tried are accepted, and others told what to do") {
  CHECK(know::duck::check_version("v1.4.4"));
  CHECK(know::duck::check_version("v1.5.6"));
  for (auto const *const other : {"v1.4.3", "v1.6.0", "v2.0.0", "v0.10.2", "nonsense", ""}) {
    auto const refused = know::duck::check_version(other);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(refused.error().sentence.contains("DUCKDB_ROOT"));
  }
}

TEST_CASE("log-in secrets stand in no file, and are gone with their day's key") {
  auto const folder = Folder{};
  auto options = options_in(folder);
  options.secret_days = 2;
  auto const secret = std::string{"correct-horse-battery-staple"};
  auto const sent = login(1, "visible-user-name", secret);
  auto const passwords = [&](model::ObservationStore &store) {
    auto found = std::vector<std::string>{};
    for (auto const &row : value_of(store.visit(sent.visit, kAnalyst)))
      for (auto const &field : row.fields)
        if (field.field == Field::password) found.push_back(field.text);
    return found;
  };
  auto copy = std::string{};
  {
    auto const store = open(options);
    apply(*store, {sent}, at(3), 1);
    CHECK(all_bytes(folder).contains("visible-user-name"));  // the search sees the table's log
    CHECK_FALSE(all_bytes(folder).contains(secret));
    CHECK(passwords(*store) == std::vector{secret});
  }
  CHECK_FALSE(all_bytes(folder).contains(secret));
  auto const store = open(options);
  CHECK(value_of(store->close_days(day(5))) == 1);
  CHECK(passwords(*store) == std::vector{secret});
  CHECK_FALSE(all_bytes(folder).contains(secret));
  CHECK(value_of(store->close_days(day(6))) == 0);
  CHECK(passwords(*store).empty());
  CHECK(value_of(store->visit(sent.visit, kAnalyst)).size() == 1);
  CHECK(value_of(store->top_values(Kind::login, Field::password, {}, 9, kAnalyst)).empty());
  CHECK(files(folder, "keys") == std::vector<std::string>{"filter.secret"});
}

TEST_CASE("equal secrets are sealed differently each time, and a changed byte or another day opens none") {
  auto const folder = Folder{};
  auto const keys = value_of(know::observations::SecretKeys::load(folder.path()));
  auto sealer = value_of(keys->sealer(day(3)));
  auto first = std::string{}, second = std::string{};
  sealer.seal("same", first);
  sealer.seal("same", second);
  CHECK(first != second);
  CHECK(first.size() == 4 + know::observations::kSealOverhead);
  CHECK(keys->open(day(3), first) == "same");
  CHECK(keys->open(day(3), second) == "same");
  CHECK_FALSE(keys->open(day(4), first));
  (void)value_of(keys->sealer(day(4)));
  CHECK_FALSE(keys->open(day(4), first));
  first.back() = static_cast<char>(first.back() ^ 1);
  CHECK_FALSE(keys->open(day(3), first));
  CHECK(value_of(know::observations::SecretKeys::load(folder.path()))->open(day(3), second) == "same");
}
