// What detectors concluded from a group of batches: contexts to write, as values and as bytes of a log record.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::understand {

/// Contexts of one group, merged by indicator and key, so that a source with a thousand tries costs one write.
class Derived {
public:
  /// More distinct contexts than this in a group are not kept one by one: a flood of made-up URLs must not fill memory.
  static constexpr auto kLimit = std::size_t{200'000};
  /// And no more bytes of values than this: the whole is one record of the intake log.
  static constexpr auto kByteLimit = std::size_t{16} << 20;

  void add(model::Value indicator, model::Context context);
  [[nodiscard]] auto writes() && -> std::vector<model::IndicatorWrite>;
  [[nodiscard]] auto left_out() const -> std::uint64_t { return left_out_; }

private:
  std::map<std::string, model::IndicatorWrite, std::less<>> writes_;
  std::size_t bytes_ = 0;
  std::uint64_t left_out_ = 0;
};

auto encode(std::vector<model::IndicatorWrite> const &writes) -> std::string;
auto decode_derived(std::string_view bytes) -> Result<std::vector<model::IndicatorWrite>>;

}  // namespace noroshi::understand
