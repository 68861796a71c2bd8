// Where a source comes from, as the node's files said at the moment of its visit: country, network, and what lists say
// of its address. Every flag names its list and that list's date.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/ip.hpp"

namespace noroshi::model {

/// What an address or a name is listed as. Numbers are bits of a stored column: never reuse one, add at the end.
enum class FlagKind : std::uint8_t {
  proxy,        // an open proxy
  vpn,          // an exit of a VPN provider
  cloud,        // rented by the hour from a cloud provider
  cdn,          // a content delivery network
  tor,          // an exit of the Tor network
  hosting,      // a hosting provider
  relay,        // a relay of a privacy service (such as a private relay of a browser vendor)
  carrier_nat,  // many subscribers behind one address
  scanner,      // a known scanner of the internet (search engines, research)
  sinkhole,     // run by defenders in a taken-over botnet
  parking,      // where names lead that nobody uses
  dynamic_dns,  // names that anybody gets for nothing and gives back
};
inline constexpr auto kFlagKinds = std::size_t{12};
auto to_string(FlagKind kind) -> std::string_view;
auto parse_flag_kind(std::string_view text) -> Result<FlagKind>;
constexpr auto bit_of(FlagKind kind) -> std::uint32_t { return 1U << static_cast<unsigned>(kind); }

struct Flag {
  FlagKind kind = FlagKind::proxy;
  std::string source;  // the list's name
  std::string date;    // of the list, "2026-11-21"
  auto operator==(Flag const &) const -> bool = default;
};
/// An address on more lists than this says nothing new; bounds a row.
inline constexpr auto kMaxFlags = std::size_t{16};
/// Names of networks and lists are cut here.
inline constexpr auto kMaxWhereText = std::size_t{200};

struct WhereFrom {
  std::string country;      // ISO 3166-1 alpha-2, "JP"; empty where unknown
  std::uint32_t asn = 0;    // 0: unknown (RFC 7607 reserves it)
  std::string network;      // who runs that AS
  std::vector<Flag> flags;  // by kind, then source
  auto operator==(WhereFrom const &) const -> bool = default;

  [[nodiscard]] auto empty() const -> bool { return country.empty() && asn == 0 && network.empty() && flags.empty(); }
  [[nodiscard]] auto flag_bits() const -> std::uint32_t;
  [[nodiscard]] auto is(FlagKind kind) const -> bool { return (flag_bits() & bit_of(kind)) != 0; }
};

/// The one text form, in the intake log, in the observations' column src_where and in profiles: tab-separated country,
/// AS number, network, then kind, list and date of each flag. Empty where nothing is known; tabs and control characters
/// in names become spaces.
auto encode(WhereFrom const &where) -> std::string;
/// What encode() gave. Text of another form gives what could be read of it: it is only ever our own.
auto decode_where(std::string_view text) -> WhereFrom;

/// Where the sources of a group of observations come from.
class WhereTable {
public:
  struct Entry {
    WhereFrom where;
    std::string text;  // encode(where)
  };

  /// Each address once, in any order.
  static auto of(std::vector<std::pair<IpAddress, WhereFrom>> sources) -> WhereTable;

  /// nullptr where nothing was noted of that address.
  [[nodiscard]] auto find(IpAddress address) const -> Entry const *;
  [[nodiscard]] auto empty() const -> bool { return places_.empty(); }
  [[nodiscard]] auto size() const -> std::size_t { return places_.size(); }

  /// As bytes of a log record, and back; equal places are written once.
  void append_to(std::string &bytes) const;
  static auto parse(std::string_view bytes) -> Result<WhereTable>;

private:
  std::vector<std::pair<IpAddress, std::uint32_t>> places_;  // by address; the second is an index of entries_
  std::vector<Entry> entries_;                               // distinct
};

}  // namespace noroshi::model
