// Indicators a second summed up by type, source and role, beside the plain way (listing them all and counting) and the
// machine's limit (reading the store's files once). All must agree.
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "base/file.hpp"
#include "bench/traffic.hpp"
#include "know/indicator_store.hpp"
#include "tests/support/plain_summary.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

constexpr auto kSources = std::int64_t{20};
constexpr auto kPageSize = std::size_t{10'000};

auto const kNow = Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
auto const kViewer = model::Viewer{{1}, "bench", model::UserRole::admin, {1}};

/// Addresses, domains and hashes of twenty feeds over a year; one in ten stands in two of them.
void fill(model::IndicatorStore &store, std::uint64_t count) {
  auto random = std::mt19937_64{7};
  auto load = bench::must(store.load());
  auto contexts = std::vector<std::uint32_t>{};
  for (auto source = std::int64_t{1}; source <= kSources; ++source) {
    auto context = model::Context{};
    context.source = {source};
    context.role = source % 2 == 0 ? model::Role::scanner : model::Role::c2;
    context.evidence = model::Evidence::observed;
    context.collected_by = model::CollectedBy::feed;
    contexts.push_back(load->context(context));
  }
  for (auto i = std::uint64_t{0}; i < count; ++i) {
    auto const seen = kNow - std::chrono::hours{random() % 8'760};
    auto const type = i % 4 == 0   ? model::ValueType::sha256
                      : i % 4 == 1 ? model::ValueType::domain
                                   : model::ValueType::ip;
    auto const text = type == model::ValueType::sha256 ? fmt::format("{:064x}", i * 0x9e37'79b9'7f4a'7c15U)
                      : type == model::ValueType::domain
                          ? fmt::format("host-{}.example", i)
                          : model::IpAddress::v4(static_cast<std::uint32_t>(i) * 2'654'435'761U).to_string();
    for (auto times = random() % 10 == 0 ? 2 : 1; times > 0; --times)
      bench::must(load->add(type, text, contexts[random() % contexts.size()], {seen, seen, 1, {}}));
  }
  bench::must(load->finish({}));
}

/// The peer: what a client of the store could do.
auto counted_plainly(model::IndicatorStore &store) -> model::IndicatorSummary {
  auto all = std::vector<std::pair<model::Value, model::Context>>{};
  auto cursor = std::string{};
  for (;;) {
    auto const page = bench::must(store.list({}, cursor, kPageSize, kViewer, kNow));
    for (auto const &[indicator, contexts] : page.listed)
      for (auto const &context : contexts) all.emplace_back(indicator, context);
    if (!page.next) return test::summary_of(all);
    cursor = *page.next;
  }
}

auto read_all(std::string const &folder) -> std::uint64_t {
  auto bytes = std::uint64_t{0};
  for (auto const &entry : std::filesystem::recursive_directory_iterator{folder})
    if (entry.is_regular_file()) bytes += bench::must(read_file(entry.path().string(), std::size_t{1} << 40)).size();
  return bytes;
}

auto seconds(auto const &work) -> double {
  auto const start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  auto equal = true;
  for (auto const count :
       small ? std::vector<std::uint64_t>{20'000} : std::vector<std::uint64_t>{1'000'000, 10'000'000}) {
    auto const folder = test::TemporaryFolder{};
    auto const store = bench::must(know::open_indicator_store(folder / "indicators"));
    fill(*store, count);
    auto ours = model::IndicatorSummary{};
    auto const first = seconds([&] { ours = bench::must(store->summarise(kViewer, kNow)); });
    auto const again = seconds([&] { ours = bench::must(store->summarise(kViewer, kNow)); });
    auto total = std::uint64_t{0};
    for (auto const &type : ours.types) total += type.indicators;
    fmt::print("{} indicators in {} groups\n  ours                 {:>12.0f} indicators/s\n", total, ours.groups.size(),
               static_cast<double>(total) / first);
    fmt::print("  ours, asked again    {:>12.1f} µs\n", again * 1e6);
    auto bytes = std::uint64_t{0};
    auto const reading = seconds([&] { bytes = read_all(folder / "indicators"); });
    fmt::print("  reading the files    {:>12.0f} indicators/s ({} MB)\n", static_cast<double>(total) / reading,
               bytes / 1'000'000);
    if (count > 1'000'000) continue;  // the peer holds everything
    auto theirs = model::IndicatorSummary{};
    auto const plain = seconds([&] { theirs = counted_plainly(*store); });
    equal = equal && ours == theirs;
    fmt::print("  listing and counting {:>12.0f} indicators/s\n  ratio {:.1f}; the counts are {}\n",
               static_cast<double>(total) / plain, plain / first, ours == theirs ? "equal" : "NOT EQUAL");
  }
  return equal ? 0 : 1;
}
