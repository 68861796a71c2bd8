// Which lines are in the stores already: the ledger's slots that a log is just passing through, in memory.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/ports/import_ledger.hpp"
#include "understand/line_set.hpp"

namespace noroshi::understand {

/// For one thread at a time. What is added counts as known at once; flush() hands it out to be written.
class KnownLines {
public:
  explicit KnownLines(model::ImportLedger &ledger) : ledger_(ledger) {}

  /// True where the line was not known before, and now is. too_large: more lines of one sensor in ten minutes than are
  /// kept.
  auto add(model::SensorId sensor, Time time, std::string_view line) -> Result<bool>;
  /// The lines added since the last flush, by sensor and slot; `sequence` is left 0.
  auto flush() -> std::vector<model::LedgerPart>;
  /// Forgets everything in memory, after a failure: what was added may not have been written.
  void clear();

private:
  struct Slot {
    LineSet lines;
    std::vector<std::uint64_t> added;
    std::uint64_t used = 0;  // when, counted in uses
  };
  using Key = std::pair<std::int64_t, std::int64_t>;  // sensor, slot
  auto slot_of(model::SensorId sensor, Time time) -> Result<Slot *>;
  auto hash(std::string_view line) const -> std::uint64_t;
  void make_room();

  model::ImportLedger &ledger_;
  std::map<Key, Slot> slots_;
  Key last_{-1, 0};
  Slot *last_slot_ = nullptr;  // log lines come in order: nearly always the same slot again
  std::size_t held_ = 0;       // lines in all slots
  std::uint64_t uses_ = 0;
};

}  // namespace noroshi::understand
