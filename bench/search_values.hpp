// A store full of made-up indicators, for the benchmarks of searching.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "bench/indicator_set.hpp"
#include "bench/traffic.hpp"
#include "know/catalogue.hpp"
#include "know/indicator_store.hpp"

namespace noroshi::bench {

/// A store with the indicators 0…count-1, each with one context, every tenth with one of a second source too.
struct FilledStore {
  FilledStore(std::string const &folder, std::uint64_t count)
      : catalogue(must(know::open_catalogue({.path = folder + "/catalogue.sqlite"}))),
        indicators(must(know::open_indicator_store(folder + "/indicators"))) {
    auto load = must(indicators->load());
    auto first = model::Context{};
    first.source = must(catalogue->ensure_source("feed/one")).id;
    first.attribute = "ip-dst";
    first.role = model::Role::c2;
    first.direction = model::Direction::outbound;
    first.evidence = model::Evidence::observed;
    first.collected_by = model::CollectedBy::feed;
    first.tlp = model::Tlp::green;
    first.to_ids = true;
    first.tags = {"botnet", "mirai"};
    auto second = first;
    second.source = must(catalogue->ensure_source("analyst/ann")).id;
    second.evidence = model::Evidence::verified;
    auto const one = load->context(first);
    auto const two = load->context(second);
    auto const now = system_clock().now();
    for (auto number = std::uint64_t{0}; number < count; ++number) {
      auto const value = nth_value(number);
      auto const last = now - std::chrono::minutes{mixed(number) % 500'000};
      auto const seen = model::Seen{last - std::chrono::hours{mixed(number) % 1'000}, last, 1 + number % 9, {}};
      must(load->add(value.type, value.text, one, seen));
      if (number % 10 == 0) must(load->add(value.type, value.text, two, seen));
    }
    must(load->finish({}));
  }
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::IndicatorStore> indicators;
};

/// The number of indicators that the first argument or NOROSHI_BENCH_INDICATORS says; one million where neither does.
inline auto size_asked(int argc, char **argv) -> std::uint64_t {
  auto const *const said = std::getenv("NOROSHI_BENCH_INDICATORS");
  auto const text = argc > 1 ? std::string_view{argv[1]} : std::string_view{said == nullptr ? "1000000" : said};
  return text == "--small" ? 20'000 : std::strtoull(std::string{text}.c_str(), nullptr, 10);
}

}  // namespace noroshi::bench
