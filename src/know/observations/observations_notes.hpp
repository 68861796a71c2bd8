// What a group of batches adds to the state in memory: histories of its sources, and keys for the open days' filters.
// Made beside the writing of the rows, taken over once they are committed.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "know/observations/observations_core.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::know::observations {

struct GroupNotes {
  Histories<std::string_view> histories;  // point into the batches
  std::map<Day, std::vector<std::uint64_t>> keys;
  std::uint64_t rows = 0;
};

/// Collects notes. `State::open` is read and its `seen_texts` written, so only the writer of the store may do this; the
/// batches' days must stand in it.
class NoteTaker {
public:
  NoteTaker(FilterKey const &key, State &state) : key_(key), state_(state), stamp_(state.next_stamp) {}
  void take(model::ReceivedBatch const &batch);
  auto finish() -> GroupNotes { return std::move(notes_); }

private:
  void take_names(model::Observation const &observation, OpenDay const &open, std::unordered_set<std::uint64_t> &seen,
                  std::vector<std::uint64_t> &keys);

  FilterKey const &key_;
  State &state_;
  std::uint64_t stamp_;
  GroupNotes notes_;
};

/// Takes committed notes over. Under the state lock.
void absorb(State &state, GroupNotes const &notes);

}  // namespace noroshi::know::observations
