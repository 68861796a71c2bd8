// Answers: JSON, and problem details for everything that went wrong (RFC 9457).
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/http.hpp"

namespace noroshi::serve {

auto status_of(ErrorCode code) -> unsigned;

/// {type, title, status, detail, code}. The sentence of an internal error goes to the log, not to the caller.
auto problem(Error const &error) -> net::HttpResponse;
auto problem(unsigned status, std::string_view code, std::string_view detail) -> net::HttpResponse;

/// What a caller is told of an error; that of an internal one goes to the log instead.
auto sentence_for_caller(Error const &error) -> std::string;

auto json_reply(std::string body, unsigned status = 200) -> net::HttpResponse;

}  // namespace noroshi::serve
