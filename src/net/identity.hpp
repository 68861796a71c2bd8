// Identity: a key of one's own and a certificate that carries it. Nobody signs it but its owner; whoever talks to him
// knows his key's pin beforehand, so no authority has to be trusted.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/key_pin.hpp"

namespace noroshi::net {

struct Identity {
  std::string certificate;  // PEM; may be a chain
  std::string key;          // PEM, not encrypted
};

/// A new key (ECDSA on P-256) and a self-signed certificate for `name` without an end (99991231235959Z, RFC 5280
/// section 4.1.2.5): the pin ends when it is revoked, and a sensor's clock may be wrong when it makes this.
auto make_identity(std::string_view name) -> Result<Identity>;

/// The identity in the file at `path` (key and certificate, PEM, mode 0600), made there where it is missing.
auto load_or_make_identity(std::string const &path, std::string_view name) -> Result<Identity>;

/// From two PEM files, as certbot and others leave them. Errors name the file, and say where the key is not the
/// certificate's.
auto load_identity(std::string const &certificate_path, std::string const &key_path) -> Result<Identity>;

/// The pin of the certificate's key.
auto pin_of(Identity const &identity) -> Result<model::KeyPin>;

}  // namespace noroshi::net
