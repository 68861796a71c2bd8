#include "base/result.hpp"

#include <cerrno>
#include <memory>
#include <string>

#include <doctest/doctest.h>

using namespace noroshi;

namespace {

auto half(int number) -> Result<int> {
  if (number % 2 != 0) return fail(ErrorCode::malformed, "{} is odd", number);
  return number / 2;
}
auto check_even(int number) -> Result<void> {
  TRY_VOID(half(number));
  return ok;
}
auto quarter(int number) -> Result<std::string> {
  TRY(auto const first, half(number));
  TRY(auto const second, half(first));
  return std::to_string(second);
}
auto owned() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); }
auto takes_owned() -> Result<int> {
  TRY(auto const pointer, owned());
  return *pointer;
}

}  // namespace

TEST_CASE("TRY passes the value on and the first failure up") {
  CHECK(*quarter(12) == "3");
  CHECK(quarter(7).error().sentence == "7 is odd");
  CHECK(quarter(6).error().sentence == "3 is odd");
  CHECK(quarter(6).error().code == ErrorCode::malformed);
  CHECK(quarter(6).value_or("none") == "none");
}

TEST_CASE("a result without value succeeds or carries an error") {
  CHECK(check_even(2).has_value());
  CHECK_FALSE(check_even(3).has_value());
}

TEST_CASE("a result carries what can only be moved") { CHECK(*takes_owned() == 5); }

TEST_CASE("a failed system call becomes the fitting code and a sentence") {
  auto const error = at("spool", system_error(ENOENT, "opening x"));
  CHECK(error.code == ErrorCode::not_found);
  CHECK(error.sentence == "spool: opening x: No such file or directory");
  CHECK(system_error(EACCES, "").code == ErrorCode::denied);
  CHECK(system_error(EADDRINUSE, "").code == ErrorCode::conflict);
  CHECK(system_error(ENOSPC, "").code == ErrorCode::unavailable);
}

TEST_CASE("every error code has the name that JSON and logs use") {
  CHECK(to_string(ErrorCode::too_large) == "too_large");
  CHECK(to_string(ErrorCode::timed_out) == "timed_out");
  CHECK(to_string(ErrorCode::internal) == "internal");
}
