// The book of watches: who may see what, one answer for one event whatever is told again, floods counted, hunts kept.
#include <doctest/doctest.h>

#include <algorithm>

#include "know/catalogue.hpp"
#include "model/ip.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi {
namespace {

using model::AnswerKind;
using model::Finding;
using model::Value;
using model::ValueType;
using model::WatchId;

struct Book {
  test::TemporaryFolder folder;
  ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}}};
  know::CatalogueAndWatches stores = open();
  model::Viewer admin = *stores.catalogue->local_administrator();
  model::Viewer analyst = user("ann", model::UserRole::analyst);
  model::Viewer reader = user("rea", model::UserRole::reader);
  model::Viewer member = user("mem", model::UserRole::member);

  auto open() -> know::CatalogueAndWatches {
    auto opened = know::open_catalogue_and_watches({.path = folder / "catalogue.sqlite", .clock = &clock});
    if (!opened) FAIL(opened.error().sentence);
    return *std::move(opened);
  }
  void reopen() {
    stores = {};
    stores = open();
  }
  auto user(std::string_view name, model::UserRole role) -> model::Viewer {
    auto const made = stores.catalogue->add_user(name, role, {1}, admin);
    REQUIRE(made);
    return {made->id, made->name, made->role, made->organisation};
  }
  auto operator->() -> model::WatchBook * { return stores.watches.get(); }
  auto add(std::vector<Value> const &values, model::Viewer const &viewer, model::NewWatch watch = {}) -> WatchId {
    watch.values = values;
    auto const added = stores.watches->add(watch, viewer);
    if (!added) FAIL(added.error().sentence);
    return added->watch.id;
  }
  auto answers(model::Viewer const &viewer, std::int64_t after = 0) -> std::vector<model::WatchAnswer> {
    auto const page = stores.watches->answers(after, std::nullopt, 100'000, viewer);
    if (!page) FAIL(page.error().sentence);
    return page->answers;
  }
  auto record(std::uint64_t position, std::vector<Finding> const &findings) -> std::size_t {
    auto const made = stores.watches->record("watch/intake", position, findings, clock.now());
    if (!made) FAIL(made.error().sentence);
    return made->size();
  }
};

auto ip(unsigned number) -> Value { return {ValueType::ip, model::IpAddress::v4(0x0808'0000U + number).to_string()}; }

auto seen(WatchId watch, Value const &value, std::uint64_t count = 1) -> Finding {
  auto finding = Finding{.watch = watch, .kind = AnswerKind::seen, .value = value};
  finding.found = value;
  finding.first_seen = finding.last_seen = Time{std::chrono::days{20'000}};
  finding.count = count;
  finding.sensors = {{1}, {3}};
  return finding;
}

TEST_CASE("a watch is kept with its values, and comes back as it was from the disk") {
  auto book = Book{};
  auto watch = model::NewWatch{};
  watch.note = "case 12";
  watch.until = book.clock.now() + std::chrono::days{3};
  watch.webhook = "https://hooks.example.com/x";
  auto const id = book.add({ip(1), ip(2), ip(1), {ValueType::domain, "example.com"}}, book.reader, watch);
  book.reopen();
  auto const stored = book->watch(id, book.reader);
  REQUIRE(stored);
  CHECK(stored->note == "case 12");
  CHECK(stored->owner_name == "rea");
  CHECK(stored->until == watch.until);
  CHECK(stored->values == 3);
  CHECK(stored->webhook == "https://hooks.example.com/x");
  CHECK(stored->hunting);
  auto const values = book->values(id, {}, 10, book.reader);
  REQUIRE(values);
  CHECK(*values == std::vector<Value>{ip(1), ip(2), {ValueType::domain, "example.com"}});
  CHECK(book->values(id, ip(1), 1, book.reader)->front() == ip(2));
  auto taken = std::vector<Value>{};
  REQUIRE(book->each_value(book.clock.now(), [&](WatchId watch, ValueType type, std::string_view text) {
    CHECK(watch == id);
    taken.push_back({type, std::string{text}});
  }));
  CHECK(taken.size() == 3);
  book.clock.advance(std::chrono::days{4});
  REQUIRE(book->each_value(book.clock.now(), [&](WatchId, ValueType, std::string_view) { FAIL("it has ended"); }));
}

TEST_CASE("a question marked RED is its owner's and analysts', a member never sees any, and only owners remove") {
  auto book = Book{};
  auto red = model::NewWatch{};
  red.tlp = model::Tlp::red;
  auto const secret = book.add({ip(1)}, book.analyst, red);
  auto const plain = book.add({ip(2)}, book.analyst);
  book.record(1, {seen(secret, ip(1)), seen(plain, ip(2))});
  CHECK(book.answers(book.analyst).size() == 2);
  REQUIRE(book.answers(book.reader).size() == 1);
  CHECK(book.answers(book.reader).front().finding.watch == plain);
  CHECK(book->watch(secret, book.reader).error().code == ErrorCode::not_found);
  CHECK(book->values(secret, {}, 10, book.reader).error().code == ErrorCode::not_found);
  CHECK(book->remove(secret, book.reader).error().code == ErrorCode::not_found);
  CHECK(book->remove(plain, book.reader).error().code == ErrorCode::denied);
  CHECK(book->answers(0, std::nullopt, 10, book.member).error().code == ErrorCode::denied);
  CHECK(book->watches({}, book.member).error().code == ErrorCode::denied);
  auto const values = std::vector{ip(3)};
  CHECK(book->add({.values = values, .note = {}, .webhook = {}}, book.member).error().code == ErrorCode::denied);
  CHECK(book->add({.values = values, .note = {}, .tlp = model::Tlp::red, .webhook = {}}, book.reader).error().code ==
        ErrorCode::denied);
  REQUIRE(book->remove(plain, book.admin));
  CHECK(book.answers(book.admin).size() == 1);
  auto const log = book.stores.catalogue->audit_log({.limit = 3}, book.admin);
  REQUIRE(log);
  CHECK(log->front().action == "watch.remove");
}

TEST_CASE("an answer marked RED is not a reader's, though the question is") {
  auto book = Book{};
  auto const id = book.add({ip(1)}, book.reader);
  auto known = seen(id, ip(1));
  known.kind = AnswerKind::known;
  known.source = {1};
  known.tlp = model::Tlp::red;
  book.record(1, {known});
  CHECK(book.answers(book.reader).empty());
  CHECK(book.answers(book.analyst).size() == 1);
}

TEST_CASE("a group that is told again, also after a restart, is answered once") {
  auto book = Book{};
  auto const id = book.add({ip(1), ip(2)}, book.reader);
  CHECK(book.record(5, {seen(id, ip(1))}) == 1);
  CHECK(book.record(5, {seen(id, ip(1)), seen(id, ip(2))}) == 0);
  book.reopen();
  CHECK(book.record(4, {seen(id, ip(2))}) == 0);
  CHECK(book.record(5, {seen(id, ip(2))}) == 0);
  CHECK(book.record(6, {seen(id, ip(2))}) == 1);
  CHECK(book.answers(book.reader).size() == 2);
  CHECK(*book->cursor("watch/intake") == 6);
}

TEST_CASE("a flood is the first answer and a count, for one value and for more values than can be told") {
  auto book = Book{};
  auto values = std::vector<Value>{};
  for (auto i = 0U; i < 3'000; ++i) values.push_back(ip(i));
  auto const id = book.add(values, book.reader);
  for (auto group = std::uint64_t{1}; group <= 5; ++group) {
    auto findings = std::vector<Finding>{};
    for (auto const &value : values) findings.push_back(seen(id, value, 10));
    book.record(group, findings);
  }
  auto const first = book.answers(book.reader);
  CHECK(first.size() == model::kMaxWindowsOfWatch + 1);
  CHECK(first.back().finding.value.text.empty());
  book.clock.advance(std::chrono::minutes{11});
  REQUIRE(book->sweep(book.clock.now(), std::chrono::days{30}));
  auto const more = book.answers(book.reader, first.back().id);
  REQUIRE(more.size() == model::kMaxWindowsOfWatch + 1);
  auto counted = std::uint64_t{0};
  for (auto const *part : {&first, &more})
    for (auto const &answer : *part) counted += answer.finding.count;
  CHECK(counted == 3'000 * 5 * 10);
  CHECK(std::ranges::all_of(more, [](auto const &answer) { return answer.finding.kind == AnswerKind::more; }));
  REQUIRE(book->sweep(book.clock.now(), std::chrono::days{30}));
  CHECK(book.answers(book.reader, more.back().id).empty());
  CHECK(book.record(6, {seen(id, ip(1))}) == 1);  // its window is over: told anew
}

TEST_CASE("a feed that says the same every day is told once, another source anew") {
  auto book = Book{};
  auto const id = book.add({ip(1)}, book.reader);
  auto known = seen(id, ip(1));
  known.kind = AnswerKind::known;
  known.source = {4};
  auto position = std::uint64_t{0};
  for (auto day = 0; day < 90; ++day) {
    book.record(++position, {known});
    book.clock.advance(std::chrono::days{1});
    REQUIRE(book->sweep(book.clock.now(), std::chrono::days{200}));
  }
  CHECK(book.answers(book.reader).size() == 1);
  known.source = {5};
  CHECK(book.record(++position, {known}) == 1);
  book.clock.advance(std::chrono::days{31});
  REQUIRE(book->sweep(book.clock.now(), std::chrono::days{200}));
  CHECK(book.record(++position, {known}) == 1);
}

TEST_CASE("answers are bounded in number and age, and what goes is counted") {
  auto book = Book{};
  auto const id = book.add({ip(1)}, book.reader);
  auto past = std::vector<Finding>(model::kMaxAnswersOfWatch + 7, seen(id, ip(1)));
  for (auto &finding : past) finding.kind = AnswerKind::past;
  CHECK(book.record(1, past) == past.size());
  auto const kept = book.answers(book.reader);
  CHECK(kept.size() == 10'000);
  CHECK(kept.back().id == static_cast<std::int64_t>(past.size()));
  CHECK(book->watch(id, book.reader)->left_out == 7);
  book.clock.advance(std::chrono::days{31});
  REQUIRE(book->sweep(book.clock.now(), std::chrono::days{30}));
  CHECK(book.answers(book.reader).empty());
  CHECK(book->watch(id, book.reader)->left_out == past.size());
  CHECK(book->watch(id, book.reader)->answered == past.size());
  CHECK(*book->last_answer() == static_cast<std::int64_t>(past.size()));
}

TEST_CASE("a hunt stays due until it is finished, and is answered once") {
  auto book = Book{};
  auto const id = book.add({ip(1)}, book.reader);
  auto const first = book->next_hunt({});
  REQUIRE(first);
  REQUIRE(first->has_value());
  CHECK((*first)->watch == id);
  CHECK((*first)->values == std::vector{ip(1)});
  book.reopen();
  REQUIRE((*book->next_hunt({}))->id == (*first)->id);
  auto past = seen(id, ip(1));
  past.kind = AnswerKind::past;
  CHECK(book->finish_hunt((*first)->id, std::vector{past}, book.clock.now())->size() == 1);
  CHECK(book->finish_hunt((*first)->id, std::vector{past}, book.clock.now())->empty());
  CHECK_FALSE(book->next_hunt({})->has_value());
  CHECK_FALSE(book->watch(id, book.reader)->hunting);

  auto plan = model::Hunt{};
  plan.values = {ip(7), ip(8)};
  plan.said = {ip(9)};
  plan.sources = {{2}, {5}};
  REQUIRE(book->plan_hunt("watch/catalogue", 9, plan, book.clock.now()));
  auto const planned = *book->next_hunt({});
  REQUIRE(planned);
  CHECK_FALSE(planned->watch);
  CHECK(planned->values == plan.values);
  CHECK(planned->said == plan.said);
  CHECK(planned->sources == plan.sources);
  REQUIRE(book->finish_hunt(planned->id, {}, book.clock.now()));
  REQUIRE(book->record("watch/catalogue", 9, {}, book.clock.now()));
  REQUIRE(book->plan_hunt("watch/catalogue", 9, plan, book.clock.now()));  // it was looked at already
  CHECK_FALSE(book->next_hunt({})->has_value());

  auto const held = book->plan_hunt({}, 0, plan, book.clock.now());
  REQUIRE(held);
  CHECK_FALSE(book->next_hunt({*held})->has_value());
  auto of_watch = model::Hunt{.watch = id};
  of_watch.sources = {{5}};
  REQUIRE(book->plan_hunt({}, 0, of_watch, book.clock.now()));
  auto const next = *book->next_hunt({*held});
  REQUIRE(next);
  CHECK((next->watch == id && next->values == std::vector{ip(1)} && next->sources == of_watch.sources));
  of_watch.watch = model::WatchId{999};
  CHECK(*book->plan_hunt({}, 0, of_watch, book.clock.now()) == 0);
}

TEST_CASE("a webhook is due while answers wait, with the rights its owner has now") {
  auto book = Book{};
  auto watch = model::NewWatch{};
  watch.webhook = "https://hooks.example.com/x";
  auto const id = book.add({ip(1)}, book.reader, watch);
  CHECK(book->due_webhooks(book.clock.now())->empty());
  book.record(1, {seen(id, ip(1))});
  auto const due = book->due_webhooks(book.clock.now());
  REQUIRE(due);
  REQUIRE(due->size() == 1);
  CHECK(due->front().secret.size() == 32);
  CHECK(due->front().owner.name == "rea");
  REQUIRE(book->note_refused(id, "it slept", book.clock.now() + std::chrono::minutes{1}));
  CHECK(book->due_webhooks(book.clock.now())->empty());
  CHECK(book->watch(id, book.reader)->trouble == "it slept");
  book.clock.advance(std::chrono::minutes{1});
  REQUIRE(book->due_webhooks(book.clock.now())->size() == 1);
  CHECK(book->due_webhooks(book.clock.now())->front().watch.failures == 1);
  REQUIRE(book.stores.catalogue->disable_user("rea", book.admin));
  CHECK(book->due_webhooks(book.clock.now())->empty());
  REQUIRE(book->note_delivered(id, 1));
  CHECK(book->watch(id, book.admin)->failures == 0);
}

TEST_CASE("the node has a watch of its own about every new indicator") {
  auto book = Book{};
  auto const all = book->watches({}, book.reader);
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  CHECK(all->front().about == model::WatchAbout::indicators);
  CHECK_FALSE(all->front().owner);
  CHECK(book->remove(all->front().id, book.analyst).error().code == ErrorCode::denied);
  CHECK(book->remove(all->front().id, book.admin));
}

}  // namespace
}  // namespace noroshi
