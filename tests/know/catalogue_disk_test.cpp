// Full and read-only disks, for both SQLite stores: the sentence is clear, and what was acknowledged is there
// afterwards.
#include <sys/resource.h>

#include <csignal>

#include "know/catalogue.hpp"
#include "tests/know/child_process.hpp"
#include "tests/know/indicators_fixture.hpp"

namespace noroshi {
namespace {

using namespace test;

/// More than any small disk of these tests holds.
constexpr auto kMostAdded = 100'000;

/// Adds until refused, and counts what was acknowledged.
auto add_reports(std::string const &path, std::uint64_t &acknowledged) -> std::optional<Error> {
  auto const catalogue = know::open_catalogue({.path = path});
  if (!catalogue) return catalogue.error();
  auto const admin = (*catalogue)->local_administrator();
  if (!admin) return admin.error();
  for (auto i = 0; i < kMostAdded; ++i) {
    if (auto added = (*catalogue)->add_report("analyst/x", std::string(900, 't'), {}, *admin); !added)
      return added.error();
    ++acknowledged;
  }
  return std::nullopt;
}

auto add_indicators(std::string const &path, std::uint64_t &acknowledged) -> std::optional<Error> {
  auto const store = know::open_indicator_store(path);
  if (!store) return store.error();
  for (auto i = 0; i < kMostAdded; ++i) {
    auto commit = model::IndicatorCommit{.stream = "intake", .position = acknowledged + 1};
    for (auto k = 0; k < 10; ++k) commit.writes.push_back(write(fmt::format("h{}.{}.example", k, acknowledged + 1)));
    if (auto applied = (*store)->apply(commit); !applied) return applied.error();
    ++acknowledged;
  }
  return std::nullopt;
}

auto count_reports(std::string const &path, know::CatalogueMode mode) -> Result<std::uint64_t> {
  TRY(auto const catalogue, know::open_catalogue({.path = path, .mode = mode}));
  TRY(auto const admin, catalogue->local_administrator());
  TRY(auto const reports, catalogue->reports({}, admin));
  return reports.size();
}

/// Commits of ten indicators; half a commit would be a remainder.
auto count_commits(model::IndicatorStore &store) -> Result<std::uint64_t> {
  TRY(auto const stats, store.stats());
  TRY(auto const cursor, store.cursor("intake"));
  if (stats.indicators != cursor * 10) return fail(ErrorCode::internal, "content and cursor disagree");
  return cursor;
}

/// A store under test: adds until the disk refuses, and counts what is there afterwards.
struct Subject {
  std::string_view name;
  std::function<std::optional<Error>(std::string const &path, std::uint64_t &acknowledged)> fill;
  std::function<Result<std::uint64_t>(std::string const &path)> count;
};
auto subjects() -> std::array<Subject, 2> {
  return {Subject{"catalogue", add_reports,
                  [](std::string const &path) { return count_reports(path, know::CatalogueMode::open_existing); }},
          Subject{"indicator store", add_indicators, [](std::string const &path) -> Result<std::uint64_t> {
                    TRY(auto const store, know::open_indicator_store(path));
                    return count_commits(*store);
                  }}};
}

/// The whole test, inside the child: what is said is for the parent's checks.
auto fill_and_count(Subject const &subject, std::string const &path, std::function<void()> const &relieve,
                    std::string &said) -> int {
  auto acknowledged = std::uint64_t{0};
  auto const refusal = subject.fill(path, acknowledged);
  if (!refusal) return said += "never refused", 1;
  said += refusal->sentence;
  if (refusal->code != ErrorCode::unavailable) return 2;
  relieve();
  auto const there = subject.count(path);
  if (!there) return said += there.error().sentence, 3;
  said += fmt::format("; {} acknowledged, {} there", acknowledged, *there);
  if (*there != acknowledged || acknowledged == 0) return 4;
  auto more = acknowledged;
  auto const next = subject.fill(path, more);
  said += fmt::format("; then {} more: {}", more - acknowledged, next ? next->sentence : "");
  return more > acknowledged ? 0 : 5;
}

void limit_file_size(rlim_t bytes) {
  auto limit = rlimit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_CASE("at the limit on file size nothing acknowledged is lost, and the stores go on when it is lifted") {
  for (auto const &subject : subjects()) {
    auto folder = TemporaryFolder{};
    auto const outcome = in_child([&](std::string &said) {
      std::signal(SIGXFSZ, SIG_IGN);
      limit_file_size(1 << 20);
      return fill_and_count(subject, folder / "store.sqlite", [] { limit_file_size(3 << 20); }, said);
    });
    CAPTURE(subject.name);
    CAPTURE(outcome.said);
    CHECK(outcome.ended_with(0));
    CHECK(outcome.said.contains("what was stored is kept"));
  }
}

TEST_CASE("on a full disk nothing acknowledged is lost, and the sentence says to free some space") {
  for (auto const &subject : subjects()) {
    auto folder = TemporaryFolder{};
    auto const grow = [&] { ::mount("none", folder.path().c_str(), nullptr, MS_REMOUNT, "size=6m"); };
    auto const outcome = in_child([&](std::string &said) {
      if (!mount_small_disk(folder.path(), "size=2m")) return kNotPermitted;
      return fill_and_count(subject, folder / "store.sqlite", grow, said);
    });
    if (outcome.ended_with(kNotPermitted)) {
      MESSAGE("SKIPPED: this machine permits no mount, so the full disk was not tested");
      return;
    }
    CAPTURE(subject.name);
    CAPTURE(outcome.said);
    CHECK(outcome.ended_with(0));
    CHECK((outcome.said.contains("Free some space") || outcome.said.contains("free space on the disk")));
  }
}

TEST_CASE("on a read-only disk the stores can be read, and writing says why not") {
  auto folder = TemporaryFolder{};
  auto const outcome = in_child([&](std::string &said) {
    if (!mount_small_disk(folder.path(), "size=8m")) return kNotPermitted;
    auto const catalogue = folder / "catalogue.sqlite";
    auto const indicators = folder / "indicators";
    {
      auto const made = know::open_catalogue({.path = catalogue});
      auto const store = know::open_indicator_store(indicators);
      if (!made || !store || !(*store)->apply({.stream = "intake", .position = 1, .writes = {write("a.example")}}))
        return 1;
    }
    if (!make_read_only(folder.path())) return kNotPermitted;
    auto const refused = know::open_catalogue({.path = catalogue});
    auto const refused_store = know::open_indicator_store(indicators);
    if (refused || !refused_store) return said += "catalogue opened for writing, or indicators not for reading", 2;
    auto const written = (*refused_store)->apply({.stream = "intake", .position = 2, .writes = {write("b.example")}});
    if (written) return said += "written", 7;
    said += refused.error().sentence + "\n" + written.error().sentence + "\n";
    if (refused.error().code != ErrorCode::unavailable) return 3;
    auto const count = count_reports(catalogue, know::CatalogueMode::read_only);
    if (!count) return said += count.error().sentence, 4;
    return look_up(**refused_store, "a.example").size() == 1 ? 0 : 6;
  });
  if (outcome.ended_with(kNotPermitted)) {
    MESSAGE("SKIPPED: this machine permits no mount, so the read-only disk was not tested");
    return;
  }
  CAPTURE(outcome.said);
  CHECK(outcome.ended_with(0));
  CHECK(outcome.said.contains("its disk is mounted writable"));
}

}  // namespace
}  // namespace noroshi
