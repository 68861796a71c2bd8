#include "model/ports/indicator_store.hpp"

#include "model/words.hpp"

namespace noroshi::model {

namespace {
constexpr auto kMatchKinds = std::array{
    Word{MatchKind::exact, "exact"},           Word{MatchKind::range, "range"},
    Word{MatchKind::parent, "parent"},         Word{MatchKind::url_no_query, "url_no_query"},
    Word{MatchKind::url_prefix, "url_prefix"},
};
}  // namespace

auto to_string(MatchKind match) -> std::string_view { return word_of(kMatchKinds, match); }
auto parse_match_kind(std::string_view text) -> Result<MatchKind> {
  return parse_word(kMatchKinds, text, "a kind of match");
}

}  // namespace noroshi::model
