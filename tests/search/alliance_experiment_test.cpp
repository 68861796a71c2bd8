// A published experiment of an alliance, made again with generated data: two members pooled what they had of one month
// (addresses of clouds and proxies; sources of scans), asked 710 values of campaigns two years before, and had 13 hits,
// every one of them an address that many share. Whoever acts on such a hit acts on a stranger. The store and the lists
// are the real ones.
#include <doctest/doctest.h>

#include <random>

#include "base/file.hpp"
#include "codec/value_list.hpp"
#include "know/indicator_store.hpp"
#include "search/fitness.hpp"
#include "search/fixture.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

constexpr auto kSeed = std::uint64_t{20'260'421};
constexpr auto kCloudAddresses = 20'000;
constexpr auto kProxies = 4'000;
constexpr auto kScanSources = 30'000;
constexpr auto kAsked = std::size_t{710};
constexpr auto kCloudCollisions = std::size_t{9};
constexpr auto kProxyCollisions = std::size_t{4};
constexpr auto kSample = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
constexpr auto kSampleServer = "52.95.110.7";  // in a cloud

auto day(int month, unsigned number) -> Time {
  using namespace std::chrono;
  return Time{sys_days{2026y / std::chrono::month{static_cast<unsigned>(month)} / std::chrono::day{number}}};
}

/// The two members' pool in a store of its own, and who asks it.
class Experiment {
public:
  Experiment() : random_(kSeed), store_(*know::open_indicator_store(folder_ / "indicators")) {
    auto const proxies = proxy_list();
    auto const config = Config::load(folder_ / "none.toml", false, {"where.lists=proxy=" + (folder_ / "proxies.txt")});
    REQUIRE(config);
    where_ = *understand::Where::create({NOROSHI_SOURCE_DIR "/packs/lists", {}, {}}, *config);
    clouds_ = cloud_addresses();
    proxies_ = proxies;
    pool("member A: clouds", model::Role::relay, clouds_);
    pool("member A: proxies", model::Role::relay, proxies_);
    auto scans = std::vector<std::string>{};
    for (auto i = 0; i < kScanSources; ++i) scans.push_back(any_address());
    pool("member B: scans", model::Role::scanner, scans);
    known_.insert(scans.begin(), scans.end());
    known_.insert(clouds_.begin(), clouds_.end());
    known_.insert(proxies_.begin(), proxies_.end());
  }

  /// 710 values of two years before, as campaigns have them; 13 addresses meet the pool.
  auto question() -> std::vector<std::string> {
    auto asked = std::vector<std::string>{};
    for (auto i = std::size_t{0}; i < kCloudCollisions; ++i) asked.push_back(clouds_[i * 997]);
    for (auto i = std::size_t{0}; i < kProxyCollisions; ++i) asked.push_back(proxies_[i * 499]);
    while (asked.size() < kAsked) {
      switch (asked.size() % 3) {
        case 0:
          asked.push_back(fmt::format("{:016x}{:016x}{:016x}{:016x}", random_(), random_(), random_(), random_()));
          break;
        case 1: asked.push_back(fmt::format("update-{:08x}.com", random_() & 0xffff'ffff)); break;
        default:
          if (auto address = any_address(); !known_.contains(address)) asked.push_back(std::move(address));
      }
    }
    std::ranges::shuffle(asked, random_);
    return asked;
  }

  /// Member B knew one of the campaigns: its sample and the server it called.
  void plant() {
    auto writes = std::vector<model::IndicatorWrite>{};
    for (auto const *text : {kSample, kSampleServer}) {
      auto write = model::IndicatorWrite{*model::parse_value(text), {}};
      write.context.evidence = model::Evidence::observed;
      write.context.collected_by = model::CollectedBy::report;
      write.context.role = text == kSample ? model::Role::download : model::Role::c2;
      write.context.first_seen = write.context.last_seen = day(4, 17);
      write.context.tlp = model::Tlp::green;
      writes.push_back(std::move(write));
    }
    REQUIRE(catalogue_.add_report("member B: reports", "Loader of spring 2024", writes, analyst()));
    auto const change = catalogue_.changes_after(0, 1);
    REQUIRE((change && *change));
    REQUIRE(store_->apply(**change));
  }

  auto ask(std::vector<std::string> const &values) -> std::vector<search::Answer> {
    auto answers = search::search(std::vector<std::string_view>{values.begin(), values.end()}, analyst(), knowledge());
    REQUIRE(answers);
    return *std::move(answers);
  }
  auto fitness() -> search::Fitness {
    auto told = search::fitness(analyst(), knowledge());
    REQUIRE(told);
    return *std::move(told);
  }

private:
  static auto analyst() -> model::Viewer { return test::viewer(model::UserRole::analyst); }
  auto knowledge() -> search::Knowledge {
    auto all = search::Knowledge{*store_, observations_, catalogue_, clock_, test::texts()};
    all.where = where_.get();
    return all;
  }

  /// Of no special purpose; seldom in a cloud, as sources of scans are.
  auto any_address() -> std::string {
    for (;;) {
      auto const address = model::IpAddress::v4(static_cast<std::uint32_t>(random_()));
      if (!address.is_special()) return address.to_string();
    }
  }

  auto proxy_list() -> std::vector<std::string> {
    auto proxies = std::vector<std::string>{};
    auto text = std::string{"# name: Open proxies\n# date: 2026-04-30\n"};
    for (auto i = 0; i < kProxies; ++i) {
      proxies.push_back(any_address());
      text += proxies.back() + "\n";
    }
    REQUIRE(write_file_durably(folder_ / "proxies.txt", text));
    return proxies;
  }

  /// Addresses of the clouds on the shipped lists.
  auto cloud_addresses() -> std::vector<std::string> {
    auto ranges = std::vector<codec::AddressRange>{};
    for (auto const *name : {"amazon-aws", "google-gcp", "microsoft-azure"}) {
      auto const bytes =
          read_file(fmt::format("{}/packs/lists/{}.list", NOROSHI_SOURCE_DIR, name), codec::kMaxListBytes);
      REQUIRE(bytes);
      auto const list = codec::parse_value_list(*bytes);
      REQUIRE(list);
      for (auto const &range : list->ranges)
        if (range.first.is_v4()) ranges.push_back(range);
    }
    auto addresses = std::set<std::string>{};
    while (addresses.size() < kCloudAddresses) {
      auto const &[first, last] = ranges[random_() % ranges.size()];
      auto const offset = static_cast<std::uint32_t>(random_() % (last.low() - first.low() + 1));
      addresses.insert(model::IpAddress::v4(static_cast<std::uint32_t>(first.low()) + offset).to_string());
    }
    addresses.erase(kSampleServer);
    return {addresses.begin(), addresses.end()};
  }

  void pool(std::string const &source, model::Role role, std::vector<std::string> const &addresses) {
    auto context = model::Context{};
    context.source = catalogue_.ensure_source(source)->id;
    context.role = role;
    context.direction = model::Direction::inbound;
    context.evidence = model::Evidence::observed;
    context.collected_by = model::CollectedBy::feed;
    context.tlp = model::Tlp::green;
    auto load = *store_->load();
    auto const number = load->context(context);
    for (auto const &address : addresses) {
      auto const seen = day(4, 1) + std::chrono::hours{random_() % (24 * 30)};
      REQUIRE(load->add(model::ValueType::ip, address, number, {seen, seen, 1, {}}));
    }
    REQUIRE(load->finish({}));
  }

  test::TemporaryFolder folder_;
  std::mt19937_64 random_;
  std::unique_ptr<model::IndicatorStore> store_;
  test::FakeObservations observations_;
  test::FakeCatalogue catalogue_;
  ManualClock clock_{day(11, 21)};
  std::unique_ptr<understand::Where> where_;
  std::vector<std::string> clouds_, proxies_;
  std::set<std::string> known_;
};

}  // namespace

TEST_CASE(
    "of 710 values of two years before the 13 that meet a month of shared addresses are weak, each with its list") {
  auto experiment = Experiment{};
  auto hits = std::size_t{0};
  for (auto const &answer : experiment.ask(experiment.question())) {
    if (!answer.known()) continue;
    ++hits;
    for (auto const &[named, assessment] : answer.hits) {
      INFO(answer.value << " by " << named.source << ": " << test::texts().text("en", assessment.reason));
      CHECK(assessment.strength == search::Strength::weak);
      CHECK_FALSE(assessment.shared.empty());
      CHECK(assessment.reason.code.starts_with("shared_"));
      CHECK(assessment.time_gap_days > 200);
      REQUIRE(assessment.shared_by);
      for (auto const *language : {"en", "ja"}) {
        auto const sentence = test::texts().text(language, assessment.reason);
        CHECK(sentence.contains(assessment.shared_by->source));
        CHECK(sentence.contains(assessment.shared_by->date));
      }
    }
  }
  CHECK(hits == kCloudCollisions + kProxyCollisions);
}

TEST_CASE("beside them a sample and its cloud server, which a member's report names together, are a strong overlap") {
  auto experiment = Experiment{};
  auto question = experiment.question();
  experiment.plant();
  question.insert(question.begin() + 100, kSampleServer);
  question.insert(question.begin() + 500, kSample);
  auto weak = std::size_t{0};
  auto strong = std::set<std::string>{};
  for (auto const &answer : experiment.ask(question))
    for (auto const &hit : answer.hits) {
      weak += hit.assessment.strength == search::Strength::weak ? 1 : 0;
      if (hit.assessment.strength == search::Strength::strong) strong.insert(answer.value);
      if (answer.value != kSampleServer) continue;
      CHECK(hit.assessment.reason.code == "corroborated_shared");
      CHECK(hit.assessment.shared.front() == "cloud");
      CHECK(hit.assessment.corroborated_by == std::vector<std::string>{kSample});
      CHECK(test::texts().text("en", hit.assessment.reason).contains("Loader of spring 2024"));
    }
  CHECK(weak >= kCloudCollisions + kProxyCollisions);
  CHECK(strong == std::set<std::string>{kSample, kSampleServer});
  // The server alone is a stranger's.
  auto const alone = experiment.ask({kSampleServer});
  CHECK(alone.front().hits.front().assessment.strength == search::Strength::weak);
}

TEST_CASE("before anybody asks, the pool says that file hashes cannot match there") {
  auto experiment = Experiment{};
  auto const before = experiment.fitness();
  auto const said = [](search::Fitness const &fitness, std::string_view words) {
    return std::ranges::any_of(fitness.cannot,
                               [&](auto const &reason) { return test::texts().text("en", reason).contains(words); });
  };
  CHECK(said(before, "of 2026-04 only: domains, URLs, mail addresses, file hashes cannot match here"));
  CHECK(said(before, "Nothing was seen before 2026-04-01"));
  CHECK(said(before, "Nothing was seen after 2026-04-30"));
  REQUIRE(before.types.size() == 1);
  CHECK(before.holdings.size() == 3);
  CHECK(before.holdings.front().source == "member B: scans");
  experiment.plant();
  CHECK(said(experiment.fitness(), "only: domains, URLs, mail addresses cannot match here"));
}
