// What an observation names: the domain, address, URL or hash that its texts stand for, in canonical form. Filters are
// made of these, and mentions() compares with them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "know/line_filter.hpp"
#include "model/id.hpp"
#include "model/ip.hpp"
#include "model/observation.hpp"
#include "model/value.hpp"

namespace noroshi::know::observations {

inline constexpr auto kNamingFields =
    std::array{model::Field::host, model::Field::sni, model::Field::url, model::Field::sha256};

/// The values that the raw text of one of kNamingFields names; none where it is no such thing. A URL names itself and
/// its host.
auto names_in(model::Field field, std::string_view raw) -> std::vector<model::Value>;

auto name_key(FilterKey const &key, model::Value const &value) -> std::uint64_t;
auto source_key(FilterKey const &key, model::IpAddress address) -> std::uint64_t;
auto visit_key(FilterKey const &key, model::VisitId visit) -> std::uint64_t;

/// A piece of lower-case text that every usual way of writing `value` contains; empty where there is none. Unusual ways
/// (escapes, other scripts) contain '%', '\\' or bytes past ASCII.
auto needle_of(model::Value const &value) -> std::string;

}  // namespace noroshi::know::observations
