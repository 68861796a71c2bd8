// The one error idiom: a function that can fail returns Result<T>, and callers pass failures up with TRY or CO_TRY.
#pragma once

#include <concepts>
#include <expected>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace noroshi {

/// The value of a Result<void> that succeeded: `return ok;`
struct Ok {};
inline constexpr auto ok = Ok{};

/// Holds a T or an Error. Reading the value of a failed Result is a defect of the caller (undefined, as in
/// std::expected).
template <class T>
class [[nodiscard]] Result {
public:
  using value_type = T;

  template <class U = T>
    requires std::constructible_from<T, U> && (!std::same_as<std::remove_cvref_t<U>, Result>) &&
             (!std::same_as<std::remove_cvref_t<U>, Error>)
  Result(U &&value) : state_(std::in_place, std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::unexpect, std::move(error)) {}      // NOLINT(google-explicit-constructor)

  [[nodiscard]] auto has_value() const -> bool { return state_.has_value(); }
  explicit operator bool() const { return state_.has_value(); }

  auto operator*() & -> T & { return *state_; }
  auto operator*() const & -> T const & { return *state_; }
  auto operator*() && -> T && { return *std::move(state_); }
  auto operator->() -> T * { return &*state_; }
  auto operator->() const -> T const * { return &*state_; }

  auto error() & -> Error & { return state_.error(); }
  auto error() const & -> Error const & { return state_.error(); }
  auto error() && -> Error && { return std::move(state_).error(); }

  template <class U>
  auto value_or(U &&fallback) const & -> T {
    return state_.value_or(std::forward<U>(fallback));
  }

private:
  std::expected<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
  using value_type = void;

  Result(Ok) {}                                                     // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] auto has_value() const -> bool { return state_.has_value(); }
  explicit operator bool() const { return state_.has_value(); }
  auto error() & -> Error & { return state_.error(); }
  auto error() const & -> Error const & { return state_.error(); }
  auto error() && -> Error && { return std::move(state_).error(); }

private:
  std::expected<void, Error> state_;
};

}  // namespace noroshi

#define NOROSHI_CONCAT_(a, b) a##b
#define NOROSHI_CONCAT(a, b) NOROSHI_CONCAT_(a, b)
#define NOROSHI_TRY_(leave, name, declaration, ...) \
  auto name = (__VA_ARGS__);                        \
  if (!name) leave std::move(name).error();         \
  declaration = *std::move(name)
#define NOROSHI_TRY_VOID_(leave, ...) \
  if (auto try_outcome_ = (__VA_ARGS__); !try_outcome_) leave std::move(try_outcome_).error()

/// TRY(auto x, f());  declares x from the value, or returns f's error.
#define TRY(declaration, ...) NOROSHI_TRY_(return, NOROSHI_CONCAT(try_, __COUNTER__), declaration, __VA_ARGS__)
/// TRY_VOID(f());  returns f's error, if any.
#define TRY_VOID(...) NOROSHI_TRY_VOID_(return, __VA_ARGS__)
/// The same two inside a coroutine: CO_TRY(auto line, co_await visit.read_line(kMax));
#define CO_TRY(declaration, ...) NOROSHI_TRY_(co_return, NOROSHI_CONCAT(try_, __COUNTER__), declaration, __VA_ARGS__)
#define CO_TRY_VOID(...) NOROSHI_TRY_VOID_(co_return, __VA_ARGS__)
