// Many indicators at once, past the indicator store's log: what feeds and lists of millions of lines come in by.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "model/context.hpp"
#include "model/value.hpp"

namespace noroshi::model {

/// The part of a context that differs from indicator to indicator of one list.
struct Seen {
  Time first{}, last{};
  std::uint64_t count = 1;
  std::optional<Time> expiry;
};

/// One load: context() and add() as often as wanted, then finish() once. Nothing is visible before finish(), and
/// nothing has happened where the load is destroyed without it. Not thread-safe; loads run beside each other.
class IndicatorLoad {
public:
  virtual ~IndicatorLoad() = default;

  /// What many indicators have in common, to be named in add(); its times, count and expiry are not looked at. The
  /// same context may be given again, at the price of a comparison.
  virtual auto context(Context const &context) -> std::uint32_t = 0;

  /// `canonical` is the text of a Value of `type`. What is said twice of one value merges as contexts do. Errors:
  /// unavailable (no space).
  virtual auto add(ValueType type, std::string_view canonical, std::uint32_t context, Seen const &seen)
      -> Result<void> = 0;

  /// Makes everything visible at once, and everything that the sources `replaced` said before invisible. Durable when
  /// it returns. The number of different indicators.
  virtual auto finish(std::span<SourceId const> replaced) -> Result<std::uint64_t> = 0;
};

}  // namespace noroshi::model
