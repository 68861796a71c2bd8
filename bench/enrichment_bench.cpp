// Observations/s that one core enriches (country, network, flags: Where::of behind SourceNotes, one question a source
// of a group) beside libmaxminddb's bare look-up of a country for every observation.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>

#include <fmt/core.h>
#include <maxminddb.h>
#include <netinet/in.h>

#include "base/file.hpp"
#include "codec/range_file.hpp"
#include "tests/support/mmdb_writer.hpp"
#include "tests/support/temporary_folder.hpp"
#include "understand/conclusions.hpp"

using namespace noroshi;

namespace {

constexpr auto kGroupRows = std::size_t{50'000};

[[noreturn]] void give_up(std::string const &why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(3);
}
template <class T>
auto must(Result<T> result) -> T {
  if (!result) give_up(result.error().sentence);
  return *std::move(result);
}

auto country_of(unsigned number) -> std::string {
  return {static_cast<char>('A' + number % 26), static_cast<char>('A' + number / 26 % 26)};
}

/// A country file and a network file as large as the internet's: one prefix of /16 in the former, `networks` ranges in
/// the latter.
void write_files(std::string const &folder, unsigned networks) {
  auto countries = test::MmdbWriter{};
  for (auto i = 0U; i < 4'096; ++i)
    countries.add(model::IpPrefix::of(model::IpAddress::v4(i << 20), 12).to_string(),
                  {{"country_code", {country_of(i)}}});
  if (!write_file_durably(folder + "/country.mmdb", countries.finish("bench"))) give_up("no country file");
  auto ranges = std::vector<codec::NamedRange>{};
  auto const step = 0xffff'ffffU / networks;
  for (auto i = 0U; i < networks; ++i)
    ranges.push_back({{model::IpAddress::v4(i * step), model::IpAddress::v4(i * step + step - 1)},
                      1 + i % 70'000,
                      fmt::format("Example Network {}", i % 70'000)});
  if (!write_file_durably(folder + "/asn.ranges", codec::write_range_file(ranges, "bench", "2026-11-21")))
    give_up("no network file");
}

/// One group's sources: visits of `each` observations.
auto group_of(std::mt19937_64 &random, std::size_t sources) -> std::vector<model::IpAddress> {
  auto group = std::vector<model::IpAddress>{};
  auto pool = std::vector<model::IpAddress>(sources);
  for (auto &address : pool) address = model::IpAddress::v4(static_cast<std::uint32_t>(random()));
  constexpr auto kPerVisit = std::size_t{5};
  while (group.size() < kGroupRows) group.insert(group.end(), kPerVisit, pool[random() % pool.size()]);
  return group;
}

/// Of this thread's processor time: both sides compute only, and a busy machine must not count.
template <class Work>
auto seconds_of(Work work) -> double {
  auto const now = [] {
    auto time = timespec{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  auto const start = now();
  work();
  return now() - start;
}

auto peer_country(MMDB_s &database, model::IpAddress address) -> std::string_view {
  auto socket = sockaddr_in{};
  socket.sin_family = AF_INET;
  socket.sin_addr.s_addr = ::htonl(static_cast<std::uint32_t>(address.low()));
  auto outcome = 0;
  auto found = ::MMDB_lookup_sockaddr(&database, reinterpret_cast<sockaddr const *>(&socket), &outcome);
  auto data = MMDB_entry_data_s{};
  if (!found.found_entry || ::MMDB_get_value(&found.entry, &data, "country_code", nullptr) != MMDB_SUCCESS) return {};
  return {data.utf8_string, data.data_size};
}

auto run(understand::Where const &where, MMDB_s &database, std::size_t sources, std::size_t groups) -> bool {
  auto random = std::mt19937_64{sources};
  auto ours = 0.0;
  auto theirs = 0.0;
  auto same = true;
  for (auto i = std::size_t{0}; i < groups; ++i) {
    auto const group = group_of(random, sources);
    auto table = model::WhereTable{};
    ours += seconds_of([&] {
      auto notes = understand::SourceNotes{&where};
      for (auto const &address : group) (void)notes.note(address);
      table = std::move(notes).table();
    });
    auto countries = std::vector<std::string_view>{};
    countries.reserve(group.size());
    theirs += seconds_of([&] {
      for (auto const &address : group) countries.push_back(peer_country(database, address));
    });
    for (auto row = std::size_t{0}; row < group.size(); ++row)
      same = same && table.find(group[row]) != nullptr && table.find(group[row])->where.country == countries[row];
  }
  auto const rows = static_cast<double>(groups * kGroupRows);
  fmt::print("{} observations of {} sources a group of {}\n", groups * kGroupRows, sources, kGroupRows);
  fmt::print("  same countries: {}\n", same ? "yes" : "NO");
  fmt::print("  country, network, flags {:>12.0f} observations/s a core\n", rows / ours);
  fmt::print("  libmaxminddb, country   {:>12.0f} observations/s a core\n", rows / theirs);
  fmt::print("  ratio {:.2f}\n", theirs / ours);
  return same;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::string_view{argv[1]} == "--small";
  auto const scratch = test::TemporaryFolder{};
  auto const &folder = scratch.path();
  write_files(folder, small ? 10'000 : 400'000);
  auto const config = must(
      Config::load(folder + "/none.toml", false,
                   {"where.country_file=" + folder + "/country.mmdb", "where.asn_file=" + folder + "/asn.ranges"}));
  auto const where = must(understand::Where::create({NOROSHI_SOURCE_DIR "/packs/lists", {}, {}}, config));
  (void)where->of(model::IpAddress::v4(1));  // reads the files
  auto database = MMDB_s{};
  if (::MMDB_open((folder + "/country.mmdb").c_str(), MMDB_MODE_MMAP, &database) != MMDB_SUCCESS) give_up("no peer");
  auto same = true;
  for (auto const sources : {1'000U, 10'000U, 50'000U}) same = run(*where, database, sources, small ? 1 : 20) && same;
  ::MMDB_close(&database);
  return same ? 0 : 1;
}
