// The ClientHello of a visit, recorded before anything answers it.
#pragma once

#include "base/result.hpp"
#include "base/task.hpp"
#include "codec/tls_hello.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// Waits until the records of a whole ClientHello are there, and notes them with server name, JA3 and JA4; what is none
/// is noted as malformed. All bytes stay unread. Fails as the visit does when it ends.
auto note_client_hello(Visit &visit) -> Task<Result<void>>;
/// The same of bytes that came another way, which `through` names; empty: the visit's own.
void note_hello_bytes(Visit &visit, std::string_view bytes, codec::tls::HelloFrame frame, std::string_view through);

}  // namespace noroshi::sense
