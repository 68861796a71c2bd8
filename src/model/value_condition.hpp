// Conditions on values that no hash can answer: inside a range, below a domain, with a text inside. Indicators that
// meet one are found by looking at all of them.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "model/ip.hpp"
#include "model/value.hpp"

namespace noroshi::model {

/// A value meets all conditions that are there.
struct ValueCondition {
  std::optional<IpPrefix> in;  // addresses inside, and blocks: itself and those inside
  std::string below;           // a canonical domain: itself, names below, URLs and e-mail addresses of such hosts
  std::string containing;      // somewhere in the canonical text; see folded_part() for case
  auto operator==(ValueCondition const &) const -> bool = default;
  [[nodiscard]] auto is_empty() const -> bool { return !in && below.empty() && containing.empty(); }
};

/// The part of a canonical text where upper and lower case are the same to its type, as [first, last): all of a domain,
/// an address, a hash, an id, a registry key, of a URL its scheme and host, of an e-mail address what follows the @, of
/// everything else nothing.
auto folded_part(ValueType type, std::string_view text) -> std::pair<std::size_t, std::size_t>;

/// Whether `needle` stands in `text`; ASCII letters match in either case where they fall into the folded part.
auto contains_text(ValueType type, std::string_view text, std::string_view needle) -> bool;

/// The host of a domain, a URL or an e-mail address; empty for other types.
auto host_of(ValueType type, std::string_view text) -> std::string_view;

/// Whether `host` is `domain` or a name below it.
auto is_at_or_below(std::string_view host, std::string_view domain) -> bool;

auto meets(ValueCondition const &condition, Value const &value) -> bool;

/// What people type: a block or an address, a domain (with or without a dot or "*." in front), any text of 1 to 256
/// bytes. Empty texts are no condition. malformed says which one is wrong.
auto parse_condition(std::string_view in, std::string_view below, std::string_view containing)
    -> Result<ValueCondition>;

}  // namespace noroshi::model
