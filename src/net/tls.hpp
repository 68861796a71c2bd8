// TLS contexts for Asio. Included only by the .cpp files of net that speak TLS.
#pragma once

#include <optional>

#include <boost/asio/ssl/context.hpp>

#include "net/http.hpp"
#include "net/identity.hpp"

namespace noroshi::net {

/// For a server. Where clients must show a certificate: TLS 1.3 only, any key of a good kind is let in, and requests
/// carry its pin (whom it belongs to is the handler's to know); a certificate past its own end is refused. Otherwise
/// TLS 1.2 or later.
auto server_context(HttpTls const &tls) -> Result<boost::asio::ssl::context>;

/// For a client that shows `own` and goes on only with the key of `node`. TLS 1.3. The node's certificate's dates are
/// not looked at: the pin is what counts, and a sensor's clock may be wrong.
auto client_context(Identity const &own, model::KeyPin const &node) -> Result<boost::asio::ssl::context>;

/// The pin of the key that the other end showed; nothing where it showed none.
auto shown_pin(SSL const *connection) -> std::optional<model::KeyPin>;

}  // namespace noroshi::net
