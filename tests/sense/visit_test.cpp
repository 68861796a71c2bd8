#include "sense/visit.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "support/scripted_visit.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;
using model::Field;
using model::Kind;

/// A decoy for one test: the coroutine is a plain function.
class FunctionDecoy final : public Decoy {
public:
  using Converse = auto(Visit &) -> Task<Result<void>>;
  explicit FunctionDecoy(Converse *converse) : converse_(converse) {}
  auto converse(Visit &visit) const -> Task<Result<void>> override { return converse_(visit); }

private:
  Converse *converse_;
};

void note_text(Visit &visit, std::string_view text) {
  auto seen = model::Observation{};
  seen.kind = Kind::command;
  seen.set(Field::command, text);
  visit.note(seen);
}

auto commands(ScriptedVisit const &visit) -> std::vector<std::string> {
  auto all = std::vector<std::string>{};
  for (auto const &seen : visit.notes(Kind::command)) all.emplace_back(seen.text(Field::command));
  return all;
}

auto reason(ScriptedVisit const &visit) -> std::string { return std::string{visit.notes().back().text(Field::reason)}; }

auto lines(Visit &visit) -> Task<Result<void>> {
  while (true) {
    auto const line = co_await visit.read_until("\r\n", 10);
    if (!line && visit.ending() != Ending::none) co_return line.error();
    if (!line) {
      note_text(visit, "too long");
      CO_TRY(auto const bytes, co_await visit.read_some());
      note_text(visit, bytes);
      continue;
    }
    note_text(visit, *line);
    CO_TRY_VOID(co_await visit.reply("ok\n"));
  }
}

auto fours(Visit &visit) -> Task<Result<void>> {
  while (true) {
    CO_TRY(auto const bytes, co_await visit.read_exact(4));
    note_text(visit, bytes);
  }
}

auto peeks(Visit &visit) -> Task<Result<void>> {
  CO_TRY(auto const bytes, co_await visit.peek(8, std::chrono::seconds{3}));
  note_text(visit, bytes);
  CO_TRY(auto const same, co_await visit.read_some());
  note_text(visit, same);
  co_return ok;
}

auto pauses(Visit &visit) -> Task<Result<void>> {
  CO_TRY_VOID(co_await visit.pause(std::chrono::seconds{50}));
  CO_TRY_VOID(co_await visit.reply("late"));
  CO_TRY_VOID(co_await visit.read_some());
  co_return ok;
}

auto hands_over(Visit &visit) -> Task<Result<void>> {
  CO_TRY(auto const first, co_await visit.peek(1, std::chrono::seconds{3}));
  note_text(visit, first);
  visit.hand_over("other");
  co_return ok;
}

auto talks_much(Visit &visit) -> Task<Result<void>> {
  auto const text = std::string(1'000, 'x');
  while (true) CO_TRY_VOID(co_await visit.reply(text));
}

auto never_learns(Visit &visit) -> Task<Result<void>> {
  while (true) (void)co_await visit.read_some();
}

auto throws(Visit &visit) -> Task<Result<void>> {
  CO_TRY_VOID(co_await visit.read_some());
  throw std::runtime_error{"defect"};
}

auto notes_much(Visit &visit) -> Task<Result<void>> {
  for (auto i = 0; i < 1'000; ++i) note_text(visit, std::string(100, 'n'));
  co_return ok;
}

}  // namespace

TEST_CASE("lines come whole however the bytes are cut, and one that is too long stays unread") {
  auto const decoy = FunctionDecoy{lines};
  auto visit = ScriptedVisit{decoy, "test"};
  visit.start();
  for (auto const character : std::string_view{"one\r\ntwo\r\n"}) visit.send({&character, 1});
  visit.send("a\r\nb\r\n\r\n0123456789abc");
  visit.close();
  CHECK(commands(visit) ==
        std::vector<std::string>{"one\r\n", "two\r\n", "a\r\n", "b\r\n", "\r\n", "too long", "0123456789abc"});
  CHECK(visit.output() == "ok\nok\nok\nok\nok\n");
  CHECK(reason(visit) == "visitor");
}

TEST_CASE("exact reads keep what is over for the next one") {
  auto const decoy = FunctionDecoy{fours};
  auto visit = ScriptedVisit{decoy, "test"};
  visit.start();
  visit.send("123");
  visit.send("45678");
  visit.send("9");
  visit.reset();
  CHECK(commands(visit) == std::vector<std::string>{"1234", "5678"});
  CHECK(reason(visit) == "reset");
}

TEST_CASE("a peek takes nothing, and settles for less when its time is over or the visitor closes") {
  auto const decoy = FunctionDecoy{peeks};
  auto whole = ScriptedVisit{decoy, "test"};
  whole.start();
  whole.send("12345678abc");
  CHECK(commands(whole) == std::vector<std::string>{"12345678", "12345678abc"});
  auto late = ScriptedVisit{decoy, "test"};
  late.start();
  late.send("123");
  CHECK(commands(late).empty());
  late.pass(std::chrono::seconds{4});
  CHECK(commands(late) == std::vector<std::string>{"123", "123"});
  auto closed = ScriptedVisit{decoy, "test"};
  closed.start();
  closed.send("12");
  closed.close();
  CHECK(commands(closed) == std::vector<std::string>{"12", "12"});
}

TEST_CASE("a pause is no idleness of the visitor, but the whole time runs on") {
  auto const decoy = FunctionDecoy{pauses};
  auto limits = VisitLimits{};
  limits.idle = std::chrono::seconds{20};
  auto visit = ScriptedVisit{decoy, "test", limits};
  visit.start();
  visit.pass(std::chrono::seconds{49});
  CHECK(visit.output().empty());
  visit.pass(std::chrono::seconds{2});
  CHECK(visit.output() == "late");
  CHECK(!visit.ended());
  visit.pass(std::chrono::seconds{21});
  CHECK(reason(visit) == "idle");
  limits.total = std::chrono::seconds{30};
  auto shorter = ScriptedVisit{decoy, "test", limits};
  shorter.start();
  shorter.pass(std::chrono::seconds{31});
  CHECK(reason(shorter) == "deadline");
}

TEST_CASE("who takes over a visit gets the first bytes too") {
  auto const first = FunctionDecoy{hands_over};
  auto const second = FunctionDecoy{fours};
  auto visit = ScriptedVisit{first, "first"};
  visit.know("other", second);
  visit.start();
  visit.send("12345678");
  visit.close();
  CHECK(commands(visit) == std::vector<std::string>{"1", "1234", "5678"});
  CHECK(visit.notes(Kind::command)[0].service == "first");
  CHECK(visit.notes(Kind::command)[1].service == "other");
}

TEST_CASE("hand-overs in a circle end") {
  auto const decoy = FunctionDecoy{hands_over};
  auto visit = ScriptedVisit{decoy, "first"};
  visit.know("other", decoy);
  visit.start();
  visit.send("1");
  CHECK(visit.ended());
  CHECK(commands(visit).size() < 10);
}

TEST_CASE("a reply goes out whole through a slow connection, and none goes past the cap") {
  auto const decoy = FunctionDecoy{talks_much};
  auto limits = VisitLimits{};
  limits.bytes_out = 5'500;
  auto visit = ScriptedVisit{decoy, "test", limits};
  visit.write_at_most(7);
  visit.start();
  CHECK(visit.output().size() == 5'000);
  CHECK(reason(visit) == "bytes_out");
  CHECK(visit.notes().back().number(Field::bytes_out) == 5'000);
}

TEST_CASE("a decoy that goes on after its visit has ended, or throws, is stopped as a defect") {
  auto const deaf = FunctionDecoy{never_learns};
  auto visit = ScriptedVisit{deaf, "test"};
  visit.start();
  visit.close();
  CHECK(visit.ended());
  CHECK(reason(visit) == "visitor");
  auto const broken = FunctionDecoy{throws};
  auto other = ScriptedVisit{broken, "test"};
  other.start();
  other.send("x");
  CHECK(reason(other) == "defect");
}

TEST_CASE("notes past the cap are counted in a limit note of their own") {
  auto const decoy = FunctionDecoy{notes_much};
  auto limits = VisitLimits{};
  limits.noted_bytes = 10'000;
  auto visit = ScriptedVisit{decoy, "test", limits};
  visit.start();
  auto const kept = commands(visit).size();
  CHECK(kept > 20);
  CHECK(kept < 100);
  REQUIRE(visit.notes(Kind::limit).size() == 1);
  CHECK(visit.notes(Kind::limit)[0].extra == "{\"notes_lost\":" + std::to_string(1'000 - kept) + "}");
}
