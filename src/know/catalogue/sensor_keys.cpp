// How sensors come in and are put out: invitations, keys, revocation.
#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"
#include "model/ip.hpp"

namespace noroshi::know {

namespace {

constexpr auto kHome = std::string_view{"home"};
// What of a pin stands in the audit: enough to tell keys apart, short enough for a line.
constexpr auto kShownPin = std::size_t{16};

auto shown(model::KeyPin const &pin) -> std::string { return pin.to_string().substr(0, kShownPin); }

struct Invitation {
  std::int64_t id = 0;
  model::SensorId sensor;
  std::string name;
  Time expiry{};
  std::optional<Time> used;
};

auto find_invitation(sqlite::Connection &connection, model::KeyPin const &hash) -> Result<std::optional<Invitation>> {
  auto query = connection.query(
      "SELECT e.id, s.id, s.name, e.expiry, e.used FROM enrolments e JOIN sensors s ON s.id = e.sensor WHERE e.hash = "
      "?");
  TRY(auto const found, query.bind(sqlite::Blob{hash.view()}).step());
  if (!found) return std::optional<Invitation>{};
  return std::optional{Invitation{query.integer(0), model::SensorId{query.integer(1)}, std::string{query.text(2)},
                                  query.time(3), query.optional_time(4)}};
}

auto owner_of(sqlite::Connection &connection, model::KeyPin const &key) -> Result<std::optional<std::string>> {
  auto query = connection.query("SELECT name FROM sensors WHERE key_pin = ?");
  TRY(auto const found, query.bind(sqlite::Blob{key.view()}).step());
  return found ? std::optional{std::string{query.text(0)}} : std::nullopt;
}

/// Of "peer ADDRESS": the address, or of an IPv6 one its /64, because one line has as many addresses in it as it likes.
auto network_of(std::string_view from) -> std::string {
  auto const address = model::IpAddress::parse(from.substr(from.rfind(' ') + 1));
  if (!address || address->is_v4()) return std::string{from};
  return model::IpAddress{address->high(), 0}.to_string();
}

/// Why this invitation opens no door, or nothing.
auto refusal(std::optional<Invitation> const &invitation, std::optional<std::string> const &owner, Time now)
    -> std::optional<Error> {
  constexpr auto kNext = std::string_view{"ask for a new one (noroshi sensors enrol NAME)"};
  if (!invitation)
    return fail(ErrorCode::denied, "this enrolment code is not known here: it was replaced or is another node's; {}",
                kNext);
  if (invitation->used)
    return fail(ErrorCode::denied,
                "this enrolment code was used at {}; a code is good once; if that was not you, revoke the sensor {}, "
                "and {}",
                to_rfc3339(*invitation->used), invitation->name, kNext);
  if (invitation->expiry <= now)
    return fail(ErrorCode::denied, "this enrolment code expired at {}; {}", to_rfc3339(invitation->expiry), kNext);
  if (owner && *owner != invitation->name)
    return fail(ErrorCode::denied, "this machine's key is already that of the sensor {}; join with a fresh --data",
                *owner);
  return std::nullopt;
}

}  // namespace

auto SqliteCatalogue::invite_sensor(std::string_view name, model::KeyPin const &secret_hash, Time expiry,
                                    model::Viewer const &viewer) -> Result<model::Sensor> {
  if (!viewer.may_administer()) return rows::denied(viewer, "enrol a sensor", "an administrator");
  auto const now = clock_.now();
  if (expiry <= now) return fail(ErrorCode::malformed, "the code would have expired already; give a time to come");
  return change_sensors([&](sqlite::Connection &connection) -> Result<model::Sensor> {
    if (name == kHome) return fail(ErrorCode::conflict, "\"home\" is the node's own sensor; choose another name");
    TRY(auto const sensor, rows::ensure_sensor(connection, name));
    TRY_VOID(connection.run("UPDATE sensors SET state = ? WHERE id = ? AND key_pin IS NULL AND state <> ?",
                            model::SensorState::invited, sensor.id, model::SensorState::revoked));
    TRY_VOID(connection.run("DELETE FROM enrolments WHERE sensor = ? AND used IS NULL", sensor.id));
    TRY_VOID(connection.run("INSERT INTO enrolments(sensor, hash, created, expiry) VALUES(?, ?, ?, ?)", sensor.id,
                            sqlite::Blob{secret_hash.view()}, now, expiry));
    TRY_VOID(rows::note(connection, now, viewer.name, "sensor.enrol", sensor.name,
                        fmt::format("one-time code, until {}", to_rfc3339(expiry))));
    return rows::sensor(connection, name);
  });
}

auto SqliteCatalogue::join_sensor(model::KeyPin const &secret_hash, model::KeyPin const &key, std::string_view from)
    -> Result<model::Sensor> {
  auto const now = clock_.now();
  // Looked up before anything is written: guessing costs no more than that once the audit has its share of it.
  TRY(auto const known, database_->read([&](sqlite::Connection &connection) -> Result<std::optional<Invitation>> {
    return find_invitation(connection, secret_hash);
  }));
  if (!known && !guesses_.may_note(network_of(from), now)) return *refusal(std::nullopt, std::nullopt, now);
  auto refused = std::optional<Error>{};
  auto joined = change_sensors([&](sqlite::Connection &connection) -> Result<model::Sensor> {
    TRY(auto const invitation, find_invitation(connection, secret_hash));
    TRY(auto const owner, owner_of(connection, key));
    // Asked again after an answer that was lost on its way: the same key may use the same code twice.
    if (invitation && invitation->used && owner == invitation->name) return rows::sensor(connection, *owner);
    refused = refusal(invitation, owner, now);
    if (refused) {
      if (invitation && !stale_codes_.may_note(invitation->name, now)) return model::Sensor{};
      // The refusal is kept, so the transaction has to end well.
      TRY_VOID(rows::note(connection, now, from, "sensor.join.refused", invitation ? invitation->name : "",
                          refused->sentence));
      return model::Sensor{};
    }
    TRY_VOID(connection.run("UPDATE enrolments SET used = ? WHERE id = ?", now, invitation->id));
    TRY_VOID(connection.run("UPDATE sensors SET state = ?, key_pin = ?, joined = ? WHERE id = ?",
                            model::SensorState::joined, sqlite::Blob{key.view()}, now, invitation->sensor));
    TRY_VOID(rows::note(connection, now, from, "sensor.join", invitation->name, "key " + shown(key)));
    return rows::sensor(connection, invitation->name);
  });
  if (joined && refused) return *std::move(refused);
  return joined;
}

auto SqliteCatalogue::revoke_sensor(std::string_view name, model::Viewer const &viewer) -> Result<void> {
  if (!viewer.may_administer()) return rows::denied(viewer, "revoke a sensor", "an administrator");
  return change_sensors([&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const sensor, rows::sensor(connection, name));
    if (sensor.name == kHome)
      return fail(ErrorCode::conflict, "\"home\" is the node's own sensor and has no key; end it with the node");
    TRY_VOID(connection.run("UPDATE sensors SET state = ?, key_pin = NULL WHERE id = ?", model::SensorState::revoked,
                            sensor.id));
    TRY_VOID(connection.run("DELETE FROM enrolments WHERE sensor = ? AND used IS NULL", sensor.id));
    return rows::note(connection, clock_.now(), viewer.name, "sensor.revoke", sensor.name,
                      sensor.key ? "key " + shown(*sensor.key) : "it had no key");
  });
}

}  // namespace noroshi::know
