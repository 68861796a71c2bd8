// The OpenAPI 3.1 document: what every endpoint says of itself, and the schemas in packs/api/schemas.json.
#pragma once

#include <string>

#include "base/result.hpp"

namespace noroshi::serve {

/// The whole document as JSON. An error where the schemas that the product ships cannot be read.
auto openapi_document() -> Result<std::string>;

}  // namespace noroshi::serve
