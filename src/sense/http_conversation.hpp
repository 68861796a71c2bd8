// HTTP/1.1 as a persona's server speaks it, for every decoy behind which such a server stands.
#pragma once

#include "base/result.hpp"
#include "base/task.hpp"
#include "sense/http_pages.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// Reads every request as far as it makes sense, records it whole, and answers as the persona's server would, until the
/// visitor or that server closes. A client that speaks TLS to the plain door has its hello recorded and gets that
/// server's answer. `pages` outlives the visit. Fails as the visit does when it ends.
auto converse_http(Visit &visit, HttpPages const &pages, HttpDoor door) -> Task<Result<void>>;

}  // namespace noroshi::sense
