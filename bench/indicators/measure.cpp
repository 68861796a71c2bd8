#include "bench/indicators/measure.hpp"

#include <sys/mman.h>
#include <array>

#include "bench/indicator_set.hpp"
#include "bench/indicators/huge_pages.hpp"

namespace noroshi::bench {

namespace {

constexpr auto kReads = std::size_t{2'000'000};
constexpr auto kDependentReads = std::size_t{500'000};
constexpr auto kGroup = std::size_t{64};
constexpr auto kRounds = 3;

struct alignas(64) Line {
  std::array<std::uint64_t, 8> words;
};

auto batched(std::span<Line const> lines, std::uint64_t &sum) -> double {
  auto numbers = std::array<std::size_t, kGroup>{};
  auto seed = std::uint64_t{1};
  auto const took = timed([&] {
    for (auto done = std::size_t{0}; done < kReads; done += kGroup) {
      for (auto &number : numbers) {
        seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        number = (seed >> 32) * lines.size() >> 32;
        __builtin_prefetch(&lines[number]);
      }
      for (auto const number : numbers) sum += lines[number].words[number % 8];
    }
  });
  return took.cpu / static_cast<double>(kReads) * 1e9;
}

auto dependent(std::span<Line const> lines, std::uint64_t &sum) -> double {
  auto number = std::size_t{0};
  auto const took = timed([&] {
    for (auto i = std::size_t{0}; i < kDependentReads; ++i)
      number = (mixed(lines[number].words[0] + i) >> 32) * lines.size() >> 32;
  });
  sum += number;
  return took.cpu / static_cast<double>(kDependentReads) * 1e9;
}

}  // namespace

auto line_costs(std::uint64_t bytes) -> LineCosts {
  auto memory = HugePages<Line>{std::max<std::size_t>(1, bytes / sizeof(Line))};
  auto const lines = memory.all();
  for (auto i = std::size_t{0}; i < lines.size(); ++i) lines[i].words.fill(i);
  auto sum = std::uint64_t{0};
  auto batches = std::vector<double>{}, chains = std::vector<double>{};
  for (auto round = 0; round < kRounds; ++round) {
    batches.push_back(batched(lines, sum));
    chains.push_back(dependent(lines, sum));
  }
  auto volatile kept = sum;
  (void)kept;
  return {median(batches), median(chains)};
}

}  // namespace noroshi::bench
