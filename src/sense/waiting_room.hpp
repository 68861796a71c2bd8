// How many visitors of a machine may be there without having logged in: some servers turn the next away without a word.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "sense/persona.hpp"
#include "sense/visit_host.hpp"

namespace noroshi::sense {

/// Thread-safe. Outlives its places. It holds as much as there are visits.
class WaitingRoom {
public:
  /// One visitor's, given back with this object.
  class Place {
  public:
    Place(Place const &) = delete;
    auto operator=(Place const &) -> Place & = delete;
    ~Place();

  private:
    friend class WaitingRoom;
    Place(WaitingRoom &room, Encounter const &visit);
    WaitingRoom &room_;
    model::IpAddress machine_, source_;
  };

  /// `most` at each of our addresses, and `most_of_source` of one source there; 0: any number.
  WaitingRoom(std::size_t most, std::size_t most_of_source) : most_(most), most_of_source_(most_of_source) {}
  /// nullptr where there is no place.
  auto enter(Encounter const &visit) -> std::unique_ptr<Place>;

private:
  std::size_t most_, most_of_source_;
  std::mutex mutex_;
  std::map<model::IpAddress, std::size_t> machines_;
  std::map<std::pair<model::IpAddress, model::IpAddress>, std::size_t> sources_;
};

}  // namespace noroshi::sense
