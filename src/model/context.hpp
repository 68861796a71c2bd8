// Context: what one source says about one indicator. Merging is associative and commutative.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/id.hpp"
#include "model/value.hpp"

namespace noroshi::model {

// Numbers are stored on disk: never reuse one.
enum class Role : std::uint8_t { unknown, scanner, c2, download, phishing, relay, victim, benign, reference };
enum class Direction : std::uint8_t { unknown, inbound, outbound, both };
/// claimed: text an attacker typed. observed: a completed handshake. verified: fetched and hashed, or independent
/// sources.
enum class Evidence : std::uint8_t { claimed = 1, observed, verified };
enum class CollectedBy : std::uint8_t { decoy = 1, access_log, report, sinkhole, feed, analyst };
/// Traffic Light Protocol 2.0 (FIRST).
enum class Tlp : std::uint8_t { clear, green, amber, amber_strict, red };
/// Permissible Actions Protocol (MISP taxonomy PAP).
enum class Pap : std::uint8_t { clear, green, amber, red };
/// exact answers for the value itself; subtree also, as a full hit, for every name below a domain.
enum class Scope : std::uint8_t { exact, subtree };

auto to_string(Role) -> std::string_view;
auto to_string(Direction) -> std::string_view;
auto to_string(Evidence) -> std::string_view;
auto to_string(CollectedBy) -> std::string_view;
auto to_string(Tlp) -> std::string_view;
auto to_string(Pap) -> std::string_view;
auto to_string(Scope) -> std::string_view;
auto parse_role(std::string_view) -> Result<Role>;
auto parse_direction(std::string_view) -> Result<Direction>;
auto parse_evidence(std::string_view) -> Result<Evidence>;
auto parse_collected_by(std::string_view) -> Result<CollectedBy>;
/// Also with the prefix and in the case of MISP tags ("TLP:AMBER+STRICT"); "white" is clear. The same for PAP.
auto parse_tlp(std::string_view) -> Result<Tlp>;
auto parse_pap(std::string_view) -> Result<Pap>;
auto parse_scope(std::string_view) -> Result<Scope>;

struct Context {
  // The key, together with the indicator: two contexts with one key merge.
  SourceId source;
  ReportId report;
  std::string attribute;  // the source's own name for the place it stood in ("ip-src", "decoy/telnet"); may be empty
  Role role = Role::unknown;
  Direction direction = Direction::unknown;
  Evidence evidence = Evidence::claimed;

  CollectedBy collected_by = CollectedBy::decoy;
  Scope scope = Scope::exact;
  Time first_seen{};
  Time last_seen{};
  std::uint64_t count = 1;
  std::uint8_t confidence = 50;  // 0…100, MISP and STIX scale
  Tlp tlp = Tlp::amber;
  Pap pap = Pap::amber;
  bool to_ids = false;            // fit for automatic detection or blocking
  std::vector<std::string> tags;  // sorted, unique
  std::optional<Time> expiry;
  std::uint64_t sequence = 0;  // the last write's position in its stream
};

/// Same key (the indicator's own equality is the caller's).
auto same_key(Context const &a, Context const &b) -> bool;

/// Merges `from` into `into`, which has the same key: first is the minimum, last the maximum, counts add up, the higher
/// confidence, the stricter marking and the wider scope win, tags unite, the later expiry wins (none beats any).
/// Associative and commutative; idempotent but for the count.
void merge(Context &into, Context const &from);

}  // namespace noroshi::model
