// The values that a request's body asks about.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec {

/// {"values": […]}, or one value a line. Holds their text once and, of each, where it stands: 16 bytes.
class AskedValues {
public:
  AskedValues() = default;
  AskedValues(AskedValues const &) = delete;
  auto operator=(AskedValues const &) -> AskedValues & = delete;

  /// More is a scan, which reads the store's files instead.
  static constexpr auto kMax = std::size_t{1'000'000};

  /// malformed: no value, no JSON (says where), an entry that is no text, an unknown member. too_large: more than kMax.
  static auto parse(std::string body) -> Result<std::unique_ptr<AskedValues>>;
  [[nodiscard]] auto all() const -> std::span<std::string_view const> { return values_; }

private:
  auto parse_json() -> Result<void>;
  auto parse_lines() -> Result<void>;
  auto add(std::string_view value) -> Result<void>;

  // Values point into the one or the other.
  std::string body_;              // lines
  std::shared_ptr<void> parser_;  // JSON
  std::vector<std::string_view> values_;
};

}  // namespace noroshi::codec
