// Random values of every type, with right checksums where a type has one, and the ways in which people write them.
#pragma once

#include <random>
#include <string>

#include "model/value.hpp"

namespace noroshi::test {

class ValueSamples {
public:
  explicit ValueSamples(std::uint64_t seed) : random_(seed) {}

  /// Text that canonical() takes as a value of `type`; seldom canonical itself.
  auto text(model::ValueType type) -> std::string;
  /// Of a host, URL or e-mail address: defanged in a random style.
  auto defanged(std::string const &text) -> std::string;
  /// With upper and lower case at random.
  auto any_case(std::string text) -> std::string;

  auto below(std::uint64_t limit) -> std::uint64_t { return random_() % limit; }

private:
  auto of(std::string_view alphabet, std::size_t length) -> std::string;
  auto digits(std::size_t length) -> std::string { return of("0123456789", length); }
  auto hex(std::size_t length) -> std::string { return of("0123456789abcdefABCDEF", length); }
  auto bytes(std::size_t length) -> std::string;
  auto host() -> std::string;
  auto onion() -> std::string;
  auto name() -> std::string;
  auto bitcoin() -> std::string;
  auto monero() -> std::string;
  auto registry_key() -> std::string;

  std::mt19937_64 random_;
};

}  // namespace noroshi::test
