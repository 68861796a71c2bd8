// The parameters by which observations are asked for: since, before, kind, service, source.
#pragma once

#include "model/ports/observation_store.hpp"
#include "net/http.hpp"
#include "serve/description.hpp"

namespace noroshi::serve {

/// Those parameters and `cursor`, described.
auto observation_parameters() -> std::vector<Parameter>;
inline constexpr auto kFlag = std::string_view{R"({"type":"boolean"})"};

/// malformed names the parameter.
auto observation_query(net::HttpRequest const &request) -> Result<model::ObservationQuery>;

/// `limit`: 1 to `most`, `usual` where it is not given.
auto limit_of(net::HttpRequest const &request, std::size_t usual, std::size_t most) -> Result<std::size_t>;

/// "true" or "false"; false where it is not given.
auto flag_parameter(net::HttpRequest const &request, std::string_view name) -> Result<bool>;

}  // namespace noroshi::serve
