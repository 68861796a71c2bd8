// The ClientHello of a visit, recorded before anything answers it.
#pragma once

#include "base/result.hpp"
#include "base/task.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// Waits until the records of a whole ClientHello are there, and notes them with server name, JA3 and JA4; what is none
/// is noted as malformed. All bytes stay unread. Fails as the visit does when it ends.
auto note_client_hello(Visit &visit) -> Task<Result<void>>;

}  // namespace noroshi::sense
