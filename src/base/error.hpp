// What went wrong, in one word for programs and one sentence for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace noroshi {

enum class ErrorCode : std::uint8_t {
  malformed,    // the input is not what its format says
  too_large,    // the input is past a named limit
  timed_out,    // a deadline passed
  not_found,    // the thing named does not exist
  unavailable,  // a resource does not answer now; trying again may help
  denied,       // the viewer may not do this
  conflict,     // the state does not allow it (already there, in use, older)
  internal,     // a defect of ours
};

/// The code as it appears in JSON and logs, e.g. "not_found".
auto to_string(ErrorCode code) -> std::string_view;

/// `sentence` says what happened, where, and what to do next.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string sentence;
};

/// Builds an Error with a formatted sentence: `return fail(ErrorCode::malformed, "line {}: …", n);`
template <class... Args>
auto fail(ErrorCode code, fmt::format_string<Args...> sentence, Args &&...args) -> Error {
  return Error{code, fmt::format(sentence, std::forward<Args>(args)...)};
}

/// `doing: what the system said` for a failed system call, with the code that fits `error_number` (errno).
auto system_error(int error_number, std::string_view doing) -> Error;

/// The same error with `where` put before its sentence ("where: sentence").
auto at(std::string_view where, Error error) -> Error;

}  // namespace noroshi
