// Look-ups in the indicator store beside SQLite, PostgreSQL, Redis and DuckDB, at 1, 10 and 100 million indicators, and
// beside what this machine can read of its memory. Every store answers the same million questions, half of them known;
// answers are compared with the truth first, times second, ours and the peer's in turn.
//
// Peers hold key and one number and match exactly. Ours holds and answers whole contexts, and asks in the same look-up
// for enclosing ranges, parent domains and URL forms.
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/core.h>

#include "bench/indicators/membership.hpp"
#include "bench/indicators/ours.hpp"
#include "bench/indicators/plot.hpp"
#include "bench/indicators/scratch.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

constexpr auto kMillion = 1'000'000.0;
constexpr auto kQuestions = std::uint64_t{1'000'000};
constexpr auto kOneByOne = std::size_t{100'000};
constexpr auto kBatch = std::size_t{1'000};
constexpr auto kRounds = 5;
// Rounds of a slow peer: at least so many, and no further one past so many seconds.
constexpr auto kLeastRounds = 3;
constexpr auto kSecondsOfRounds = 20.0;
constexpr auto kPeerSeconds = std::chrono::seconds{300};
constexpr auto kPeerBytes = std::uint64_t{12} << 30;
constexpr auto kSmall = std::uint64_t{50'000};

struct Options {
  std::vector<std::uint64_t> sizes{1'000'000, 10'000'000};
  std::vector<std::uint64_t> alone;  // sizes at which only ours is measured, for the drawing
  std::vector<std::string> peers{"SQLite", "DuckDB", "Redis", "PostgreSQL"};
  std::string plot;
  std::uint64_t members = 0;  // of the membership-only set
  bool small = false;
};

struct Questions {
  std::vector<model::Value> absent, half;
  std::vector<std::string> keys;  // of the half known, as peers take them
  Answers truth;
};

auto questions(std::uint64_t count) -> Questions {
  auto made = Questions{};
  // Far enough from the numbers that are there, and still different addresses.
  constexpr auto kAbsent = std::uint64_t{1'000'000'000};
  for (auto i = std::uint64_t{0}; i < std::min(kQuestions, count); ++i) {
    made.absent.push_back(nth_value(count + mixed(i) % kAbsent));
    auto const known = mixed(~i) % count;
    made.half.push_back(i % 2 == 1 ? nth_value(known) : nth_value(count + mixed(i << 32) % kAbsent));
    if (i % 2 == 1) made.truth.add(i, answer_to(known));
    made.keys.push_back(packed(made.half.back()));
  }
  return made;
}

/// Everything measured, by the name of its line in the drawing.
class Drawing {
public:
  void add(std::string const &name, std::uint64_t indicators, double nanoseconds) {
    auto const found = std::ranges::find(all_, name, &Series::name);
    auto &series = found == all_.end() ? all_.emplace_back(Series{name, {}}) : *found;
    series.points.push_back({static_cast<double>(indicators), nanoseconds});
  }
  [[nodiscard]] auto all() const -> std::vector<Series> const & { return all_; }

private:
  std::vector<Series> all_;
};

struct Run {
  Options const &options;
  std::string const &folder;
  Drawing &drawing;
  bool equal = true;
};

auto report_build(Run const &run, std::string const &folder, std::uint64_t count) -> Result<void> {
  TRY(auto const built, build_store(folder, count));
  if (run.options.small) return ok;
  auto const each = [&](double what) { return what / static_cast<double>(built.indicators); };
  fmt::print("  built from canonical records  {:>8.2f} s ({:.2f} s processor), {:.0f} ns each\n", built.took.wall,
             built.process_cpu, each(built.took.wall) * 1e9);
  fmt::print("  files                         {:>8.1f} MB, {:.1f} bytes an indicator\n",
             static_cast<double>(built.bytes) * 1e-6, each(static_cast<double>(built.bytes)));
  return ok;
}

auto report_opening(Run &run, Ours const &ours, std::uint64_t count) -> Result<void> {
  if (run.options.small) return ok;
  auto const hot = ours.hot_bytes();
  fmt::print("  opened again                  {:>8.3f} s ({:.3f} s processor)\n", ours.opening().wall,
             ours.opening().cpu);
  fmt::print("  memory of its own             {:>8.1f} MB, {:.2f} bytes an indicator; {:.1f} MB in huge pages\n",
             static_cast<double>(hot) * 1e-6, static_cast<double>(hot) / static_cast<double>(count),
             static_cast<double>(proc_bytes("smaps_rollup", "AnonHugePages:")) * 1e-6);
  auto const limit = line_costs(hot);
  fmt::print("  the machine's random line of as much memory, huge pages: batched {:.1f} ns, dependent {:.0f} ns\n",
             limit.batched, limit.dependent);
  run.drawing.add("memory line, batched", count, limit.batched);
  return ok;
}

auto report_look_ups(Run &run, Ours &ours, Questions const &asked, std::uint64_t count) -> Result<void> {
  if (run.options.small) return ok;
  auto const rows = [&](std::string const &name, std::size_t size, auto const &work,
                        std::string const &line) -> Result<void> {
    auto rounds = std::vector<Took>{};
    for (auto round = 0; round < kRounds; ++round) {
      TRY(auto const took, work());
      rounds.push_back(took);
    }
    auto const took = median(rounds);
    auto const each = 1e9 / static_cast<double>(size);
    fmt::print("  {:<34} {:>8.1f} ms wall {:>8.1f} ms processor {:>7.1f} ns each\n", name, took.wall * 1e3,
               took.cpu * 1e3, took.cpu * each);
    if (!line.empty()) run.drawing.add(line, count, took.cpu * each);
    return ok;
  };
  fmt::print("  {} look-ups, median of {} rounds (budget at 100 million: absent 20 ms, half known 100 ms)\n",
             asked.half.size(), kRounds);
  auto const all = asked.half.size();
  for (auto const &[kind, values] : {std::pair{"absent", &asked.absent}, std::pair{"half known", &asked.half}}) {
    TRY_VOID(rows(
        fmt::format("  {}, at once", kind), all, [&] { return ours.look_up(*values, all); },
        fmt::format("Noroshi, {}", kind)));
    TRY_VOID(rows(fmt::format("  {}, by {}", kind, kBatch), all, [&] { return ours.look_up(*values, kBatch); }, {}));
    TRY_VOID(rows(
        fmt::format("  {}, {} one by one", kind, kOneByOne), kOneByOne,
        [&] { return ours.one_by_one(*values, kOneByOne); }, fmt::format("Noroshi, {}, one by one", kind)));
  }
  return ok;
}

auto ask_and_read(Peer &peer, std::size_t way, Questions const &asked) -> Result<Answers> {
  TRY_VOID(peer.ask(way, asked.keys));
  return peer.answers(way);
}

/// The way that answers fastest, once every way has answered right.
auto choose_way(Run &run, Peer &peer, Questions const &asked) -> Result<std::optional<std::size_t>> {
  auto const names = peer.ways();
  auto best = std::optional<std::size_t>{};
  auto seconds = std::vector<double>(names.size(), 1e9);
  // Twice: the first time warms what the second one reads.
  for (auto pass = 0; pass < 2; ++pass)
    for (auto way = std::size_t{0}; way < names.size(); ++way) {
      if (pass == 1 && seconds[way] > 3 * *std::ranges::min_element(seconds)) continue;
      auto answers = Result<Answers>{Answers{}};
      auto const took = timed([&] { answers = ask_and_read(peer, way, asked); });
      if (!answers && answers.error().code == ErrorCode::timed_out) continue;
      TRY_VOID(answers ? Result<void>{ok} : Result<void>{answers.error()});
      seconds[way] = std::min(seconds[way], took.wall);
      if (*answers == asked.truth) continue;
      fmt::print("    {}: NOT EQUAL: {} known, checksum {:016x}\n", names[way], answers->known, answers->checksum);
      run.equal = false;
      return std::optional<std::size_t>{};
    }
  auto const fastest = std::ranges::min_element(seconds);
  if (*fastest < 1e9) best = static_cast<std::size_t>(fastest - seconds.begin());
  return best;
}

/// Seconds by the wall; the peer's with its questions handed over and, in `bare`, without.
struct Compared {
  double ours = 0, peer = 0, ratio = 0, bare = 0, bare_ratio = 0;
  std::size_t rounds = 0;
};

auto compare(Ours &ours, Peer &peer, std::size_t way, Questions const &asked) -> Result<Compared> {
  auto mine = std::vector<double>{}, theirs = mine, ratios = mine, bare = mine, bare_ratios = mine;
  auto spent = 0.0;
  for (auto round = 0; round < kRounds && (round < kLeastRounds || spent < kSecondsOfRounds); ++round) {
    auto left = Result<Answers>{Answers{}}, right = Result<Answers>{Answers{}};
    auto handed = Result<void>{ok};
    mine.push_back(timed([&] { left = ours.answers(asked.half); }).wall);
    auto const handing = timed([&] { handed = peer.ask(way, asked.keys); }).wall;
    TRY_VOID(handed);
    bare.push_back(timed([&] { right = peer.answers(way); }).wall);
    theirs.push_back(handing + bare.back());
    TRY(auto const first, left);
    TRY(auto const second, right);
    if (!(first == second)) return fail(ErrorCode::internal, "the answers differ in round {}", round);
    ratios.push_back(theirs.back() / mine.back());
    bare_ratios.push_back(bare.back() / mine.back());
    spent += mine.back() + theirs.back();
  }
  return Compared{median(mine), median(theirs), median(ratios), median(bare), median(bare_ratios), ratios.size()};
}

auto run_peer(Run &run, PeerKind const &kind, Ours &ours, Questions const &asked, std::uint64_t count) -> Result<void> {
  auto const folder = fmt::format("{}/{}", run.folder, kind.name);
  std::filesystem::create_directory(folder);
  auto const bounds = Bounds{std::chrono::steady_clock::now() + kPeerSeconds, kPeerBytes};
  TRY(auto const peer, kind.start(folder, count));
  auto loaded = Result<void>{ok};
  auto const loading = timed([&] { loaded = peer->load(count, bounds); });
  TRY_VOID(loaded);
  TRY(auto const bytes, peer->bytes());
  if (bytes > bounds.bytes) return fail(ErrorCode::too_large, "{} takes {} bytes", count, bytes);
  TRY(auto const way, choose_way(run, *peer, asked));
  if (!way) return run.equal ? Result<void>{fail(ErrorCode::timed_out, "no way answers in time")} : Result<void>{ok};
  if (run.options.small) {
    fmt::print("  {:<10} answers equal\n", kind.name);
    return ok;
  }
  TRY(auto const compared, compare(ours, *peer, *way, asked));
  fmt::print("  {:<10} answers equal; ratio {:.1f}: {:.1f} ms, ours {:.1f} ms; {}, {} rounds\n", kind.name,
             compared.ratio, compared.peer * 1e3, compared.ours * 1e3, peer->ways()[*way], compared.rounds);
  fmt::print("             its questions handed over before: {:.1f} ms, ratio {:.1f}; load {:.1f} s, {:.2f} GB; {}\n",
             compared.bare * 1e3, compared.bare_ratio, loading.wall, static_cast<double>(bytes) * 1e-9, kind.settings);
  run.drawing.add(std::string{kind.name}, count, compared.peer / static_cast<double>(asked.keys.size()) * 1e9);
  return ok;
}

auto run_peers(Run &run, Ours &ours, Questions const &asked, std::uint64_t count) -> Result<void> {
  if (!run.options.small)
    fmt::print("  Beside peers: {} look-ups, {} known; asked, read and let go, wall time\n", asked.keys.size(),
               asked.truth.known);
  for (auto const *const kind : {&kSqlite, &kDuckdb, &kRedis, &kPostgres}) {
    if (std::ranges::find(run.options.peers, kind->name) == run.options.peers.end()) continue;
    if (count > kind->most) {
      fmt::print("  {:<10} not run at this size\n", kind->name);
      continue;
    }
    auto const done = run_peer(run, *kind, ours, asked, count);
    std::filesystem::remove_all(fmt::format("{}/{}", run.folder, kind->name));
    std::fflush(stdout);
    if (done) continue;
    switch (auto const &[code, sentence] = done.error(); code) {
      case ErrorCode::not_found:
        fmt::print("  {:<10} LEFT OUT: {}; ./dev bench installs it\n", kind->name, sentence);
        break;
      case ErrorCode::timed_out:
      case ErrorCode::too_large:
        fmt::print("  {:<10} DOES NOT FIT 12 GB OR 5 MINUTES: {}\n", kind->name, sentence);
        break;
      default: return at(kind->name, done.error());
    }
  }
  return ok;
}

auto run_size(Run &run, std::uint64_t count, bool with_peers) -> Result<void> {
  fmt::print("{} indicators: addresses, domains, SHA-256 hashes, URLs, a quarter each\n", count);
  auto const folder = run.folder + "/ours";
  TRY_VOID(report_build(run, folder, count));
  TRY(auto ours, Ours::open(folder));
  TRY_VOID(report_opening(run, ours, count));
  auto const asked = questions(count);
  TRY(auto const absent, ours.answers(asked.absent));
  TRY(auto const half, ours.answers(asked.half));
  auto const right = absent == Answers{} && half == asked.truth;
  fmt::print("  ours: {} of {} known, checksum {:016x}: {}\n", half.known, asked.half.size(), half.checksum,
             right ? "as it must be" : "WRONG");
  run.equal = run.equal && right;
  TRY_VOID(report_look_ups(run, ours, asked, count));
  if (with_peers) TRY_VOID(run_peers(run, ours, asked, count));
  if (!run.options.small)
    fmt::print("  resident now {:.2f} GB, of it {:.2f} GB of files\n",
               static_cast<double>(proc_bytes("status", "VmRSS:")) * 1e-9,
               static_cast<double>(proc_bytes("status", "RssFile:")) * 1e-9);
  std::fflush(stdout);
  ours = {};
  std::filesystem::remove_all(folder);
  return ok;
}

auto run_all(Options const &options) -> Result<bool> {
  TRY(auto const scratch, Scratch::create());
  auto drawing = Drawing{};
  auto run = Run{options, scratch.path(), drawing};
  auto sizes = std::map<std::uint64_t, bool>{};  // with peers?
  for (auto const size : options.alone) sizes[size] = false;
  for (auto const size : options.sizes) sizes[size] = true;
  for (auto const &[size, with_peers] : sizes) TRY_VOID(run_size(run, size, with_peers));
  if (options.members > 0) run.equal = membership(options.members, options.small) && run.equal;
  if (!options.plot.empty()) TRY_VOID(draw(options.plot, drawing.all()));
  return run.equal;
}

/// "1,10,0.5", in millions.
auto millions(std::string_view text) -> std::vector<std::uint64_t> {
  auto sizes = std::vector<std::uint64_t>{};
  while (!text.empty()) {
    auto number = 0.0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number <= 0) break;
    sizes.push_back(static_cast<std::uint64_t>(number * kMillion));
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return sizes;
}

auto words(std::string_view text) -> std::vector<std::string> {
  auto all = std::vector<std::string>{};
  for (auto from = std::size_t{0}; from < text.size();) {
    auto const to = std::min(text.find(',', from), text.size());
    all.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  return all;
}

constexpr auto kUsage =
    "indicators_bench [--size MILLIONS,…] [--alone MILLIONS,…] [--peers NAME,…] [--plot FILE] [--billion] [--small]\n"
    "  --size     sizes measured beside the peers (default 1,10)\n"
    "  --alone    more sizes, without peers, for the drawing\n"
    "  --peers    of SQLite,DuckDB,Redis,PostgreSQL (default all)\n"
    "  --plot     draws cost a look-up by size into FILE (SVG)\n"
    "  --billion  only the filter of a billion hashes without values\n"
    "  --small    50,000 indicators, answers compared, no times\n";

}  // namespace

auto main(int argc, char **argv) -> int {
  auto options = Options{};
  for (auto i = 1; i < argc; ++i) {
    auto const word = std::string_view{argv[i]};
    auto const value = std::string_view{i + 1 < argc ? argv[i + 1] : ""};
    if (word == "--small") {
      options.small = true;
      options.sizes = {kSmall};
      options.members = kQuestions;
    } else if (word == "--billion") {
      options.sizes.clear();
      options.members = 1'000'000'000;
    } else if (word == "--size") {
      options.sizes = millions(value);
    } else if (word == "--alone") {
      options.alone = millions(value);
    } else if (word == "--peers") {
      options.peers = words(value);
    } else if (word == "--plot") {
      options.plot = value;
    } else {
      fmt::print(stderr, "{}", kUsage);
      return 2;
    }
    if (word != "--small" && word != "--billion") ++i;
  }
  auto const equal = run_all(options);
  if (!equal) {
    fmt::print(stderr, "bench: {}\n", equal.error().sentence);
    return 3;
  }
  return *equal ? 0 : 1;
}
