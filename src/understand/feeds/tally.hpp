// Counts by reason, each with its first examples: what an import says of the lines that it did not take.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace noroshi::understand {

struct TallyExample {
  std::string file;
  std::uint64_t line = 0;  // 0: the format has no lines
  std::string text;        // its beginning; any bytes
  std::string sentence;    // may be empty
};

struct TallyReason {
  std::uint64_t count = 0;
  std::vector<TallyExample> examples;
};

/// Bounded whatever comes: few reasons, few examples, short texts.
class Tally {
public:
  /// Where something was that is counted; only the first ones of a reason are kept.
  struct Place {
    std::string_view file;
    std::uint64_t line = 0;
    std::string_view text, sentence = {};
  };
  void add(std::string_view reason, Place const &place);
  void add(std::string_view reason, std::uint64_t count = 1);
  [[nodiscard]] auto reasons() const -> std::map<std::string, TallyReason, std::less<>> const & { return reasons_; }
  [[nodiscard]] auto count() const -> std::uint64_t;

private:
  auto of(std::string_view reason) -> TallyReason &;
  std::map<std::string, TallyReason, std::less<>> reasons_;
};

}  // namespace noroshi::understand
