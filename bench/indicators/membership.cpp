#include "bench/indicators/membership.hpp"

#include <cstring>

#include <fmt/core.h>

#include "bench/indicator_set.hpp"
#include "bench/indicators/huge_pages.hpp"
#include "bench/indicators/measure.hpp"
#include "know/line_filter.hpp"

namespace noroshi::bench {

namespace {

constexpr auto kQuestions = std::uint64_t{4'000'000};
constexpr auto kRounds = 5;
constexpr auto kGroup = std::size_t{64};  // as in the store
constexpr auto kMostWrong = 1'000;        // the filter promises about one in 3,000

/// Growing with n, as a run is sorted: each number has a slot of its own in the 64 bits.
struct Hashes {
  explicit Hashes(std::uint64_t count) : slot_(~std::uint64_t{0} / count) {}
  [[nodiscard]] auto known(std::uint64_t n) const -> std::uint64_t { return n * slot_ + mixed(n) % slot_; }
  [[nodiscard]] auto absent(std::uint64_t n, std::uint64_t seed) const -> std::uint64_t {
    auto const hash = n * slot_ + mixed(seed) % slot_;
    return hash == known(n) ? n * slot_ + (mixed(n) + 1) % slot_ : hash;
  }

private:
  std::uint64_t slot_;
};

struct Found {
  std::uint64_t known = 0, absent = 0;
};

/// Every second question is known.
auto ask(std::span<know::FilterLine const> lines, std::span<std::uint64_t const> questions) -> Found {
  auto found = Found{};
  auto perhaps = std::vector<std::uint32_t>{};
  for (auto first = std::size_t{0}; first < questions.size(); first += kGroup) {
    auto const group = questions.subspan(first, std::min(kGroup, questions.size() - first));
    for (auto const hash : group) __builtin_prefetch(&lines[know::filter_line(hash, lines.size())]);
    perhaps.clear();
    know::find_candidates(lines, group, perhaps);
    for (auto const number : perhaps) ++(number % 2 == 1 ? found.known : found.absent);
  }
  return found;
}

}  // namespace

auto membership(std::uint64_t count, bool quiet) -> bool {
  auto const hashes = Hashes{count};
  auto building = Took{};
  auto const hot = [&] {
    auto filter = know::LineFilter{count};
    building = timed([&] {
      for (auto n = std::uint64_t{0}; n < count; ++n) filter.insert(hashes.known(n));
    });
    auto copy = std::make_unique<HugePages<know::FilterLine>>(filter.lines().size());
    std::memcpy(static_cast<void *>(copy->all().data()), filter.lines().data(), filter.lines().size_bytes());
    return copy;
  }();
  auto const lines = std::span<know::FilterLine const>{hot->all()};

  auto questions = std::vector<std::uint64_t>{};
  for (auto i = std::uint64_t{0}; i < std::min(kQuestions, count); ++i)
    questions.push_back(i % 2 == 1 ? hashes.known(mixed(i) % count) : hashes.absent(mixed(i) % count, i));
  auto found = Found{};
  auto rounds = std::vector<Took>{};
  for (auto round = 0; round < kRounds; ++round) rounds.push_back(timed([&] { found = ask(lines, questions); }));

  auto const half = questions.size() / 2;
  auto const good = found.known == half && found.absent < half / kMostWrong;
  fmt::print("Membership only: {} hashes without values, in the store's filter\n", count);
  fmt::print("  of {} known ones {} found; of as many absent ones {} wrongly: {}\n", half, found.known, found.absent,
             good ? "as promised" : "NOT AS PROMISED");
  if (quiet) return good;
  auto const took = median(rounds);
  auto const each = [&](double seconds) { return seconds / static_cast<double>(questions.size()) * 1e9; };
  auto const limit = line_costs(lines.size_bytes());
  fmt::print("  built in {:.1f} s; {:.2f} GB, {:.2f} bytes each\n", building.wall,
             static_cast<double>(lines.size_bytes()) * 1e-9,
             static_cast<double>(lines.size_bytes()) / static_cast<double>(count));
  fmt::print("  a look-up, half known: {:.1f} ns ({:.1f} ns processor); the machine's batched random line {:.1f} ns\n",
             each(took.wall), each(took.cpu), limit.batched);
  return good;
}

}  // namespace noroshi::bench
