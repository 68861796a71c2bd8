// Indicators on their way to the node: the files of a feed in parts, one load, and what came of it.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "apps/noroshi/client.hpp"

namespace noroshi::apps {

/// What the command line says of a feed; the members of POST /api/v1/loads.
struct FeedChoice {
  std::string format;  // empty: recognised
  boost::json::object order;
};

/// Loads all files under one source. The answer's object. Where an error comes back, nothing was stored.
auto import_feed(Client &client, std::vector<std::string> const &paths, FeedChoice choice)
    -> Result<boost::json::object>;

/// The answer for people.
auto feed_text(boost::json::object const &outcome) -> std::string;

/// Where the path is plainly a feed of indicators and no log: the format's name. Else empty.
auto looks_like_feed(std::string const &path) -> std::string;

}  // namespace noroshi::apps
