#include "model/ports/watch_book.hpp"

#include <array>

#include "model/words.hpp"

namespace noroshi::model {

namespace {

constexpr auto kAbout = std::array{Word{WatchAbout::values, "values"}, Word{WatchAbout::indicators, "indicators"}};
constexpr auto kKinds = std::array{Word{AnswerKind::seen, "seen"}, Word{AnswerKind::known, "known"},
                                   Word{AnswerKind::past, "past"}, Word{AnswerKind::more, "more"}};

auto may_see_question(Viewer const &viewer, std::optional<UserId> owner, OrganisationId organisation, Tlp marking)
    -> bool {
  if (!viewer.may_see_observations()) return false;
  return (owner && *owner == viewer.user) || (organisation == viewer.organisation && viewer.may_see(marking));
}

}  // namespace

auto to_string(WatchAbout about) -> std::string_view { return word_of(kAbout, about); }
auto to_string(AnswerKind kind) -> std::string_view { return word_of(kKinds, kind); }

auto may_see(Viewer const &viewer, Watch const &watch) -> bool {
  return may_see_question(viewer, watch.owner, watch.organisation, watch.tlp);
}

auto may_see(Viewer const &viewer, WatchAnswer const &answer) -> bool {
  return may_see_question(viewer, answer.owner, answer.organisation, answer.watch_tlp) &&
         viewer.may_see(answer.finding.tlp);
}

}  // namespace noroshi::model
