#include "base/error.hpp"

#include <cerrno>
#include <cstring>

namespace noroshi {

auto to_string(ErrorCode code) -> std::string_view {
  switch (code) {
    case ErrorCode::malformed: return "malformed";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::denied: return "denied";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

namespace {
auto code_of(int error_number) -> ErrorCode {
  switch (error_number) {
    case ENOENT: return ErrorCode::not_found;
    case EACCES:
    case EPERM: return ErrorCode::denied;
    case EEXIST:
    case EADDRINUSE: return ErrorCode::conflict;
    case EFBIG:
    case E2BIG: return ErrorCode::too_large;
    case ETIMEDOUT: return ErrorCode::timed_out;
    case EINVAL: return ErrorCode::malformed;
    default: return ErrorCode::unavailable;
  }
}
}  // namespace

auto system_error(int error_number, std::string_view doing) -> Error {
  // The GNU strerror_r returns the text; it is thread-safe where strerror is not.
  char buffer[128];
  return Error{code_of(error_number), fmt::format("{}: {}", doing, ::strerror_r(error_number, buffer, sizeof buffer))};
}

auto at(std::string_view where, Error error) -> Error {
  error.sentence = fmt::format("{}: {}", where, error.sentence);
  return error;
}

}  // namespace noroshi
