// Two long runs against the built program (`noroshi serve`), through everything on an observation's way: spool folder,
// uplink, mutual TLS, intake log, detectors, stores, block list.
//
// A day of observations, as fast as they are taken: nothing lost (counts equal by kind, and every source that may be
// listed is on the list), and the node's memory at a quarter and at the end.
// Real time: so many observations a second, and how long after its first packet a source is on the list.
//
// long_runs_bench [--small | --long] [--observations N] [--seconds N] [--rate N]
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "bench/bare_appender.hpp"
#include "bench/posts.hpp"
#include "net/http.hpp"
#include "understand/detector.hpp"
#include "understand/never_list.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kPosts = std::size_t{4};
constexpr auto kSegmentRows = std::size_t{1'000};
// Segments of a post that may wait: its uplink always finds one, and the disk holds little.
constexpr auto kAhead = std::uint64_t{16};
// What the node's memory may grow by between a quarter and the end: what allocators and caches of SQLite still take.
constexpr auto kMayGrow = std::int64_t{512} << 20;
// The promise: a source is on one's own list a minute after its first packet.
constexpr auto kPromise = std::chrono::seconds{60};
constexpr auto kAskAgain = std::chrono::milliseconds{200};

struct Plan {
  std::uint64_t observations = 2'000'000;
  std::chrono::seconds live{60};
  std::size_t rate = 2'000;
  std::uint32_t sources = 50'000;
};

struct AddressHash {
  auto operator()(model::IpAddress const &address) const noexcept -> std::size_t {
    return address.low() * 0x9e37'79b9'7f4a'7c15U ^ address.high();
  }
};
using Addresses = std::unordered_set<model::IpAddress, AddressHash>;

/// Which sources a list may name, by the node's own rules.
class Listable {
public:
  auto operator()(model::IpAddress address) const -> bool {
    return policy_.allows(address) && !never_->reason_against(model::Value{model::ValueType::ip, address.to_string()});
  }

private:
  Config config_;
  understand::AddressPolicy policy_ = must(understand::AddressPolicy::create(config_));
  std::unique_ptr<understand::NeverList> never_ =
      must(understand::NeverList::create(NOROSHI_SOURCE_DIR "/packs/never", config_));
};

/// The list as a firewall pulls it.
class OwnList {
public:
  explicit OwnList(NodeProcess const &node) : socket_(node.data() + "/api.sock") {}

  /// Calls `each` with every address, where the list has changed since the last time.
  template <class Each>
  void pull(Each each) {
    auto request = net::HttpRequest{};
    request.method = "GET";
    request.path = "/feeds/inbound-ips.txt";
    if (!etag_.empty()) request.headers.emplace_back("if-none-match", etag_);
    auto const answer = must(net::http_call(socket_, request, kPromise));
    if (answer.status == 304) return;
    if (answer.status != 200) fail("the list is not handed out");
    for (auto const &[name, value] : answer.headers)
      if (name == "etag") etag_ = value;
    auto rest = std::string_view{answer.body};
    while (!rest.empty()) {
      auto const line = rest.substr(0, rest.find('\n'));
      if (auto const address = model::IpAddress::parse(line)) each(*address);
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
  }

private:
  std::string socket_, etag_;
};

auto seconds_since(SteadyClock::time_point start) -> double {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// Rows of the open day by kind, read from the store's file once the node has ended.
auto stored_by_kind(std::string const &data) -> std::map<std::uint8_t, std::uint64_t> {
  auto counts = std::map<std::uint8_t, std::uint64_t>{};
  auto database = duckdb_database{};
  if (duckdb_open((data + "/observations/observations.duckdb").c_str(), &database) != DuckDBSuccess)
    fail("the store does not open");
  {
    auto connection = must(duck::Connection::open(database));
    auto tables =
        must(connection.query("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'obs\\_%' ESCAPE '\\'"));
    auto names = std::vector<std::string>{};
    while (tables.next()) names.emplace_back(tables.text(0));
    for (auto const &name : names) {
      auto rows = must(connection.query(fmt::format("SELECT kind, count(*)::UBIGINT FROM {} GROUP BY kind", name)));
      while (rows.next()) counts[rows.number<std::uint8_t>(0)] += rows.number<std::uint64_t>(1);
    }
  }
  duckdb_close(&database);
  return counts;
}

/// Makes the day's observations and hands them to the posts, as fast as those get rid of them.
class Day {
public:
  Day(Plan const &plan, Posts &posts) : plan_(plan), posts_(posts), traffic_(20261122, plan.sources) {
    auto const visits = static_cast<std::int64_t>(plan.observations / 6);  // a visit leaves about six
    auto const day = std::chrono::duration_cast<Duration>(std::chrono::hours{23});
    traffic_.set_pace(system_clock().now() - std::chrono::hours{24}, day / std::max<std::int64_t>(1, visits));
  }

  void run() {
    auto group = std::vector<model::Observation>{};
    auto frames = std::string{};
    for (auto made = std::uint64_t{0}; made < plan_.observations; made += group.size()) {
      traffic_.forget();
      traffic_.fill(group, std::min<std::uint64_t>(kGroupRows, plan_.observations - made));
      for (auto at = std::size_t{0}; at < group.size(); at += kSegmentRows) {
        auto const end = std::min(at + kSegmentRows, group.size());
        frames.clear();
        for (auto i = at; i < end; ++i) {
          model::append_frame(frames, group[i]);
          ++kinds[static_cast<std::uint8_t>(group[i].kind)];
          sources.insert(group[i].source.address);
        }
        free_post().spool(frames, end - at);
        watch_memory();
      }
    }
    while (watch_memory() < plan_.observations) std::this_thread::sleep_for(kAskAgain);
    rate = static_cast<double>(plan_.observations) / seconds_since(start_);
  }

  std::map<std::uint8_t, std::uint64_t> kinds;
  Addresses sources;
  double rate = 0;
  std::int64_t resident_at_quarter = 0, resident_at_end = 0;

private:
  auto free_post() -> Post & {
    while (true) {
      for (auto &post : posts_.all)
        if (post->waiting() < kAhead) return *post;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
  /// Rows in all stores, asked of the catalogue now and then.
  auto watch_memory() -> std::uint64_t {
    if (SteadyClock::now() < ask_at_) return stored_;
    ask_at_ = SteadyClock::now() + kAskAgain;
    stored_ = posts_.stored();
    resident_at_end = use_of(posts_.node.process()).resident_bytes;
    if (resident_at_quarter == 0 && stored_ * 4 >= plan_.observations) resident_at_quarter = resident_at_end;
    return stored_;
  }

  Plan const &plan_;
  Posts &posts_;
  Traffic traffic_;
  SteadyClock::time_point start_ = SteadyClock::now(), ask_at_ = start_;
  std::uint64_t stored_ = 0;
};

auto run_day(Plan const &plan, std::string const &folder) -> bool {
  auto posts = Posts{folder, kPosts};
  auto day = Day{plan, posts};
  day.run();
  auto const listable = Listable{};
  auto expected = std::size_t{0};
  for (auto const &source : day.sources) expected += listable(source) ? 1U : 0U;
  auto listed = std::size_t{0};
  auto wrong = std::size_t{0};
  OwnList{posts.node}.pull([&](model::IpAddress address) {
    ++listed;
    if (!day.sources.contains(address) || !listable(address)) ++wrong;
  });
  auto repeated = std::uint64_t{0};
  for (auto const &post : posts.all) repeated += post->repeated();
  posts.node.stop();
  auto const same_kinds = stored_by_kind(posts.node.data()) == day.kinds;
  auto const same_list = listed == expected && wrong == 0;
  auto const grown = day.resident_at_end - day.resident_at_quarter;
  fmt::print("{} observations of {} sources over a day, through {} sensors: {:.0f} a second, in all stores\n",
             plan.observations, day.sources.size(), kPosts, day.rate);
  fmt::print("  counts by kind: {}; batches taken twice: {}\n", same_kinds ? "equal" : "NOT EQUAL", repeated);
  fmt::print("  on the list: {} of {} sources that may be, {} that may not: {}\n", listed, expected, wrong,
             same_list ? "equal" : "NOT EQUAL");
  fmt::print("  node's memory after a quarter {} MiB, at the end {} MiB (may grow by {}): {}\n",
             day.resident_at_quarter >> 20, day.resident_at_end >> 20, kMayGrow >> 20,
             grown <= kMayGrow ? "flat" : "GROWS");
  std::fflush(stdout);
  return same_kinds && same_list && grown <= kMayGrow;
}

/// At real time: a segment of every post five times a second, as spools seal them.
class Live {
public:
  Live(Plan const &plan, Posts &posts) : plan_(plan), posts_(posts), list_(posts.node), traffic_(7, 4'000'000'000U) {}

  void run() {
    static constexpr auto kSeals = 5;
    auto group = std::vector<model::Observation>{};
    auto frames = std::string{};
    auto tick = SteadyClock::now();
    auto const end = tick + plan_.live;
    auto const rows = plan_.rate / kSeals / posts_.all.size();
    auto next_pull = tick;
    for (; tick < end; tick += std::chrono::milliseconds{1'000 / kSeals}) {
      std::this_thread::sleep_until(tick);
      traffic_.forget();
      for (auto &post : posts_.all) {
        traffic_.set_pace(system_clock().now(), Duration{0});
        traffic_.fill(group, rows);
        frames.clear();
        for (auto const &seen : group) {
          model::append_frame(frames, seen);
          if (listable_(seen.source.address)) first_.try_emplace(seen.source.address, SteadyClock::now());
        }
        post->spool(frames, group.size());
        sent += group.size();
      }
      if (SteadyClock::now() >= next_pull) {
        pull();
        next_pull = SteadyClock::now() + std::chrono::seconds{1};
      }
    }
    while (latencies.size() < first_.size() && SteadyClock::now() < end + kPromise) {
      std::this_thread::sleep_for(kAskAgain);
      pull();
    }
    missing = first_.size() - latencies.size();
  }

  std::vector<double> latencies;
  std::uint64_t sent = 0;
  std::size_t missing = 0;

private:
  void pull() {
    auto const now = SteadyClock::now();
    list_.pull([&](model::IpAddress address) {
      if (!listed_.insert(address).second) return;
      if (auto const found = first_.find(address); found != first_.end())
        latencies.push_back(std::chrono::duration<double>(now - found->second).count());
    });
  }

  Plan const &plan_;
  Posts &posts_;
  OwnList list_;
  Listable listable_;
  Traffic traffic_;
  std::unordered_map<model::IpAddress, SteadyClock::time_point, AddressHash> first_;
  Addresses listed_;
};

auto run_live(Plan const &plan, std::string const &folder) -> bool {
  auto posts = Posts{folder, kPosts};
  auto live = Live{plan, posts};
  live.run();
  std::ranges::sort(live.latencies);
  auto const at = [&](double part) {
    if (live.latencies.empty()) return 0.0;
    return live.latencies[static_cast<std::size_t>(part * static_cast<double>(live.latencies.size() - 1))];
  };
  auto const stored = posts.stored();
  auto const kept = live.missing == 0 && stored == live.sent && !live.latencies.empty() &&
                    std::chrono::duration<double>{at(0.95)} < kPromise;
  fmt::print("{} observations a second for {} s: {} sent, {} in all stores\n", plan.rate, plan.live.count(), live.sent,
             stored);
  fmt::print("  first packet to own list, {} sources: p50 {:.1f} s, p95 {:.1f} s, max {:.1f} s, {} never: {}\n",
             live.latencies.size() + live.missing, at(0.5), at(0.95), at(1), live.missing,
             kept ? "within a minute" : "NOT WITHIN A MINUTE");
  return kept;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  ::signal(SIGPIPE, SIG_IGN);
  auto plan = Plan{};
  for (auto i = 1; i < argc; ++i) {
    if (std::string_view{argv[i]} == "--small") plan = {100'000, std::chrono::seconds{3}, 500, 5'000};
    if (std::string_view{argv[i]} == "--long") plan = {20'000'000, std::chrono::seconds{300}, 2'000, 50'000};
  }
  plan.observations =
      static_cast<std::uint64_t>(option(argc, argv, "--observations", static_cast<int>(plan.observations)));
  plan.live = std::chrono::seconds{option(argc, argv, "--seconds", static_cast<int>(plan.live.count()))};
  plan.rate = static_cast<std::size_t>(option(argc, argv, "--rate", static_cast<int>(plan.rate)));
  auto good = true;
  for (auto const run : {run_day, run_live}) {
    auto const folder = temporary_folder();
    good = run(plan, folder) && good;
    std::filesystem::remove_all(folder);
  }
  return good ? 0 : 1;
}
