// The certificate that a persona shows: made once for this node from what its [tls] says, and kept.
#pragma once

#include <string>

#include "base/result.hpp"
#include "sense/persona.hpp"

namespace noroshi::sense {

/// Private key and certificate (and chain, where an operator put one there) as PEM. Reads FOLDER/PERSONA.pem, where the
/// folder is persona.kept_in(); makes and keeps it where it is not there, or was made for other words of the persona. A
/// file that was not made here is used as it is. Without a folder it lives as long as the process. Takes up to a second
/// (RSA key); not for an event loop. Errors name the persona's key or the file.
auto certificate_of(Persona const &persona) -> Result<std::string>;

}  // namespace noroshi::sense
