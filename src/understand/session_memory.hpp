// What the beginning of a session told and its later lines leave out: ports, the destination, the service.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/observation.hpp"

namespace noroshi::understand {

/// A table of fixed size in which the newest session of a place wins: a session whose beginning was pushed out, or is
/// in another file, only loses its ports. For one thread at a time.
class SessionMemory {
public:
  /// Sessions open at the same time in a busy fleet's log fit several times; 8 MiB.
  static constexpr auto kSessions = std::size_t{1} << 16;

  void remember(model::Observation const &beginning);
  /// Fills in source, destination and service where `seen`, of a visit that is remembered, does not have them.
  void complete(model::Observation &seen) const;

private:
  struct Session {
    model::VisitId visit;
    model::Endpoint source, destination;
    model::Transport transport = model::Transport::tcp;
    std::uint8_t service_size = 0;
    std::array<char, 15> service{};
  };
  static auto place_of(model::VisitId visit) -> std::size_t { return visit.low() % kSessions; }

  std::vector<Session> sessions_;  // empty until the first is remembered
};

}  // namespace noroshi::understand
