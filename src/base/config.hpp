// Configuration: typed keys, declared where they are used, each with default, unit and one line of help.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace noroshi {

/// One key as the file, `--set` and `noroshi config show` know it. Keys announce themselves before main, like parts of
/// a Registry; a second key of the same name ends the program at start (a defect).
class ConfigKeyBase {
public:
  enum class Type : std::uint8_t { text, number, flag, duration, size, list };
  /// `default_text` in the form that the file uses: `"127.0.0.1"` → 127.0.0.1, `90s`, `64MiB`, `true`, `a,b`.
  ConfigKeyBase(std::string_view name, Type type, std::string default_text, std::string_view unit,
                std::string_view help);
  ConfigKeyBase(ConfigKeyBase const &) = delete;
  auto operator=(ConfigKeyBase const &) -> ConfigKeyBase & = delete;

  std::string_view name;  // "sense.max_sessions": table and key in noroshi.toml
  Type type;
  std::string default_text;
  std::string_view unit;  // "sessions", "" where there is none
  std::string_view help;

  /// All keys by name.
  static auto all() -> std::map<std::string_view, ConfigKeyBase const *> const &;
};

/// A key whose value is a T: std::string, std::int64_t, bool, Duration ("200ms", "90s", "10min", "36h", "30d"),
/// ByteSize ("64MiB") or std::vector<std::string>. Declared at namespace scope of the .cpp that uses it, or of a header
/// where two files do (inline const).
struct ByteSize {
  std::uint64_t bytes = 0;
};
template <class T>
class ConfigKey : public ConfigKeyBase {
public:
  ConfigKey(std::string_view name, std::string default_text, std::string_view unit, std::string_view help);
};
extern template class ConfigKey<std::string>;
extern template class ConfigKey<std::int64_t>;
extern template class ConfigKey<bool>;
extern template class ConfigKey<Duration>;
extern template class ConfigKey<ByteSize>;
extern template class ConfigKey<std::vector<std::string>>;

/// The effective configuration: defaults, then the file, then overrides. Immutable once loaded.
class Config {
public:
  /// Defaults only.
  Config() = default;

  /// Reads a TOML file (absent file: defaults only, unless `must_exist`), then `overrides` ("KEY=VALUE"). An unknown
  /// key is an error that names file, line and the nearest known key; a value of the wrong type says what is expected.
  static auto load(std::string const &path, bool must_exist, std::vector<std::string> const &overrides)
      -> Result<Config>;

  /// T{} values never fail: text is checked while loading.
  template <class T>
  [[nodiscard]] auto get(ConfigKey<T> const &key) const -> T;

  /// The effective text of a key, and where it comes from ("default", "file", "--set").
  [[nodiscard]] auto text(ConfigKeyBase const &key) const -> std::string;
  [[nodiscard]] auto origin(ConfigKeyBase const &key) const -> std::string_view;

  /// The whole effective configuration as TOML that load() reads back, each key with its help and unit as a comment.
  [[nodiscard]] auto to_toml() const -> std::string;

private:
  struct Setting {
    std::string text;
    std::string_view origin;
  };
  std::map<std::string, Setting, std::less<>> settings_;
};

}  // namespace noroshi
