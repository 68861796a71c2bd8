// Everything known about one thing, and why: written as one JSON object a thing (docs: the members of `noroshi show`).
#pragma once

#include <string>
#include <string_view>

#include "search/answer.hpp"
#include "search/verdict.hpp"

namespace noroshi::search {

/// Visits and observations named in a profile; the whole history is the session's own page.
inline constexpr auto kShownVisits = std::size_t{20};
inline constexpr auto kShownMentions = std::size_t{100};

/// {ip, known, verdict, reasons[], first_seen, …, hits[], visits[]}. `text` may be defanged; what is no address is
/// malformed. A viewer who may not see observations gets what the indicators say.
auto show_ip(std::string_view text, model::Viewer const &viewer, std::string_view language, Knowledge const &knowledge)
    -> Result<std::string>;

/// {url|domain|hash, known, verdict, reasons[], …, hits[], mentions[]}. `name` is that first member, and says which
/// types of value are accepted.
auto show_thing(std::string_view name, std::string_view text, model::Viewer const &viewer, std::string_view language,
                Knowledge const &knowledge) -> Result<std::string>;

/// {session, src, …, observations[]}; not_found where no such visit was recorded, or the viewer may not see it.
auto show_session(std::string_view id, model::Viewer const &viewer, Knowledge const &knowledge) -> Result<std::string>;

}  // namespace noroshi::search
