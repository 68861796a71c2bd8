// What detectors conclude from observations, for tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "base/registry.hpp"
#include "tests/support/observations.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand::test {

struct Seen {
  model::Observation observation;
  std::int64_t source = 5;  // of the sensor
};

/// What the named detectors conclude from observations in their order; all detectors where none is named.
inline auto conclude(std::vector<Seen> const &observations, std::vector<std::string> const &settings = {},
                     std::vector<std::string> names = {}) -> std::vector<model::IndicatorWrite> {
  auto const config = Config::load("", false, settings);
  REQUIRE(config);
  auto const policy = AddressPolicy::create(*config);
  REQUIRE(policy);
  auto derived = Derived{};
  if (names.empty()) names = Registry<Detector>::instance().names();
  for (auto const &name : names) {
    auto const detector = Registry<Detector>::instance().create(name);
    REQUIRE(detector->configure(*config));
    for (auto const &[seen, source] : observations) detector->look_at({seen, {source}, *policy, *config}, derived);
  }
  return std::move(derived).writes();
}

inline auto conclude(std::vector<model::Observation> const &observations, std::vector<std::string> const &settings = {},
                     std::vector<std::string> names = {}) -> std::vector<model::IndicatorWrite> {
  auto seen = std::vector<Seen>{};
  for (auto const &observation : observations) seen.push_back({observation});
  return conclude(seen, settings, std::move(names));
}

inline auto texts(std::vector<model::IndicatorWrite> const &writes) -> std::vector<std::string> {
  auto found = std::vector<std::string>{};
  for (auto const &write : writes) found.push_back(write.indicator.text);
  std::ranges::sort(found);
  return found;
}

/// All tags of all contexts.
inline auto tags(std::vector<model::IndicatorWrite> const &writes) -> std::vector<std::string> {
  auto found = std::vector<std::string>{};
  for (auto const &write : writes) found.insert(found.end(), write.context.tags.begin(), write.context.tags.end());
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

using Tags = std::vector<std::string>;

}  // namespace noroshi::understand::test
