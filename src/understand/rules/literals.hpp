// Many literals looked for in one text at once (Vectorscan; see docs/decisions/vectorscan.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

struct hs_database;
struct hs_scratch;

namespace noroshi::understand {

/// Compiled once, then read by any number of threads, each with its own Scratch.
class Literals {
public:
  struct Literal {
    std::string text;
    std::uint32_t number;  // what a hit is reported as; several literals may share one
  };
  enum class Letters : std::uint8_t { as_they_are, any_case };

  static auto create(std::vector<Literal> const &literals, Letters letters) -> Result<Literals>;

  /// What a scan works with; fits every set that was prepared() with it.
  class Scratch {
  public:
    Scratch() = default;

  private:
    friend class Literals;
    struct Free {
      void operator()(hs_scratch *scratch) const;
    };
    std::unique_ptr<hs_scratch, Free> scratch_;
  };
  auto prepare(Scratch &scratch) const -> Result<void>;

  /// Appends the number of each literal that stands in `text`, once a literal.
  void find(std::string_view text, Scratch &scratch, std::vector<std::uint32_t> &found) const;

private:
  struct Free {
    void operator()(hs_database *database) const;
  };
  std::unique_ptr<hs_database, Free> database_;  // none where there are no literals
};

}  // namespace noroshi::understand
