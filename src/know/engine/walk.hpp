// All indicators of a snapshot, each once with everything that its runs say, in the order of their hashes.
#pragma once

#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.hpp"
#include "know/engine/collect.hpp"
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

/// At one entry at a time. The snapshot outlives it.
class Walk {
public:
  /// At the first entry with a hash of at least `from`.
  explicit Walk(Snapshot const &snapshot, std::uint64_t from = 0);
  /// Behind the last entry, or where a run is damaged: then outcome() is the error.
  [[nodiscard]] auto outcome() const -> Result<void> { return failure_ ? Result<void>{*failure_} : ok; }
  [[nodiscard]] auto done() const -> bool { return least_ == nullptr; }
  [[nodiscard]] auto hash() const -> std::uint64_t { return least_->hash(); }
  [[nodiscard]] auto entry() const -> EntryView const & { return least_->entry(); }
  /// The entry's contexts; on to the next entry.
  auto take() -> Result<std::vector<model::Context>>;
  /// On to the next entry.
  auto skip() -> Result<void> { return pass(false); }

private:
  using Key = std::tuple<std::uint64_t, std::uint8_t, std::string_view>;
  static auto key_of(Run::Cursor const &cursor) -> Key {
    return {cursor.hash(), cursor.entry().type, cursor.entry().value};
  }
  auto pass(bool collect) -> Result<void>;
  void find_least();

  std::vector<Run::Cursor> cursors_;
  Run::Cursor *least_ = nullptr;  // of the cursors, one at the first entry
  Collector collector_;
  std::optional<Error> failure_;
};

}  // namespace noroshi::know::engine
