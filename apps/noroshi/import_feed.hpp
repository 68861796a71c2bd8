// Indicators on their way to the node: the files of a feed in parts, one load, and what came of it.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/interruption.hpp"

namespace noroshi::apps {

/// What the command line says of a feed; the members of POST /api/v1/loads.
struct FeedChoice {
  std::string format;  // empty: recognised
  boost::json::object order;
};

/// Loads all files under one source. The answer's object, with the files that were left out. Where an error comes back,
/// or a signal, nothing was stored. `interruption` is older than the client.
auto import_feed(Client &client, Interruption &interruption, std::vector<std::string> const &paths, FeedChoice choice)
    -> Result<boost::json::object>;

/// The answer for people.
auto feed_text(boost::json::object const &outcome) -> std::string;

enum class Looks : std::uint8_t { surely, may_be };
/// Where the path is a feed of indicators, surely so and no log, or by the looks of it: the format's name. Else empty.
auto looks_like_feed(std::string const &path, Looks how) -> std::string;

}  // namespace noroshi::apps
