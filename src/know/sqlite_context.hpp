// A Context as columns: one form for the catalogue's reports and the indicator store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "know/sqlite.hpp"
#include "model/context.hpp"

namespace noroshi::know::sqlite {

/// The columns in the order that bind_context and read_context use, each with `prefix` ("c.") before it.
auto context_columns(std::string_view prefix = "") -> std::string;
/// As many marks as there are columns: "?, ?, …".
auto context_marks() -> std::string;
inline constexpr auto kContextColumns = 18;

/// Binds all columns behind what is bound so far.
void bind_context(Query &query, model::Context const &context);

/// The context that stands in the current row from `column` on.
auto read_context(Query const &query, int column) -> model::Context;

}  // namespace noroshi::know::sqlite
