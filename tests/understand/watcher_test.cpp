// The watcher over real stores, as a node wires them: what is applied answers, what is known and was seen is hunted
// for, and nothing is answered twice or forgotten where the node is killed between two stores.
#include "understand/watcher.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_stores.hpp"
#include "tests/support/observations.hpp"
#include "tests/support/temporary_folder.hpp"

#include "know/catalogue.hpp"
#include "know/indicator_store.hpp"
#include "know/past_observations.hpp"
#include "understand/applier.hpp"
#include "understand/watched_indicators.hpp"

namespace noroshi::understand {
namespace {

using model::AnswerKind;
using model::Value;
using model::ValueType;
using test::TemporaryFolder;

auto const kReceived = Time{std::chrono::seconds{1'790'000'001}};

struct Tower {
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::WatchBook> book;
  std::unique_ptr<model::IndicatorStore> store;
  std::unique_ptr<model::ObservationStore> observations;
  std::unique_ptr<IntakeLog> log;
  Config config;
  std::unique_ptr<Watcher> watcher;
  std::unique_ptr<model::IndicatorStore> indicators;
  std::unique_ptr<Applier> applier;
  model::Viewer admin;

  explicit Tower(TemporaryFolder const &folder, std::unique_ptr<model::IndicatorStore> other_store = nullptr) {
    auto opened = know::open_catalogue_and_watches({.path = folder / "catalogue.sqlite"});
    REQUIRE(opened);
    catalogue = std::move(opened->catalogue);
    book = std::move(opened->watches);
    store = other_store ? std::move(other_store) : *know::open_indicator_store(folder / "indicators");
    auto seen = know::open_observations_and_past({.directory = folder / "observations"});
    REQUIRE(seen);
    observations = std::move(seen->store);
    log = *IntakeLog::open({.folder = folder / "intake", .segment_bytes = 100'000}, {});
    watcher = *Watcher::create({*book, *catalogue, *store, *seen->past}, config, system_clock());
    indicators = watch_over(*store, *watcher, *book, system_clock());
    applier = *Applier::create(*log, {*observations, *indicators, *catalogue}, config);
    applier->watch_by(*watcher);
    admin = *catalogue->local_administrator();
  }

  auto watch(std::vector<Value> const &values, bool past = true) -> model::WatchId {
    auto watch = model::NewWatch{};
    watch.values = values;
    watch.past = past;
    auto const added = book->add(watch, admin);
    REQUIRE(added);
    REQUIRE(watcher->refresh());
    return added->watch.id;
  }
  auto visit(std::uint64_t sequence, std::string_view source, std::string_view host = {}) -> void {
    auto batch = model::Batch{{1}, 7, sequence, {}};
    auto opened = test::observation(source, model::Kind::opened);
    opened.visit = model::VisitId{sequence, 1};
    model::append_frame(batch.frames, opened);
    auto asked = test::observation(source, model::Kind::request);
    asked.visit = opened.visit;
    asked.sequence = 1;
    if (!host.empty()) asked.set(model::Field::host, host);
    model::append_frame(batch.frames, asked);
    REQUIRE(log->append(batch, kReceived));
    REQUIRE(applier->catch_up());
  }
  /// An analyst's report, applied as a node does.
  auto report(std::string_view source, std::vector<Value> const &values) -> void {
    auto writes = std::vector<model::IndicatorWrite>{};
    for (auto const &value : values) {
      writes.push_back({value, {}});
      writes.back().context.role = model::Role::c2;
      writes.back().context.first_seen = writes.back().context.last_seen = kReceived;
    }
    REQUIRE(catalogue->add_report(source, "a report", writes, admin));
    REQUIRE(apply_changes());
  }
  auto apply_changes() -> Result<void> {
    while (true) {
      TRY(auto const position, indicators->cursor("catalogue"));
      TRY(auto const commit, catalogue->changes_after(position, 100));
      if (!commit) return watcher->hunt();
      TRY_VOID(indicators->apply(*commit));
    }
  }
  /// Of a feed, marked RED; its finish() is the caller's.
  auto begin_load(std::vector<Value> const &values, std::optional<Time> expiry = {})
      -> std::unique_ptr<model::IndicatorLoad> {
    auto load = indicators->load();
    REQUIRE(load);
    auto context = model::Context{};
    context.source = catalogue->ensure_source("feed/one")->id;
    context.tlp = model::Tlp::red;
    auto const number = (*load)->context(context);
    for (auto const &[type, text] : values)
      REQUIRE((*load)->add(type, text, number, {kReceived, kReceived, 1, expiry}));
    return *std::move(load);
  }
  auto hunts_due() -> bool {
    auto const next = book->next_hunt({});
    REQUIRE(next);
    return next->has_value();
  }
  auto answers(AnswerKind kind) -> std::vector<model::Finding> {
    auto const page = book->answers(0, std::nullopt, 10'000, admin);
    REQUIRE(page);
    auto found = std::vector<model::Finding>{};
    for (auto const &answer : page->answers)
      if (answer.finding.kind == kind) found.push_back(answer.finding);
    return found;
  }
};

auto ip(std::string_view text) -> Value { return {ValueType::ip, std::string{text}}; }
auto domain(std::string_view text) -> Value { return {ValueType::domain, std::string{text}}; }

TEST_CASE("a visit from a watched address, from inside a watched block, or that names below a watched domain answers") {
  auto const folder = TemporaryFolder{};
  auto tower = Tower{folder};
  auto const id = tower.watch({ip("8.8.4.4"), {ValueType::cidr, "9.9.0.0/16"}, domain("example.com")});
  tower.visit(1, "1.1.1.1");
  CHECK(tower.answers(AnswerKind::seen).empty());
  tower.visit(2, "8.8.4.4");
  tower.visit(3, "9.9.3.4", "cdn.example.com:8080");
  auto const seen = tower.answers(AnswerKind::seen);
  REQUIRE(seen.size() == 3);
  for (auto const &finding : seen) {
    CHECK(finding.watch == id);
    CHECK(finding.sensors == std::vector{model::SensorId{1}});
    if (finding.value == ip("8.8.4.4")) CHECK((finding.count == 2 && finding.match == model::MatchKind::exact));
    if (finding.value.type == ValueType::cidr) CHECK(finding.found == ip("9.9.3.4"));
    if (finding.value.type == ValueType::domain) {
      CHECK(finding.found == domain("cdn.example.com"));
      CHECK(finding.match == model::MatchKind::parent);
      CHECK(finding.count == 1);
    }
  }
}

TEST_CASE("a watched value that a report names, or lies inside or below what it names, became known") {
  auto const folder = TemporaryFolder{};
  auto tower = Tower{folder};
  tower.watch({ip("8.8.4.4"), domain("a.example.com"), ip("1.1.1.1")});
  tower.report("analyst/ann", {{ValueType::cidr, "8.8.0.0/16"}, domain("example.com"), domain("other.net")});
  auto const known = tower.answers(AnswerKind::known);
  REQUIRE(known.size() == 2);
  for (auto const &finding : known) {
    CHECK(finding.role == model::Role::c2);
    CHECK(tower.catalogue->source(finding.source)->name == "analyst/ann");
  }
  tower.report("analyst/ann", {domain("example.com")});
  CHECK(tower.answers(AnswerKind::known).size() == 2);  // the same source says the same
  tower.report("analyst/bob", {domain("example.com")});
  CHECK(tower.answers(AnswerKind::known).size() == 3);
}

TEST_CASE("a new watch is asked against what is known and what was seen, in closed days too, unless it is not to be") {
  auto const folder = TemporaryFolder{};
  auto tower = Tower{folder};
  tower.visit(1, "8.8.4.4", "cdn.example.com");
  tower.visit(2, "8.8.4.4");
  REQUIRE(tower.observations->close_days(day_of(kReceived) + std::chrono::days{1}));
  tower.visit(3, "9.9.9.9");
  tower.report("analyst/ann", {ip("8.8.4.4")});
  tower.watch({ip("8.8.4.4"), {ValueType::cidr, "9.9.9.0/24"}, domain("cdn.example.com"), ip("1.2.3.4")}, false);
  CHECK(tower.answers(AnswerKind::past).size() == 1);  // of the report's address, for the node's own watch
  auto const id =
      tower.watch({ip("8.8.4.4"), {ValueType::cidr, "9.9.9.0/24"}, domain("cdn.example.com"), ip("1.2.3.4")});
  auto past = tower.answers(AnswerKind::past);
  std::erase_if(past, [&](auto const &finding) { return finding.watch != id; });
  REQUIRE(past.size() == 3);
  for (auto const &finding : past) {
    if (finding.value == ip("8.8.4.4")) CHECK(finding.count == 4);
    if (finding.value.type == ValueType::cidr) CHECK(finding.count == 2);
    if (finding.value.type == ValueType::domain) CHECK(finding.count == 1);
    CHECK(finding.sensors == std::vector{model::SensorId{1}});
  }
  auto known = tower.answers(AnswerKind::known);
  std::erase_if(known, [&](auto const &finding) { return finding.watch != id; });
  CHECK_FALSE(known.empty());
}

TEST_CASE("a new indicator of a report is asked against the past once; one that was known is not asked again") {
  auto const folder = TemporaryFolder{};
  auto tower = Tower{folder};
  tower.visit(1, "9.9.9.9", "bad.example.com");
  tower.report("analyst/ann", {domain("bad.example.com"), ip("1.2.3.4")});
  auto const past = tower.answers(AnswerKind::past);
  REQUIRE(past.size() == 1);
  CHECK(past.front().value == domain("bad.example.com"));
  tower.report("analyst/bob", {domain("bad.example.com")});
  CHECK(tower.answers(AnswerKind::past).size() == 1);
}

TEST_CASE("a load is hunted for in the past, and its watched values become known by its sources alone") {
  auto const folder = TemporaryFolder{};
  auto tower = Tower{folder};
  tower.visit(1, "9.9.9.9", "bad.example.com");
  tower.report("analyst/ann", {ip("5.5.5.5")});
  tower.watch({ip("5.5.5.5"), domain("quiet.example.net")}, false);
  auto const feed = tower.catalogue->ensure_source("feed/one")->id;
  auto load = tower.indicators->load();
  REQUIRE(load);
  auto context = model::Context{};
  context.source = feed;
  context.role = model::Role::download;
  auto const number = (*load)->context(context);
  for (auto const *text : {"bad.example.com", "quiet.example.net", "more.example.org"})
    REQUIRE((*load)->add(ValueType::domain, text, number, {kReceived, kReceived, 1, std::nullopt}));
  REQUIRE((*load)->add(ValueType::ip, "5.5.5.5", number, {kReceived, kReceived, 1, std::nullopt}));
  REQUIRE((*load)->finish({}));
  REQUIRE(tower.watcher->hunt());
  auto const past = tower.answers(AnswerKind::past);
  REQUIRE(past.size() == 1);
  CHECK(past.front().value == domain("bad.example.com"));
  auto const known = tower.answers(AnswerKind::known);
  REQUIRE(known.size() == 2);
  for (auto const &finding : known) CHECK(finding.source == feed);
}

TEST_CASE("a report whose commit was cut off between the store and the book is looked at by the next start") {
  auto const folder = TemporaryFolder{};
  {
    auto tower = Tower{folder};
    tower.watch({ip("8.8.4.4")});
    auto const writes = std::vector<model::IndicatorWrite>{{ip("8.8.4.4"), {}}};
    REQUIRE(tower.catalogue->add_report("analyst/ann", "a report", writes, tower.admin));
    auto const commit = tower.catalogue->changes_after(0, 100);
    REQUIRE(tower.store->apply(**commit));  // killed here: the book has not seen it
    CHECK(tower.answers(AnswerKind::known).empty());
  }
  auto tower = Tower{folder};
  REQUIRE(tower.apply_changes());
  CHECK(tower.answers(AnswerKind::known).size() == 1);
  REQUIRE(tower.apply_changes());
  CHECK(tower.answers(AnswerKind::known).size() == 1);
}

TEST_CASE("while a load or a report is on its way into the store nothing is hunted for; behind it, with its marking") {
  auto const folder = TemporaryFolder{};
  auto owned = std::make_unique<test::FakeIndicators>();
  auto &store = *owned;
  auto tower = Tower{folder, std::move(owned)};
  tower.visit(1, "9.9.9.9", "bad.example.com");
  tower.visit(2, "9.9.9.9", "worse.example.com");
  tower.watch({domain("quiet.example.net"), domain("worse.example.com")}, false);
  auto asked = 0;
  store.before_storing = [&]() -> Result<void> {
    ++asked;
    REQUIRE(tower.hunts_due());
    REQUIRE(tower.watcher->hunt());
    CHECK(tower.answers(AnswerKind::past).empty());
    CHECK(tower.answers(AnswerKind::known).empty());
    return ok;
  };
  REQUIRE(tower.begin_load({domain("bad.example.com"), domain("quiet.example.net")})->finish({}));
  store.before_storing = nullptr;
  CHECK(asked == 1);
  REQUIRE(tower.watcher->hunt());
  auto past = tower.answers(AnswerKind::past);
  REQUIRE(past.size() == 1);
  CHECK((past.front().value == domain("bad.example.com") && past.front().tlp == model::Tlp::red));
  auto const known = tower.answers(AnswerKind::known);
  REQUIRE(known.size() == 1);
  CHECK((known.front().value == domain("quiet.example.net") && known.front().tlp == model::Tlp::red));

  store.before_storing = [&]() -> Result<void> {
    ++asked;
    REQUIRE(tower.hunts_due());
    REQUIRE(tower.watcher->hunt());
    CHECK(tower.answers(AnswerKind::past).size() == 1);
    return ok;
  };
  tower.report("analyst/ann", {domain("worse.example.com")});
  CHECK(asked == 2);
  CHECK(tower.answers(AnswerKind::past).size() == 2);
  CHECK_FALSE(tower.hunts_due());
}

TEST_CASE("a load or a report that the store refuses leaves no hunt, and one that was given up neither") {
  auto const folder = TemporaryFolder{};
  auto owned = std::make_unique<test::FakeIndicators>();
  auto &store = *owned;
  auto tower = Tower{folder, std::move(owned)};
  tower.visit(1, "9.9.9.9", "bad.example.com");
  store.before_storing = []() -> Result<void> { return fail(ErrorCode::unavailable, "no space"); };
  CHECK_FALSE(tower.begin_load({domain("bad.example.com")})->finish({}));
  CHECK_FALSE(tower.hunts_due());
  auto const writes = std::vector<model::IndicatorWrite>{{domain("bad.example.com"), {}}};
  REQUIRE(tower.catalogue->add_report("analyst/ann", "a report", writes, tower.admin));
  CHECK_FALSE(tower.apply_changes());
  CHECK_FALSE(tower.hunts_due());
  (void)tower.begin_load({domain("bad.example.com")});
  CHECK_FALSE(tower.hunts_due());
  CHECK(tower.answers(AnswerKind::past).empty());
}

TEST_CASE("after a crash at a load's end a hunt is run where the load stands, and tells nothing where it does not") {
  auto const folder = TemporaryFolder{};
  auto hunt = model::Hunt{};
  hunt.values = {domain("bad.example.com"), domain("worse.example.com")};
  hunt.said = {domain("worse.example.com")};
  {
    auto tower = Tower{folder};
    tower.visit(1, "9.9.9.9", "bad.example.com");
    tower.visit(2, "9.9.9.9", "worse.example.com");
    tower.watch({domain("worse.example.com")}, false);
    hunt.sources = {tower.catalogue->ensure_source("feed/one")->id};
    // Killed behind the plan, before the store has the load.
    REQUIRE(tower.book->plan_hunt({}, 0, hunt, kReceived));
  }
  {
    auto tower = Tower{folder};
    REQUIRE(tower.watcher->hunt());
    CHECK_FALSE(tower.hunts_due());
    CHECK(tower.answers(AnswerKind::past).empty());
    CHECK(tower.answers(AnswerKind::known).empty());
    // Killed when the store had it, before the hunt was released.
    REQUIRE(tower.book->plan_hunt({}, 0, hunt, kReceived));
    auto load = tower.store->load();
    auto context = model::Context{};
    context.source = hunt.sources.front();
    context.tlp = model::Tlp::red;
    auto const number = (*load)->context(context);
    for (auto const &value : hunt.values)
      REQUIRE((*load)->add(value.type, value.text, number, {kReceived, kReceived, 1, std::nullopt}));
    REQUIRE((*load)->finish({}));
  }
  auto tower = Tower{folder};
  REQUIRE(tower.watcher->hunt());
  auto const past = tower.answers(AnswerKind::past);
  CHECK(past.size() == 2);
  for (auto const &finding : past) CHECK(finding.tlp == model::Tlp::red);
  CHECK(tower.answers(AnswerKind::known).size() == 1);
}

TEST_CASE("an indicator that has expired is hunted for with the marking it had") {
  auto const folder = TemporaryFolder{};
  auto tower = Tower{folder};
  tower.visit(1, "9.9.9.9", "bad.example.com");
  REQUIRE(tower.begin_load({domain("bad.example.com")}, system_clock().now() - std::chrono::hours{1})->finish({}));
  REQUIRE(tower.watcher->hunt());
  auto const past = tower.answers(AnswerKind::past);
  REQUIRE(past.size() == 1);
  CHECK(past.front().tlp == model::Tlp::red);
}

TEST_CASE("a watch that is added while a load goes on is told what that load brings") {
  auto const folder = TemporaryFolder{};
  auto owned = std::make_unique<test::FakeIndicators>();
  auto &store = *owned;
  auto tower = Tower{folder, std::move(owned)};
  auto load = tower.begin_load({domain("one.example.com"), domain("two.example.net")});
  tower.watch({domain("one.example.com")});
  store.before_storing = [&]() -> Result<void> {
    tower.watch({domain("two.example.net")}, false);
    return ok;
  };
  REQUIRE(load->finish({}));
  CHECK(tower.answers(AnswerKind::known).empty());
  REQUIRE(tower.watcher->hunt());
  CHECK(tower.answers(AnswerKind::known).size() == 2);
}

TEST_CASE("followers get answers in order as they come, and are sent to the book where they were away for too long") {
  auto tail = AnswerTail{};
  tail.begin_after(10);
  auto const reader = tail.follow(10);
  auto const late = tail.follow(3);
  CHECK(late->next().missed);
  CHECK_FALSE(reader->next().answer);
  auto woken = 0;
  reader->on_more([&] { ++woken; });
  auto answers = std::vector<model::WatchAnswer>(3);
  for (auto i = 0; i < 3; ++i) answers[static_cast<std::size_t>(i)].id = 11 + i;
  tail.publish(answers);
  CHECK(woken == 1);
  for (auto const id : {11, 12, 13}) CHECK(reader->next().answer->id == id);
  CHECK_FALSE(reader->next().answer);
  answers.resize(AnswerTail::kHeld + 1);
  for (auto i = std::size_t{0}; i < answers.size(); ++i) answers[i].id = 14 + static_cast<std::int64_t>(i);
  tail.publish(answers);
  CHECK(reader->next().missed);
}

}  // namespace
}  // namespace noroshi::understand
