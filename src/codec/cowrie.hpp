// Cowrie's JSON log in words of our own: which event is which kind of observation, and which member is which column.
// One table for both directions: the reader and whoever writes such a log follow it. Source: Cowrie's docs/OUTPUT.rst
// and logs of 2018, of 2026 before April, and of 3.0.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "model/observation.hpp"

namespace noroshi::codec::cowrie {

struct MemberRule {
  std::string_view member;  // of the event's JSON object; empty: none
  model::Field field{};
};

/// What `dst_ip` and `dst_port` of an event name.
enum class Destination : std::uint8_t {
  honeypot,   // what the visitor connected to
  elsewhere,  // where the visitor wanted to be passed on to: they stay in `extra`, and dst_ip is Field::host
};

struct EventRule {
  std::string_view event;  // "cowrie.login.failed"
  model::Kind kind = model::Kind::other;
  std::array<MemberRule, 3> members{};
  std::optional<bool> accepted;  // Field::accepted
  std::string_view method;       // Field::method, where the event means one
  Destination destination = Destination::honeypot;
};

/// By event name, ascending.
auto rules() -> std::span<EventRule const>;

/// nullptr for an event that is not among them: it is kept as Kind::other, every member in `extra`.
auto rule_for(std::string_view event) -> EventRule const *;

/// Members that all events have or that only repeat others; they are columns already or left out, never in `extra`.
/// (`eventid` itself is always in `extra`.)
auto is_common(std::string_view member) -> bool;

/// A session's end tells its length as `duration_ms` (3.0), or as `duration`, a number or text of seconds (before).
inline constexpr auto kDurationMs = std::string_view{"duration_ms"};
inline constexpr auto kDurationSeconds = std::string_view{"duration"};

}  // namespace noroshi::codec::cowrie
