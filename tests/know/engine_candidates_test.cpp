// The engine's candidates beside the probes that every store answers by.
#include "know/engine/candidates.hpp"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "know/engine/batch.hpp"
#include "model/domain_names.hpp"
#include "model/probes.hpp"
#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace know::engine;
using model::ValueType;

auto const kKey = StoreKey::generate();

/// A run with a domain, a URL, and blocks of these lengths.
auto run_with(std::vector<unsigned> const &v4, std::vector<unsigned> const &v6) -> std::shared_ptr<Run const> {
  auto commit = model::IndicatorCommit{.stream = "test", .position = 1};
  auto const add = [&](model::Value value) { commit.writes.push_back({std::move(value), model::Context{}}); };
  add({ValueType::domain, "example.com"});
  add({ValueType::url, "http://example.com/"});
  for (auto const length : v4)
    add({ValueType::cidr, model::IpPrefix::of(model::IpAddress::v4(0xc000'0200), length).to_string()});
  for (auto const length : v6)
    add({ValueType::cidr, model::IpPrefix::of(*model::IpAddress::parse("2001:db8::"), length).to_string()});
  auto const batch = to_batch(commit, 1, kKey, {});
  REQUIRE(batch);
  auto run = run_of(*batch);
  REQUIRE(run);
  return *run;
}

class RandomValues {
public:
  explicit RandomValues(std::uint64_t seed) : random_(seed) {}
  auto next() -> model::Value {
    switch (random_() % 4) {
      case 0: return {ValueType::ip, address().to_string()};
      case 1: {
        auto const inner = address();
        auto const bits = inner.is_v4() ? 33U : 129U;
        return {ValueType::cidr, model::IpPrefix::of(inner, static_cast<unsigned>(random_() % bits)).to_string()};
      }
      case 2: return {ValueType::domain, host()};
      default: return *model::canonical(ValueType::url, url());
    }
  }

private:
  auto one_of(std::initializer_list<char const *> words) -> std::string {
    return *(words.begin() + random_() % words.size());
  }
  auto address() -> model::IpAddress {
    if (random_() % 2 == 0) return model::IpAddress::v4(static_cast<std::uint32_t>(random_()));
    return model::IpAddress{random_() | 1, random_()};
  }
  auto host() -> std::string {
    auto name = one_of({"com", "co.jp", "github.io", "example.com", "test.example.co.jp", "unlisted"});
    for (auto labels = random_() % 4; labels > 0; --labels) name.insert(0, one_of({"a.", "www.", "x-1.", "b."}));
    return name.find('.') == std::string::npos ? "a." + name : name;
  }
  auto url() -> std::string {
    auto text =
        one_of({"http://", "https://", "ftp://", "http://user@", "https://1.2.3.4:8080/", "http://[2001:db8::1]/"});
    if (!text.ends_with('/') || text.ends_with("//")) text += host() + (random_() % 4 == 0 ? ":8443" : "");
    for (auto folders = random_() % 9; folders > 0; --folders)
      text += one_of({"/a", "/b.c", "/", "/%2e", "/longer-name"});
    if (random_() % 3 == 0) text += "/";
    if (random_() % 3 == 0) text += one_of({"?", "?a=b", "?u=http://x/y?z", "?/"});
    return text;
  }
  std::mt19937_64 random_;
};

TEST_CASE("what the engine looks for is what probes() names, in its order, under the hash it is stored by") {
  auto const v4 = std::vector<unsigned>{8, 16, 24, 28, 32}, v6 = std::vector<unsigned>{0, 32, 48, 64, 128};
  auto const runs = std::vector{run_with(v4, v6)};
  auto candidates = Candidates{runs, kKey};
  auto values = RandomValues{20'261'122};
  for (auto round = 0; round < 30'000; ++round) {
    auto const asked = values.next();
    CAPTURE(asked.text);
    candidates.clear();
    candidates.add(asked, 0);
    auto looked_for = std::vector<model::Probe>{};
    for (auto i = std::size_t{0}; i < candidates.hashes().size(); ++i)
      for (auto const &[match, type, text] : candidates.forms(candidates[i], asked)) {
        looked_for.push_back({match, {type, std::string{text}}});
        REQUIRE(hash_of(kKey, looked_for.back().value) == candidates.hashes()[i]);
      }
    auto const named = model::probes(asked, {v4, v6});
    REQUIRE(looked_for.size() == named.size());
    for (auto i = std::size_t{0}; i < named.size(); ++i) REQUIRE(looked_for[i] == named[i]);
  }
}

TEST_CASE("an address that no block touches is not looked for in any") {
  auto random = std::mt19937_64{7};
  auto touched = TouchedBlocks{};
  auto blocks = std::vector<model::IpPrefix>{};
  for (auto i = 0; i < 3'000; ++i) {
    auto const v4 = random() % 2 == 0;
    auto const address = v4 ? model::IpAddress::v4(static_cast<std::uint32_t>(random()))
                            : model::IpAddress{0x2001'0db8'0000'0000 | (random() & 0xffff'ffff), random()};
    auto const length = static_cast<unsigned>((v4 ? 12 : 32) + random() % (v4 ? 21 : 97));
    blocks.push_back(model::IpPrefix::of(address, length));
    touched.add(blocks.back().address(), length);
  }
  auto untouched = 0;
  for (auto i = 0; i < 30'000; ++i) {
    auto const near = blocks[random() % blocks.size()].address();
    auto const address = near.is_v4()
                             ? model::IpAddress::v4(static_cast<std::uint32_t>(near.low() ^ (random() & 0xffff)))
                             : model::IpAddress{near.high() ^ (random() & 0xff'ffff), random()};
    auto const enclosed = std::ranges::any_of(blocks, [&](auto const &block) { return block.contains(address); });
    if (enclosed) REQUIRE(touched.may_enclose(address));
    untouched += touched.may_enclose(address) ? 0 : 1;
  }
  CHECK(untouched > 10'000);
}

}  // namespace
}  // namespace noroshi
