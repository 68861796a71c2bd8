// Observation: one thing a sensor saw. The unit of the spool, the intake log and the observation store.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "model/id.hpp"
#include "model/ip.hpp"

namespace noroshi::model {

/// Numbers are stored on disk: never reuse one, add at the end.
enum class Kind : std::uint8_t {
  opened = 1,        // a visitor completed a connection
  closed = 2,        // it ended: bytes, duration, reason
  hello = 3,         // the visitor named itself or its protocol: recognised first bytes, client version, TLS hello
  login = 4,         // one attempt to log in
  command = 5,       // one line typed into a shell or command protocol
  request = 6,       // one HTTP request
  payload = 7,       // bytes nobody understood, or a posted body
  download = 8,      // the visitor told the decoy to fetch a URL (claimed: nothing was fetched)
  file = 9,          // a file was left behind: name, hash, size
  negotiation = 10,  // protocol options (telnet)
  malformed = 11,    // bytes that break the protocol spoken
  limit = 12,        // a cap was reached; what was not kept is counted here
  other = 13,        // what another program's log tells beyond these kinds (`extra` says it); proves no handshake
};
auto to_string(Kind kind) -> std::string_view;
auto parse_kind(std::string_view text) -> Result<Kind>;

enum class Transport : std::uint8_t { tcp = 6, udp = 17 };
auto to_string(Transport transport) -> std::string_view;
auto parse_transport(std::string_view text) -> Result<Transport>;

/// The typed, nullable columns. A column is earned by a filter; all else goes to `extra`. Numbers are stored on disk.
enum class Field : std::uint8_t {
  persona = 1,
  protocol,
  username,
  password,
  accepted,
  command,
  method,
  path,
  host,
  user_agent,
  status,
  url,
  sha256,
  sni,
  ja3,
  ja4,
  hassh,
  client_version,
  file_name,
  bytes_in,
  bytes_out,
  duration_ms,
  reason,
  payload,
};
inline constexpr auto kFieldCount = std::size_t{24};

enum class FieldType : std::uint8_t {
  text,    // attacker text: any bytes; stores keep it as UTF-8 with other bytes written \xNN
  bytes,   // kept as is
  number,  // signed 64-bit
  flag,    // 0 or 1
};

struct FieldInfo {
  Field field;
  std::string_view name;  // column name and JSON member
  FieldType type;
  bool secret;  // kept encrypted, short-lived, shown to analysts only
};

/// In the order of Field.
auto fields() -> std::array<FieldInfo, kFieldCount> const &;
inline auto info(Field field) -> FieldInfo const & { return fields()[static_cast<std::size_t>(field) - 1]; }

/// A view: all text points into bytes that somebody else owns (the decoy's buffers while noting, the batch while
/// reading).
struct Observation {
  Time time{};
  VisitId visit;
  std::uint32_t sequence = 0;  // within the visit, from 0
  Kind kind = Kind::opened;
  Transport transport = Transport::tcp;
  Endpoint source;           // the visitor
  Endpoint destination;      // what the visitor connected to (the original destination where a redirect was in between)
  std::string_view service;  // the decoy that held the conversation: "telnet", "http", "any"
  std::string_view extra;    // JSON object, or empty

  auto set(Field field, std::string_view text) -> Observation & {
    auto &slot = slots_[index(field)];
    slot = Slot{text.data(), static_cast<std::int64_t>(text.size())};
    present_ |= bit(field);
    return *this;
  }
  auto set(Field field, std::int64_t number) -> Observation & {
    slots_[index(field)] = Slot{nullptr, number};
    present_ |= bit(field);
    return *this;
  }
  [[nodiscard]] auto has(Field field) const -> bool { return (present_ & bit(field)) != 0; }
  /// The text of a text or bytes field; empty where absent.
  [[nodiscard]] auto text(Field field) const -> std::string_view {
    if (!has(field)) return {};
    auto const &slot = slots_[index(field)];
    return {slot.data, static_cast<std::size_t>(slot.number)};
  }
  /// The value of a number or flag field; 0 where absent.
  [[nodiscard]] auto number(Field field) const -> std::int64_t { return has(field) ? slots_[index(field)].number : 0; }
  /// One bit a field, the lowest for Field 1.
  [[nodiscard]] auto present() const -> std::uint32_t { return present_; }
  /// Makes every field absent; all else stays.
  void clear_fields() { present_ = 0; }

private:
  struct Slot {
    char const *data;
    std::int64_t number;  // the number, or the length of the text
  };
  static constexpr auto index(Field field) -> std::size_t { return static_cast<std::size_t>(field) - 1; }
  static constexpr auto bit(Field field) -> std::uint32_t { return 1U << index(field); }

  std::uint32_t present_ = 0;
  std::array<Slot, kFieldCount> slots_;  // a slot is read only where its bit is set
};

}  // namespace noroshi::model
