// Values of configuration keys: their text as `--set` takes it, their meaning, and their form in TOML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"

namespace noroshi::config {

/// The value that `text` means, for the six types of a ConfigKey. Malformed text is an error; what was expected is said
/// by expected().
template <class T>
auto parse(std::string_view text) -> Result<T>;

template <class T>
constexpr auto type_of() -> ConfigKeyBase::Type {
  using enum ConfigKeyBase::Type;
  if constexpr (std::is_same_v<T, std::string>) return text;
  if constexpr (std::is_same_v<T, std::int64_t>) return number;
  if constexpr (std::is_same_v<T, bool>) return flag;
  if constexpr (std::is_same_v<T, Duration>) return duration;
  if constexpr (std::is_same_v<T, ByteSize>) return size;
  return list;
}

/// Whether `text` is a value of that type.
auto check(ConfigKeyBase::Type type, std::string_view text) -> bool;

/// For people: "a duration with unit, such as \"90s\" (us, ms, s, min, h, d)".
auto expected(ConfigKeyBase::Type type) -> std::string_view;

/// Entries separated by commas; a comma inside an entry is written \, and a backslash may be written \\.
auto join_list(std::vector<std::string> const &entries) -> std::string;

/// The right side of `key = …`; `text` must have passed check().
auto to_toml_value(ConfigKeyBase::Type type, std::string_view text) -> std::string;

}  // namespace noroshi::config
