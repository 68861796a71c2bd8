// Indicators/s that a scan looks at (containing, below, in: what no hash answers) beside grep -F, ripgrep and DuckDB's
// LIKE on the same values as plain text. The same are found everywhere.
//
// scan_bench [INDICATORS]: one million where it is not said; NOROSHI_BENCH_INDICATORS says it for ./dev bench.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <duckdb.h>

#include "bench/search_values.hpp"
#include "search/scan.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

using std::chrono::steady_clock;

struct Outcome {
  std::uint64_t found = 0;
  double seconds = 0;
};

/// The best of three: what the machine does beside must not count.
auto best(auto const &work) -> Outcome {
  auto least = Outcome{0, 1e9};
  for (auto i = 0; i < 3; ++i) {
    auto const start = steady_clock::now();
    auto const found = work();
    auto const spent = std::chrono::duration<double>(steady_clock::now() - start).count();
    if (spent < least.seconds) least = {found, spent};
  }
  return least;
}

void report(std::string_view who, Outcome outcome, std::uint64_t indicators) {
  fmt::print("  {:<28} {:>8} found   {:7.3f} s   {:7.1f} million/s\n", who, outcome.found, outcome.seconds,
             static_cast<double>(indicators) / outcome.seconds * 1e-6);
}

auto scan(model::IndicatorStore &store, model::ValueCondition const &condition, unsigned threads) -> std::uint64_t {
  auto options = search::Scan::Options{};
  options.filter.value = condition;
  options.viewer = model::node_viewer();
  options.now = system_clock().now();
  options.threads = threads;
  auto running = search::Scan{store, std::move(options)};
  auto found = std::uint64_t{0};
  while (!running.finished())
    if (auto const some = running.next(steady_clock::now() + std::chrono::seconds{1})) found += some->size();
  if (auto const failure = running.failure()) give_up(*failure);
  return found;
}

/// What a program prints: one number.
auto counted_by(std::string const &command) -> std::uint64_t {
  auto *const pipe = ::popen(command.c_str(), "r");
  auto number = 0UL;
  if (pipe == nullptr || std::fscanf(pipe, "%lu", &number) != 1) number = ~0UL;
  if (pipe != nullptr) (void)::pclose(pipe);
  return number;
}

/// The values as a table of one column in memory, as DuckDB is fastest.
class DuckTable {
public:
  explicit DuckTable(std::string const &file) {
    if (duckdb_open(nullptr, &database_) != DuckDBSuccess || duckdb_connect(database_, &connection_) != DuckDBSuccess)
      give_up(fail(ErrorCode::unavailable, "DuckDB does not open"));
    run("CREATE TABLE v AS SELECT * FROM read_csv('" + file + "', columns={'v':'VARCHAR'}, header=false, delim='\t')");
  }
  DuckTable(DuckTable const &) = delete;
  auto operator=(DuckTable const &) -> DuckTable & = delete;
  ~DuckTable() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  auto count_like(std::string const &pattern) -> std::uint64_t {
    return run("SELECT count(*) FROM v WHERE v LIKE '" + pattern + "'");
  }

private:
  auto run(std::string const &sql) -> std::uint64_t {
    auto result = duckdb_result{};
    if (duckdb_query(connection_, sql.c_str(), &result) != DuckDBSuccess)
      give_up(fail(ErrorCode::internal, "DuckDB: {}", duckdb_result_error(&result)));
    auto chunk = duckdb_fetch_chunk(result);
    auto number = std::uint64_t{0};
    if (chunk != nullptr && duckdb_data_chunk_get_column_count(chunk) > 0)
      number = static_cast<std::uint64_t>(
          *static_cast<std::int64_t const *>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0))));
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return number;
  }
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

void write_plain(std::string const &file, std::uint64_t indicators) {
  auto out = std::ofstream{file};
  auto text = std::string{};
  for (auto number = std::uint64_t{0}; number < indicators; ++number) {
    text.append(nth_value(number).text).push_back('\n');
    if (text.size() < (1 << 20)) continue;
    out << text;
    text.clear();
  }
  out << text;
}

auto compare(model::IndicatorStore &store, std::string const &file, DuckTable &duck, std::uint64_t indicators,
             std::string const &text) -> bool {
  auto const condition = must(model::parse_condition("", "", text));
  fmt::print("containing \"{}\" among {} indicators\n", text, indicators);
  auto const ours = best([&] { return scan(store, condition, 0); });
  report("noroshi, all processors", ours, indicators);
  report("noroshi, one thread", best([&] { return scan(store, condition, 1); }), indicators);
  auto same = true;
  auto const beside = [&](std::string_view who, auto const &work) {
    auto const theirs = best(work);
    report(who, theirs, indicators);
    same = same && theirs.found == ours.found;
  };
  beside("LC_ALL=C grep -F", [&] { return counted_by("LC_ALL=C grep -Fc -- '" + text + "' " + file); });
  if (std::filesystem::exists("/usr/bin/rg"))
    beside("ripgrep -F", [&] { return counted_by("rg -Fc --no-config --include-zero -- '" + text + "' " + file); });
  beside("DuckDB LIKE, in memory", [&] { return duck.count_like("%" + text + "%"); });
  fmt::print("  the same found: {}\n", same ? "yes" : "NO");
  return same;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const indicators = std::max<std::uint64_t>(1'000, size_asked(argc, argv));
  auto const scratch = test::TemporaryFolder{};
  auto const &folder = scratch.path();
  auto same = true;
  {
    auto store = FilledStore{folder, indicators};
    auto const file = folder + "/values.txt";
    write_plain(file, indicators);
    auto duck = DuckTable{file};
    // In no value, in few, in each URL.
    for (auto const *const text : {"zz-nowhere", "example-4711", "/x.sh"})
      same = compare(*store.indicators, file, duck, indicators, text) && same;
    auto const below = must(model::parse_condition("", "example.com", ""));
    report("below example.com", best([&] { return scan(*store.indicators, below, 0); }), indicators);
    auto const in = must(model::parse_condition("203.0.0.0/12", "", ""));
    report("in 203.0.0.0/12", best([&] { return scan(*store.indicators, in, 0); }), indicators);
  }
  return same ? 0 : 1;
}
