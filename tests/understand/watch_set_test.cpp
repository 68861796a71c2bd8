// The table of watched values against a slow reference that compares everything with everything.
#include "understand/watch_set.hpp"

#include <algorithm>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "model/domain_names.hpp"
#include "model/probes.hpp"

using namespace noroshi;
using model::Value;
using model::ValueType;
using understand::WatchSet;

namespace {

/// Few of everything, so that random values meet often.
class Random {
public:
  explicit Random(unsigned seed) : engine_(seed) {}
  auto value() -> Value {
    switch (below(7)) {
      case 0: return {ValueType::ip, v4().to_string()};
      case 1: return {ValueType::ip, v6().to_string()};
      case 2: return {ValueType::cidr, model::IpPrefix::of(v4(), 8 + below(24)).to_string()};
      case 3: return {ValueType::cidr, model::IpPrefix::of(v6(), 16 + below(112)).to_string()};
      case 4: return {ValueType::domain, name()};
      case 5: return url();
      default: return {ValueType::md5, std::string(31, '0') + static_cast<char>('0' + below(10))};
    }
  }

private:
  auto below(unsigned end) -> unsigned { return static_cast<unsigned>(engine_() % end); }
  auto v4() -> model::IpAddress {
    return model::IpAddress::v4(0x0a000000U | below(3) << 16 | below(3) << 8 | below(5));
  }
  auto v6() -> model::IpAddress { return {0x2001'0db8'0000'0000U | below(3), below(5)}; }
  auto name() -> std::string {
    auto text = std::string{below(2) == 0 ? "example.com" : "example.co.jp"};
    for (auto more = below(4); more > 0; --more) text = std::string(1, static_cast<char>('a' + below(3))) + "." + text;
    return text;
  }
  auto url() -> Value {
    auto text = std::string{below(2) == 0 ? "http://" : "https://"} + (below(3) == 0 ? v4().to_string() : name()) + "/";
    for (auto more = below(3); more > 0; --more) text += std::string(1, static_cast<char>('a' + below(2))) + "/";
    if (below(2) == 0) text += "x";
    if (below(3) == 0) text += "?q=" + std::to_string(below(2));
    return *model::canonical(ValueType::url, text);
  }
  std::mt19937 engine_;
};

/// Every watched value that a search for `asked` would be answered by.
auto answering(std::set<Value> const &watched, Value const &asked) -> std::set<Value> {
  auto lengths = std::vector<unsigned>{};
  for (auto length = 0U; length <= 128; ++length) lengths.push_back(length);
  auto found = std::set<Value>{};
  for (auto const &probe : model::probes(asked, {lengths, lengths}))
    if (watched.contains(probe.value)) found.insert(probe.value);
  return found;
}

auto values_of(WatchSet const &set, std::vector<WatchSet::Match> const &matches) -> std::set<Value> {
  auto values = std::set<Value>{};
  for (auto const match : matches) values.insert(set.value(match.entry));
  return values;
}

}  // namespace

TEST_CASE("what a value answers is found exactly, for every type, whatever else is watched") {
  for (auto seed = 1U; seed <= 20; ++seed) {
    auto random = Random{seed};
    auto watched = std::set<Value>{};
    auto set = WatchSet{};
    for (auto i = 0; i < 200; ++i) watched.insert(random.value());
    for (auto const &value : watched) set.add({1}, value.type, value.text);
    set.finish();
    CHECK(set.size() == watched.size());
    for (auto i = 0; i < 1'000; ++i) {
      auto const asked = random.value();
      auto matches = std::vector<WatchSet::Match>{};
      set.match(asked, matches);
      INFO("seed " << seed << ": " << asked.text);
      CHECK(values_of(set, matches) == answering(watched, asked));
      CHECK(matches.size() == values_of(set, matches).size());
    }
  }
}

TEST_CASE("a new indicator answers for every watched value that a search would find it by") {
  for (auto seed = 1U; seed <= 20; ++seed) {
    auto random = Random{seed + 100};
    auto watched = std::set<Value>{};
    auto set = WatchSet{};
    for (auto i = 0; i < 150; ++i) watched.insert(random.value());
    for (auto const &value : watched) set.add({1}, value.type, value.text);
    set.finish();
    for (auto i = 0; i < 500; ++i) {
      auto const indicator = random.value();
      auto matches = std::vector<WatchSet::Match>{};
      set.match_indicator(indicator, matches);
      auto const found = values_of(set, matches);
      INFO("seed " << seed << ": " << indicator.text);
      for (auto const &value : answering(watched, indicator)) CHECK(found.contains(value));
      for (auto const &value : watched) {
        auto const inside = indicator.type == ValueType::cidr && value.type == ValueType::ip &&
                            model::IpPrefix::parse(indicator.text)->contains(*model::IpAddress::parse(value.text));
        auto const below = indicator.type == ValueType::domain && value.type == ValueType::domain &&
                           value.text.ends_with("." + indicator.text);
        if (inside || below) CHECK(found.contains(value));
      }
    }
  }
}

TEST_CASE("a name ends at a label: evilexample.com is not below example.com") {
  auto set = WatchSet{};
  set.add({1}, ValueType::domain, "example.com");
  set.finish();
  auto const count = [&](std::string_view name) {
    auto matches = std::vector<WatchSet::Match>{};
    set.match({ValueType::domain, std::string{name}}, matches);
    return matches.size();
  };
  CHECK(count("example.com") == 1);
  CHECK(count("a.b.example.com") == 1);
  CHECK(count("evilexample.com") == 0);
  CHECK(count("example.com.evil.net") == 0);
  CHECK(count("com") == 0);
}

TEST_CASE("one value is known for every watch that has it, once each") {
  auto set = WatchSet{};
  for (auto const watch : {3, 1, 3, 2, 1}) set.add({watch}, ValueType::ip, "192.0.2.1");
  set.finish();
  CHECK(set.size() == 1);
  auto matches = std::vector<WatchSet::Match>{};
  set.match(*model::IpAddress::parse("192.0.2.1"), matches);
  REQUIRE(matches.size() == 1);
  auto watches = std::multiset<std::int64_t>{};
  set.each_watch(matches.front().entry, [&](model::WatchId watch) { watches.insert(watch.number); });
  CHECK(watches == std::multiset<std::int64_t>{1, 2, 3});
}

TEST_CASE("a wide new block answers for no more watched addresses than are told one by one") {
  auto set = WatchSet{};
  for (auto i = 0U; i < 3'000; ++i) set.add({1}, ValueType::ip, model::IpAddress::v4(0x0a000000U + i).to_string());
  set.finish();
  auto matches = std::vector<WatchSet::Match>{};
  set.match_indicator({ValueType::cidr, "10.0.0.0/8"}, matches);
  CHECK(matches.size() == WatchSet::kMaxCovered);
}
