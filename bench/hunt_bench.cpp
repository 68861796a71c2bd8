// A retro-hunt: 10,000 new values against 30 closed days, beside DuckDB's own semi join over the same Parquet files;
// and the filters alone, 30 of 5 million values each, beside binary search in sorted files of the same hashes.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/file.hpp"
#include "bench/traffic.hpp"
#include "know/line_filter.hpp"
#include "know/observations/observations_duck.hpp"
#include "know/observations/observations_schema.hpp"
#include "know/past_observations.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::bench;
using know::duck::Connection;

namespace {

constexpr auto kDays = 30;
constexpr auto kValues = 10'000;
auto const kFirstDay = Day{std::chrono::year{2026} / 10 / 1};

/// Wall-clock seconds, and seconds of processor time: on a machine with other work the second is what it costs.
struct Cost {
  double wall = 0, processor = 0;
};

auto processor_seconds() -> double {
  auto usage = rusage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto const seconds = [](timeval const &time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

auto cost_of(auto const &work) -> Cost {
  auto const processor = processor_seconds();
  auto const start = std::chrono::steady_clock::now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          processor_seconds() - processor};
}

auto as_text(Cost const &cost) -> std::string {
  return fmt::format("{:>8.3f} s ({:.3f} s of processor time)", cost.wall, cost.processor);
}

class DuckFile {
public:
  explicit DuckFile(std::string const &path) {
    if (duckdb_open(path.empty() ? nullptr : path.c_str(), &database_) != DuckDBSuccess)
      give_up(fail(ErrorCode::internal, "DuckDB does not open {}", path));
    connection = must(Connection::open(database_));
  }
  DuckFile(DuckFile const &) = delete;
  auto operator=(DuckFile const &) -> DuckFile & = delete;
  ~DuckFile() {
    connection = {};
    duckdb_close(&database_);
  }

private:
  duckdb_database database_ = nullptr;

public:
  Connection connection;
};

/// Rows of a day as decoys see them: 200,000 sources of which some come every day, ten observations a visit, one in
/// twenty names one of 50,000 hosts and URLs.
auto day_sql(int day, std::uint64_t rows) -> std::string {
  auto const begin = (kFirstDay + std::chrono::days{day}).time_since_epoch().count() * 86'400'000'000;
  return fmt::format(
      "SELECT make_timestamp({0} + (i * 86399000000 // {1})::BIGINT) AS \"time\", \"time\" AS received, (i % 50 + "
      "1)::BIGINT AS sensor, (lpad(printf('%x', {2}), 8, '0') || '-0000-7000-8000-' || lpad(printf('%x', i // 10), 12, "
      "'0'))::UUID AS visit, (i % 10)::UINTEGER AS sequence, 6::UTINYINT AS kind, 6::UTINYINT AS transport, 0::UBIGINT "
      "AS "
      "src_high, (281470681743360 + 16777216 + (hash(i // 10, {2}) % (200000 + {2} * 1000)) * 7919)::UBIGINT AS "
      "src_low, "
      "(i % 60000 + 1024)::USMALLINT AS src_port, 0::UBIGINT AS dst_high, 281474117730311::UBIGINT AS dst_low, "
      "80::USMALLINT AS dst_port, 'http' AS service, NULL::VARCHAR AS extra, CASE WHEN i % 20 = 0 THEN 'host' || "
      "(hash(i, {2}) % 50000) || '.example.com' END AS host, CASE WHEN i % 20 = 10 THEN 'http://cdn' || (hash(i, {2}) "
      "% "
      "50000) || '.example.net/x.sh' END AS url FROM range({1}) t(i)",
      begin, rows, day);
}

/// The same with every column of the store; those that the rows have nothing for are empty.
auto whole_day_sql(int day, std::uint64_t rows) -> std::string {
  constexpr auto kMade = std::array<std::string_view, 17>{
      "time",     "received", "sensor",  "visit",    "sequence", "kind",  "transport", "src_high", "src_low",
      "src_port", "dst_high", "dst_low", "dst_port", "service",  "extra", "host",      "url"};
  auto columns = std::string{};
  for (auto const &[name, sql_type, type] : know::observations::columns()) {
    auto const made = std::ranges::find(kMade, name) != kMade.end();
    columns += fmt::format("{}{} AS \"{}\"", columns.empty() ? "" : ", ",
                           made ? fmt::format("\"{}\"", name) : fmt::format("NULL::{}", sql_type), name);
  }
  return fmt::format("SELECT {} FROM ({}) ORDER BY src_high, src_low, \"time\", visit, sequence", columns,
                     day_sql(day, rows));
}

auto parquet(std::string const &folder, int day) -> std::string {
  return fmt::format("{}/days/{}.parquet", folder, to_string(kFirstDay + std::chrono::days{day}));
}

/// Closed days without the hours that taking them in row by row would take; opening the store makes their filters.
void make_days(std::string const &folder, std::uint64_t rows_a_day) {
  must(know::open_observation_store({.directory = folder})).reset();
  auto maker = DuckFile{folder + "/observations.duckdb"};
  for (auto day = 0; day < kDays; ++day) {
    auto const path = parquet(folder, day);
    must(maker.connection.run(fmt::format("COPY ({}) TO {} (FORMAT parquet, COMPRESSION zstd)",
                                          whole_day_sql(day, rows_a_day), know::duck::quoted(path))));
    must(maker.connection.run(fmt::format("INSERT INTO days VALUES ({}, {}, {}, {})",
                                          (kFirstDay + std::chrono::days{day}).time_since_epoch().count(),
                                          know::duck::quoted(std::filesystem::path{path}.filename().string()),
                                          rows_a_day, std::filesystem::file_size(path))));
  }
}

/// Of the values one in a hundred was there: addresses, hosts and URLs.
auto make_values() -> std::vector<model::Value> {
  auto random = std::mt19937_64{7};
  auto values = std::vector<model::Value>{};
  for (auto i = 0; i < kValues; ++i) {
    auto const known = i % 100 == 0;
    auto const number = random() % 50'000;
    if (i % 10 < 7) {
      auto const address = known ? 0x0100'0000U + static_cast<std::uint32_t>(number * 7919)
                                 : 0xd000'0000U + static_cast<std::uint32_t>(random() % 0x0fff'ffff);
      values.push_back({model::ValueType::ip, model::IpAddress::v4(address).to_string()});
    } else if (i % 10 < 9) {
      values.push_back(
          {model::ValueType::domain, fmt::format("host{}.example.com", known ? number : number + 900'000)});
    } else {
      values.push_back({model::ValueType::url, fmt::format("http://cdn{}.example.net/x.sh", number + 900'000)});
    }
  }
  for (auto i = 0; i < 20; ++i) {
    values[static_cast<std::size_t>(i) * 500 + 7] = {model::ValueType::domain,
                                                     fmt::format("host{}.example.com", random() % 50'000)};
    values[static_cast<std::size_t>(i) * 500 + 9] = {model::ValueType::url,
                                                     fmt::format("http://cdn{}.example.net/x.sh", random() % 50'000)};
  }
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  return values;
}

/// One semi join a column over all files; the texts here are canonical as they stand, so comparing them is right.
auto peer_hunt(std::string const &folder, std::vector<model::Value> const &values)
    -> std::map<model::Value, std::uint64_t> {
  auto peer = DuckFile{""};
  must(peer.connection.run("SET threads = 1"));
  must(peer.connection.run("CREATE TABLE addresses(low UBIGINT); CREATE TABLE names(text VARCHAR)"));
  auto addresses = std::string{"INSERT INTO addresses VALUES "};
  auto names = std::string{"INSERT INTO names VALUES "};
  for (auto const &value : values)
    if (value.type == model::ValueType::ip)
      addresses +=
          fmt::format("{}({})", addresses.ends_with(' ') ? "" : ",", model::IpAddress::parse(value.text)->low());
    else
      names += fmt::format("{}('{}')", names.ends_with(' ') ? "" : ",", value.text);
  must(peer.connection.run(addresses));
  must(peer.connection.run(names));
  auto const files = fmt::format("read_parquet('{}/days/*.parquet')", folder);
  auto counts = std::map<model::Value, std::uint64_t>{};
  auto by_address = must(peer.connection.query(fmt::format(
      "SELECT src_low, count(*)::UBIGINT, min(\"time\"), max(\"time\") FROM {} WHERE src_high = 0 AND src_low "
      "IN (SELECT low FROM addresses) GROUP BY src_low",
      files)));
  while (by_address.next())
    counts[{model::ValueType::ip, model::IpAddress{0, by_address.number<std::uint64_t>(0)}.to_string()}] =
        by_address.number<std::uint64_t>(1);
  for (auto const *column : {"host", "url"}) {
    auto by_name = must(peer.connection.query(fmt::format(
        "SELECT {0}, count(*)::UBIGINT, min(\"time\"), max(\"time\") FROM {1} WHERE {0} IN (SELECT text FROM "
        "names) GROUP BY {0}",
        column, files)));
    while (by_name.next()) counts[*model::parse_value(by_name.text(0))] += by_name.number<std::uint64_t>(1);
  }
  return counts;
}

auto hunt(std::uint64_t rows_a_day, std::string const &folder) -> bool {
  make_days(folder, rows_a_day);
  auto const [store, past] =
      must(know::open_observations_and_past({.directory = folder, .query_deadline = std::chrono::seconds{120}}));
  auto const values = make_values();
  auto ours = std::map<model::Value, std::uint64_t>{};
  auto found = model::Sightings{};
  auto const go_on = [] { return true; };
  auto const cold = cost_of([&] { found = must(past->sightings(values, go_on, model::node_viewer())); });
  auto const warm = cost_of([&] { found = must(past->sightings(values, go_on, model::node_viewer())); });
  for (auto const &sighting : found.found) ours[sighting.value] = sighting.count;
  auto absent = std::vector<model::Value>{};
  for (auto const &value : values)
    if (!ours.contains(value)) absent.push_back(value);
  auto none = model::Sightings{};
  auto const nothing = cost_of([&] { none = must(past->sightings(absent, go_on, model::node_viewer())); });
  auto theirs = std::map<model::Value, std::uint64_t>{};
  auto const peer = cost_of([&] { theirs = peer_hunt(folder, values); });
  auto const equal = ours == theirs && none.found.empty() && found.unread == 0 && found.days == kDays;
  fmt::print("{} values, {} observations in {} closed days: {} values were there\n", values.size(), rows_a_day * kDays,
             found.days, ours.size());
  fmt::print("  answers, the peer's: {}, {}: {}\n", ours.size(), theirs.size(), equal ? "equal" : "NOT EQUAL");
  fmt::print("  retro-hunt, first            {}\n", as_text(cold));
  fmt::print("  retro-hunt, again            {} (budget: 5 s)\n", as_text(warm));
  fmt::print("  of {:>5} values never seen    {}; the filters let {} of {} through\n", absent.size(), as_text(nothing),
             none.candidates, absent.size() * kDays);
  fmt::print("  DuckDB semi join             {}\n", as_text(peer));
  fmt::print("  ratio {:.1f}\n", peer.wall / warm.wall);
  return equal;
}

/// A filter and, for the peer, the sorted hashes themselves.
struct Made {
  std::unique_ptr<know::FilterFile> filter;
  std::uint64_t const *sorted = nullptr;
};

auto filters(std::size_t entries, std::string const &folder) -> bool {
  auto made = std::vector<Made>{};
  auto random = std::mt19937_64{11};
  auto asked = std::vector<std::uint64_t>(kValues);
  for (auto &hash : asked) hash = random();
  for (auto day = 0; day < kDays; ++day) {
    auto hashes = std::vector<std::uint64_t>(entries);
    for (auto &hash : hashes) hash = random();
    hashes[0] = asked[static_cast<std::size_t>(day) * 7];
    std::ranges::sort(hashes);
    auto filter = know::LineFilter{entries};
    for (auto const hash : hashes) filter.insert(hash);
    auto const path = fmt::format("{}/{}", folder, day);
    must(filter.write(path + ".filter"));
    must(write_file_durably(path + ".sorted", {reinterpret_cast<char const *>(hashes.data()), entries * 8}));
    auto const file = must(open_file(path + ".sorted", O_RDONLY));
    auto *const mapped = ::mmap(nullptr, entries * 8, PROT_READ, MAP_PRIVATE, file.get(), 0);
    made.push_back({must(know::FilterFile::open(path + ".filter")), static_cast<std::uint64_t const *>(mapped)});
  }
  std::ranges::sort(asked);
  auto perhaps = std::size_t{0};
  auto in = std::size_t{0};
  auto missed = std::size_t{0};
  auto const ask = [&] {
    perhaps = 0;
    for (auto const &each : made)
      for (auto const hash : asked) perhaps += each.filter->may_contain(hash) ? 1 : 0;
  };
  ask();
  auto const ours = cost_of(ask);
  auto const search = [&] {
    in = 0;
    for (auto const &each : made)
      for (auto const hash : asked) in += std::binary_search(each.sorted, each.sorted + entries, hash) ? 1 : 0;
  };
  search();
  auto const peer = cost_of(search);
  for (auto const &each : made)
    for (auto const hash : asked)
      if (std::binary_search(each.sorted, each.sorted + entries, hash) && !each.filter->may_contain(hash)) ++missed;
  for (auto const &each : made) ::munmap(const_cast<std::uint64_t *>(each.sorted), entries * 8);
  auto const wrong = perhaps - in;
  fmt::print("{} values against {} filters of {} values\n", kValues, kDays, entries);
  fmt::print("  there, perhaps there, missed: {}, {}, {}: {}\n", in, perhaps, missed,
             missed == 0 && in == kDays ? "right" : "WRONG");
  fmt::print("  filters                      {}; wrong once in {:.0f}\n", as_text(ours),
             wrong == 0 ? 0.0 : static_cast<double>(kDays) * kValues / static_cast<double>(wrong));
  fmt::print("  binary search                {}; ratio {:.1f}\n", as_text(peer), peer.wall / ours.wall);
  return missed == 0 && in == kDays;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  auto const scratch = test::TemporaryFolder{};
  auto const &folder = scratch.path();
  auto good = filters(small ? 20'000 : 5'000'000, folder);
  good = hunt(small ? 2'000 : 3'333'334, folder + "/observations") && good;
  return good ? 0 : 1;
}
