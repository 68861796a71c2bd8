// Identifiers made of names: the same name gives the same id, everywhere (RFC 9562, section 5.5: version 5).
#pragma once

#include <string_view>

#include "model/id.hpp"

namespace noroshi::codec {

/// SHA-1 of the namespace's bytes and the name, cut to a UUID of version 5.
auto uuid_of_name(model::Uuid const &name_space, std::string_view name) -> model::Uuid;

}  // namespace noroshi::codec
