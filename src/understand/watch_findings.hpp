// What was found for watches at one time: one by one up to a bound, then how many more of each watch.
#pragma once

#include <map>
#include <vector>

#include "model/ports/watch.hpp"

namespace noroshi::understand {

class Findings {
public:
  /// Of kMost: a hundred megabytes at the worst.
  void add(model::Finding finding);
  [[nodiscard]] auto is_full() const -> bool { return one_by_one_.size() >= kMost; }
  /// Those past the bound are one finding without a value for each watch and kind, with the strictest marking of them.
  auto take() && -> std::vector<model::Finding>;

  static constexpr auto kMost = std::size_t{100'000};

private:
  std::vector<model::Finding> one_by_one_;
  std::map<std::pair<model::WatchId, model::AnswerKind>, model::Finding> others_;
};

}  // namespace noroshi::understand
