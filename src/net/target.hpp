// The target of an HTTP request (RFC 9112 section 3.2): path and query, percent-decoded and back.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"

namespace noroshi::net {

/// Undoes %XX (RFC 3986 section 2.1). A '%' without two hexadecimal digits is malformed.
auto percent_decode(std::string_view text) -> Result<std::string>;

/// Keeps letters, digits and "-._~", writes everything else as %XX.
auto percent_encode(std::string_view text) -> std::string;

/// Fills path and query of `request` from an origin-form target ("/a%20b?x=1"). '+' in a query is a space (HTML forms).
auto parse_target(std::string_view target, HttpRequest &request) -> Result<void>;

/// The origin-form target of a request; the inverse of parse_target.
auto to_target(HttpRequest const &request) -> std::string;

}  // namespace noroshi::net
