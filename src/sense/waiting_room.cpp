#include "sense/waiting_room.hpp"

namespace noroshi::sense {
namespace {

auto is_full(auto const &counts, auto const &key, std::size_t most) -> bool {
  auto const found = counts.find(key);
  return most > 0 && found != counts.end() && found->second >= most;
}

void take_off(auto &counts, auto const &key) {
  auto const found = counts.find(key);
  if (--found->second == 0) counts.erase(found);
}

}  // namespace

WaitingRoom::Place::Place(WaitingRoom &room, Encounter const &visit)
    : room_(room), machine_(visit.destination.address), source_(visit.source.address) {}

WaitingRoom::Place::~Place() {
  auto const lock = std::scoped_lock{room_.mutex_};
  take_off(room_.machines_, machine_);
  take_off(room_.sources_, std::pair{machine_, source_});
}

auto WaitingRoom::enter(Encounter const &visit) -> std::unique_ptr<Place> {
  auto const machine = visit.destination.address;
  auto const source = std::pair{machine, visit.source.address};
  auto const lock = std::scoped_lock{mutex_};
  if (is_full(machines_, machine, most_) || is_full(sources_, source, most_of_source_)) return nullptr;
  ++machines_[machine];
  ++sources_[source];
  return std::unique_ptr<Place>{new Place{*this, visit}};
}

}  // namespace noroshi::sense
