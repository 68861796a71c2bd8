// What is asked of a load of a feed, and what came of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/context.hpp"
#include "model/value.hpp"
#include "understand/feeds/tally.hpp"

namespace noroshi::understand {

enum class OlderEntries : std::uint8_t { stay, replaced };

/// What the one who loads a feed says of all of it. What is set goes before what the feed says, but for markings: the
/// stricter one holds; and tags, which add up.
struct FeedOrder {
  std::string format;   // a name of the registry
  std::string source;   // the feed's name; its entries are replaced under it
  std::string columns;  // of CSV
  std::optional<model::ValueType> type;
  std::optional<model::Role> role;
  std::optional<std::uint8_t> confidence;
  std::optional<model::Tlp> tlp;
  std::optional<bool> to_ids;
  std::optional<model::Scope> scope;
  std::vector<std::string> tags;
  std::optional<Duration> expires;  // behind the last time seen; the feed's own expiry goes first
  OlderEntries older = OlderEntries::stay;
  bool even_if_smaller = false;  // replaces also what had more than twice as many values
};

/// Facts that one feed may tell apart, each a few hundred bytes. Maltrail has 250,000. Of those past it only role,
/// direction, confidence, marking and to_ids are kept, of which there are few.
inline constexpr auto kMaxFeedFacts = std::size_t{500'000};

/// Each line is a comment, refused, left out, or has values (in a hosts file several).
struct FeedOutcome {
  std::string format, source;
  std::uint64_t files = 0, bytes = 0;
  std::uint64_t lines = 0;                          // of formats that have lines
  std::uint64_t comments = 0;                       // blank lines and headers too
  std::uint64_t values = 0;                         // taken
  std::uint64_t indicators = 0;                     // different ones; known at the end
  std::uint64_t reports = 0;                        // origins that the feed named
  std::map<model::ValueType, std::uint64_t> types;  // of the values
  Tally refused;                                    // wrong
  Tally left_out;                                   // not wrong, but no indicators
  Tally changed;                                    // taken, but not as it stood there
};

}  // namespace noroshi::understand
