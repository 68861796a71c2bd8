#include "understand/session_memory.hpp"

#include <algorithm>

namespace noroshi::understand {

void SessionMemory::remember(model::Observation const &beginning) {
  if (sessions_.empty()) sessions_.resize(kSessions);
  auto &session = sessions_[place_of(beginning.visit)];
  session.visit = beginning.visit;
  session.source = beginning.source;
  session.destination = beginning.destination;
  session.transport = beginning.transport;
  auto const service = beginning.service.substr(0, session.service.size());
  std::ranges::copy(service, session.service.begin());
  session.service_size = static_cast<std::uint8_t>(service.size());
}

void SessionMemory::complete(model::Observation &seen) const {
  if (sessions_.empty()) return;
  auto const &session = sessions_[place_of(seen.visit)];
  if (session.visit != seen.visit) return;
  if (seen.source.address == model::IpAddress{}) seen.source.address = session.source.address;
  if (seen.source.port == 0 && seen.source.address == session.source.address) seen.source.port = session.source.port;
  if (seen.destination.port == 0) seen.destination = session.destination;
  if (seen.service.empty()) seen.service = {session.service.data(), session.service_size};
  seen.transport = session.transport;
}

}  // namespace noroshi::understand
