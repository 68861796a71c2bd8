// Sensors as the catalogue knows them, for benchmarks that stand in for many.
#pragma once

#include <string>
#include <vector>

#include "bench/traffic.hpp"
#include "know/catalogue.hpp"
#include "know/sqlite.hpp"
#include "model/ports/catalogue.hpp"
#include "net/identity.hpp"

namespace noroshi::bench {

/// Writes the sensors into the catalogue as joined, in one transaction: codes are not what is measured.
inline void enrol(std::string const &catalogue, std::vector<net::Identity> const &identities) {
  auto const connection = must(know::sqlite::Connection::open("catalogue", catalogue, know::sqlite::Access::write));
  must(connection->transact("BEGIN IMMEDIATE", [&](know::sqlite::Connection &within) -> Result<void> {
    for (auto i = std::size_t{0}; i < identities.size(); ++i) {
      TRY(auto const pin, net::pin_of(identities[i]));
      TRY_VOID(within.run("INSERT INTO sources(name, organisation) VALUES(?, 1)", fmt::format("sensor/fleet{}", i)));
      TRY_VOID(within.run("INSERT INTO sensors(name, source, state, key_pin) VALUES(?, ?, ?, ?)",
                          fmt::format("fleet{}", i), within.last_row_id(), model::SensorState::joined,
                          know::sqlite::Blob{pin.view()}));
    }
    return ok;
  }));
}

/// Observations of these sensors that every store has.
inline auto stored_by(std::string const &catalogue) -> std::uint64_t {
  auto const opened = must(know::open_catalogue({.path = catalogue, .mode = know::CatalogueMode::read_only}));
  auto stored = std::uint64_t{0};
  for (auto const &sensor : must(opened->sensors(model::node_viewer())))
    if (sensor.name.starts_with("fleet")) stored += sensor.observations;
  return stored;
}

}  // namespace noroshi::bench
