// Bodies of requests: JSON objects read strictly, with limits, and errors that name the member.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.hpp"
#include "base/time.hpp"

namespace noroshi::serve {

/// The longest text that a member may have where nothing else is said: names, titles, labels.
inline constexpr auto kMaxMemberBytes = std::size_t{2048};

/// A JSON object as a body. Malformed: no JSON (says where), nested deeper than 32, not an object, or a member that is
/// not among `known` (a typing error would otherwise be ignored in silence).
auto parse_object(std::string_view body, std::initializer_list<std::string_view> known) -> Result<boost::json::value>;
/// The same check of members for an object inside.
auto check_members(boost::json::object const &object, std::initializer_list<std::string_view> known) -> Result<void>;

/// A text member; `required` decides whether absent and null are malformed or empty.
enum class Presence : std::uint8_t { required, optional };
auto text_member(boost::json::object const &object, std::string_view name, Presence presence,
                 std::size_t limit = kMaxMemberBytes) -> Result<std::string>;
auto number_member(boost::json::object const &object, std::string_view name, std::int64_t least, std::int64_t most,
                   std::int64_t otherwise) -> Result<std::int64_t>;
auto flag_member(boost::json::object const &object, std::string_view name, bool otherwise) -> Result<bool>;
auto time_member(boost::json::object const &object, std::string_view name) -> Result<std::optional<Time>>;
auto day_member(boost::json::object const &object, std::string_view name) -> Result<Day>;
/// A list that must be there and not empty.
auto list_member(boost::json::object const &object, std::string_view name) -> Result<boost::json::array const *>;

/// A decimal number without sign, as in a path, a query or a header; `name` is for the error.
auto parse_number(std::string_view name, std::string_view text) -> Result<std::uint64_t>;

}  // namespace noroshi::serve
