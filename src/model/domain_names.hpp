// Domain names by who may register them: the public suffix list (publicsuffix.org, as built into libpsl), its private
// section too, so that foo.github.io and bar.github.io have different owners.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/ip.hpp"

namespace noroshi::model {

/// Domains here are canonical (the text of a Value of type domain) or an ending of one. Thread-safe.

/// True for a name under which anyone may register: "com", "co.jp", "github.io". Only names on the list.
auto is_public_suffix(std::string_view domain) -> bool;

/// The part that somebody registered, an ending of `domain` ("a.b.example.co.jp" → "example.co.jp"); empty where the
/// whole is a public suffix. A top-level domain that is not on the list counts as a suffix.
auto registrable_domain(std::string_view domain) -> std::string_view;

/// The names above `domain`, nearest first, down to the registrable one: "a.b.example.com" → "b.example.com",
/// "example.com". Endings of `domain`; never a public suffix.
auto parents(std::string_view domain) -> std::vector<std::string_view>;

/// The address, where a canonical host (of a URL, without brackets) is one and not a domain. Names cost next to
/// nothing.
auto address_of_host(std::string_view host) -> std::optional<IpAddress>;

}  // namespace noroshi::model
