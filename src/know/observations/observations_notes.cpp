#include "know/observations/observations_notes.hpp"

#include <xxhash.h>

#include "know/observations/observations_names.hpp"
#include "model/batch.hpp"

namespace noroshi::know::observations {

namespace {

// Canonical forms cost microseconds, and visitors repeat themselves: 512 KB remember the texts seen last.
constexpr auto kMaxSeenTexts = std::size_t{65'536};

}  // namespace

void NoteTaker::take_names(model::Observation const &observation, OpenDay const &open,
                           std::unordered_set<std::uint64_t> &seen, std::vector<std::uint64_t> &keys) {
  for (auto const field : kNamingFields) {
    if (!observation.has(field)) continue;
    auto const text = observation.text(field);
    auto const mark =
        ::XXH3_64bits_withSeed(text.data(), text.size(), AddressHash::secret() + static_cast<unsigned>(field));
    if (seen.contains(mark)) continue;
    if (seen.size() >= kMaxSeenTexts) seen.clear();
    seen.insert(mark);
    for (auto const &name : names_in(field, text))
      if (auto const key = name_key(key_, name); !open.filter.may_contain(key)) keys.push_back(key);
  }
}

void NoteTaker::take(model::ReceivedBatch const &batch) {
  auto &open = state_.open.at(day_of(batch.received));
  auto &keys = notes_.keys[day_of(batch.received)];
  auto reader = model::FrameReader{batch.frames};
  auto observation = model::Observation{};
  auto *history = static_cast<History<std::string_view> *>(nullptr);
  auto source = model::IpAddress{};
  auto where = std::string_view{};
  auto visit = model::VisitId{};
  while (reader.next(observation) == model::FrameReader::Step::frame) {
    if (history == nullptr || source != observation.source.address) {
      source = observation.source.address;
      history = &notes_.histories[source];
      auto const *const found = batch.where == nullptr ? nullptr : batch.where->find(source);
      where = found == nullptr ? std::string_view{} : std::string_view{found->text};
      if (auto const key = source_key(key_, source); !open.filter.may_contain(key)) keys.push_back(key);
    }
    if (visit != observation.visit) {
      visit = observation.visit;
      if (auto const key = visit_key(key_, visit); !open.filter.may_contain(key)) keys.push_back(key);
    }
    history->note(observation, stamp_++, where);
    take_names(observation, open, open.seen_texts, keys);
    ++notes_.rows;
  }
}

void absorb(State &state, GroupNotes const &notes) {
  for (auto const &[address, history] : notes.histories) state.fresh[address].absorb(history);
  for (auto const &[day, keys] : notes.keys)
    for (auto const key : keys) state.open[day].filter.insert(key);
  state.fresh_rows += notes.rows;
  state.next_stamp += notes.rows;
}

}  // namespace noroshi::know::observations
