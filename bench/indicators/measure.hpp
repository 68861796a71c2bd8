// Clocks, memory, medians, and what the machine itself can do.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

namespace noroshi::bench {

/// Seconds by the wall and by the calling thread's share of the processor: on a busy machine they differ.
struct Took {
  double wall = 0, cpu = 0;
};

inline auto seconds_of(clockid_t clock) -> double {
  auto time = timespec{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <class Work>
auto timed(Work &&work) -> Took {
  auto const wall = seconds_of(CLOCK_MONOTONIC);
  auto const cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  work();
  return {seconds_of(CLOCK_MONOTONIC) - wall, seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu};
}

inline auto median(std::vector<double> numbers) -> double {
  if (numbers.empty()) return 0;
  auto const middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::ranges::nth_element(numbers, middle);
  return *middle;
}

/// Of several rounds, each clock by itself.
inline auto median(std::vector<Took> const &rounds) -> Took {
  auto wall = std::vector<double>{}, cpu = std::vector<double>{};
  for (auto const &round : rounds) {
    wall.push_back(round.wall);
    cpu.push_back(round.cpu);
  }
  return {median(wall), median(cpu)};
}

/// A line of a file below /proc/self, in bytes: resident("status", "RssAnon:").
inline auto proc_bytes(char const *file, std::string const &name) -> std::uint64_t {
  auto lines = std::ifstream{std::string{"/proc/self/"} + file};
  for (auto word = std::string{}; lines >> word;)
    if (word == name) {
      auto kilobytes = std::uint64_t{0};
      lines >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

/// Nanoseconds of this machine, now, to read a 64-byte line of `bytes` of memory in huge pages.
struct LineCosts {
  double batched = 0;    // any line, 64 asked for before the first is read
  double dependent = 0;  // the next line is known when this one is read
};
auto line_costs(std::uint64_t bytes) -> LineCosts;

}  // namespace noroshi::bench
