// tests/search/assessment.toml, case by case: what a hit is worth, why, and in which words.
#include <doctest/doctest.h>

#include <toml++/toml.h>

#include "base/file.hpp"
#include "search/fixture.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace noroshi;

namespace {

auto texts_of(toml::table const &table, std::string_view name) -> std::vector<std::string> {
  auto texts = std::vector<std::string>{};
  if (auto const *const list = table[name].as_array())
    for (auto const &one : *list) texts.push_back(one.value<std::string>().value());
  return texts;
}
auto text_of(toml::table const &table, std::string_view name, std::string_view otherwise = "") -> std::string {
  return table[name].value_or(std::string{otherwise});
}

/// "name@DAYS", "name!evidence" or "name".
struct Companion {
  std::string name;
  std::int64_t gap;
  model::Evidence evidence = model::Evidence::observed;

  Companion(std::string_view text, std::int64_t gap_of_case) : name(text.substr(0, text.find_first_of("@!"))) {
    auto const at = text.find('@');
    gap = at == std::string_view::npos ? gap_of_case : std::stoll(std::string{text.substr(at + 1)});
    if (auto const mark = text.find('!'); mark != std::string_view::npos)
      evidence = *model::parse_evidence(text.substr(mark + 1));
  }
};

/// The table's lists as files, and a node for each case.
class Court {
public:
  Court() : table_(toml::parse_file(NOROSHI_SOURCE_DIR "/tests/search/assessment.toml")) {
    auto lists = std::string{"where.lists="};
    for (auto const &[kind, entries] : *table_["lists"].as_table()) {
      auto text = fmt::format("# name: List of {}\n# date: 2026-11-20\n", kind.str());
      for (auto const &entry : *entries.as_array()) text += entry.value<std::string>().value() + "\n";
      auto const path = folder_ / (std::string{kind.str()} + ".txt");
      REQUIRE(write_file_durably(path, text));
      lists += fmt::format("{}={},", kind.str(), path);
    }
    lists.pop_back();
    auto const config = Config::load(folder_ / "none.toml", false, {lists, "never.values=" + value("kept_site")});
    REQUIRE(config);
    where_ = *understand::Where::create({}, *config);
    never_ = *understand::NeverList::create({}, *config);
  }

  [[nodiscard]] auto cases() const -> std::vector<toml::table> {
    auto all = std::vector<toml::table>{};
    for (auto const &one : *table_["case"].as_array()) all.push_back(*one.as_table());
    return all;
  }
  [[nodiscard]] auto value(std::string_view name) const -> std::string {
    auto const text = table_["values"][name].value<std::string>();
    REQUIRE_MESSAGE(text.has_value(), "[values] has no ", name);
    return *text;
  }

  /// The first hit of the value that the case asks.
  [[nodiscard]] auto judged(toml::table const &given) const -> search::AssessedHit {
    auto node = test::Node{};
    node.knowledge.where = where_.get();
    node.knowledge.never = never_.get();
    auto const gap = given["gap"].value<std::int64_t>().value();
    auto const others = text_of(given, "others");
    auto const asked = value(text_of(given, "asks"));
    auto const reports = add_reports(node);
    auto const roles = texts_of(given, "roles");
    for (auto number = std::int64_t{0}; number < given["sources"].value_or(std::int64_t{1}); ++number)
      add(node, known_as(asked, text_of(given, "match")), fmt::format("source {}", number),
          number == 0 ? (others == "no report" ? 0 : reports[0]) : reports[static_cast<std::size_t>(number)],
          *model::parse_evidence(text_of(given, "evidence", "observed")), gap,
          roles.empty() ? model::Role::unknown : *model::parse_role(roles[static_cast<std::size_t>(number)]));
    auto question = std::vector<std::string>{asked};
    for (auto const &name : texts_of(given, "with")) {
      auto const companion = Companion{name, gap};
      question.push_back(value(companion.name));
      add(node, question.back(), "source 0",
          others.empty()          ? reports[0]
          : others == "no report" ? 0
                                  : reports[1],
          companion.evidence, companion.gap);
    }
    auto const asks = std::vector<std::string_view>{question.begin(), question.end()};
    auto answers = search::search(asks, test::viewer(model::UserRole::analyst), node.knowledge);
    REQUIRE(answers);
    REQUIRE_MESSAGE(answers->front().known(), text_of(given, "name"));
    return std::move(answers->front().hits.front());
  }

private:
  static auto add_reports(test::Node &node) -> std::vector<std::int64_t> {
    auto ids = std::vector<std::int64_t>{};
    for (auto number = 0; number < 3; ++number)
      ids.push_back(
          node.catalogue
              .add_report("source 0", fmt::format("Campaign {}", number), {}, test::viewer(model::UserRole::admin))
              ->id.number);
    return ids;
  }

  /// What the store has where it does not have the value itself.
  [[nodiscard]] auto known_as(std::string const &asked, std::string_view match) const -> std::string {
    if (match == "range") return value("plain_range");
    return match == "parent" ? value("site") : asked;
  }

  static void add(test::Node &node, std::string const &text, std::string const &source, std::int64_t report,
                  model::Evidence evidence, std::int64_t gap, model::Role role = model::Role::unknown) {
    auto context = node.context(source, evidence, static_cast<int>(gap));
    context.report = {report};
    context.collected_by = model::CollectedBy::report;
    context.role = role;
    node.indicators.add(*model::parse_value(text), context);
  }

  toml::table table_;
  test::TemporaryFolder folder_;
  std::unique_ptr<understand::Where> where_;
  std::unique_ptr<understand::NeverList> never_;
};

/// What every sentence of a code has to say, so that who acts on it can check it.
auto facts_of(std::string_view code, search::AssessedHit const &hit) -> std::vector<std::string> {
  auto facts = std::vector<std::string>{};
  auto const &shared = hit.assessment.shared;
  if (code.starts_with("shared_") || code == "corroborated_shared")
    facts = {fmt::format("List of {}", shared.empty() ? "?" : shared.front()), "2026-11-20"};
  if (code.starts_with("corroborated")) facts.emplace_back("Campaign 0");
  if (code == "reported_once" || code == "verified") facts.emplace_back("source 0");
  if (code == "contradicted") facts = {"source 0", "source 1"};
  if (code == "never_listed") facts.emplace_back("everybody-uses.com");
  if (code == "old") facts.push_back(fmt::format("{} days ago", hit.assessment.time_gap_days));
  return facts;
}

}  // namespace

TEST_CASE("every hit of the table is worth what the table says, for that reason and in those words") {
  auto const court = Court{};
  auto const cases = court.cases();
  CHECK(cases.size() >= 40);
  for (auto const &given : cases) {
    INFO(text_of(given, "name"));
    auto const hit = court.judged(given);
    auto const &assessment = hit.assessment;
    auto const code = text_of(given, "code");
    CHECK(to_string(assessment.strength) == text_of(given, "strength"));
    CHECK(assessment.reason.code == code);
    CHECK(assessment.shared == texts_of(given, "shared"));
    CHECK(assessment.time_gap_days == given["gap"].value<std::int64_t>());
    auto by = std::vector<std::string>{};
    if (code.starts_with("corroborated"))
      for (auto const &name : texts_of(given, given.contains("counts") ? "counts" : "with"))
        by.push_back(court.value(Companion{name, 0}.name));
    CHECK(assessment.corroborated_by == by);
    auto const english = test::texts().text("en", assessment.reason);
    for (auto const &fact : texts_of(given, "says")) CHECK_MESSAGE(english.contains(fact), fact << " in: " << english);
    for (auto const *language : {"en", "ja"}) {
      auto const sentence = test::texts().text(language, assessment.reason);
      CHECK_MESSAGE(!sentence.contains('{'), sentence);
      for (auto const &fact : by) CHECK_MESSAGE(sentence.contains(fact), fact << " in: " << sentence);
      for (auto const &fact : facts_of(code, hit))
        CHECK_MESSAGE((sentence.contains(fact) || code == "old"), fact << " in: " << sentence);
    }
  }
}

TEST_CASE("what many share is strong in no case by itself, and every kind of sharing is asked at every gap") {
  auto const court = Court{};
  auto asked = std::set<std::string>{};
  for (auto const &given : court.cases()) {
    auto const shared = texts_of(given, "shared");
    auto const is_alone = texts_of(given, "with").empty();
    if (!shared.empty() && is_alone) CHECK_MESSAGE(text_of(given, "strength") != "strong", text_of(given, "name"));
    if (!shared.empty() && !given.contains("evidence"))
      asked.insert(fmt::format("{} {} {}", shared.front(), given["gap"].value_or(0), is_alone ? 1 : 2));
  }
  for (auto kind = std::size_t{0}; kind < model::kFlagKinds; ++kind) {
    auto const word = to_string(static_cast<model::FlagKind>(kind));
    if (word == "scanner") continue;  // one party
    for (auto const gap : {1, 365, 1095})
      for (auto const kinds : {1, 2}) CHECK_MESSAGE(asked.contains(fmt::format("{} {} {}", word, gap, kinds)), word);
  }
}
