// The days of a sensor are parts of one context (model/receipt_part.hpp): read one after the other, they become one.
#pragma once

#include <functional>
#include <vector>

#include "model/context.hpp"
#include "model/receipt_part.hpp"

namespace noroshi::know {

/// Merges `context` into the entry of known[first…] that it is a part of: then true. Else false, and it stands for the
/// whole from now on. Rows must come by source, so that one's parts stand together; `context_of` is a member pointer.
template <class Entry, class ContextOf>
auto joins(model::Context &context, std::vector<Entry> &known, std::size_t first, ContextOf context_of) -> bool {
  if (model::is_receipt_part(context.report)) context.report = model::ReportId{0};
  if (context.report.number != 0) return false;
  for (auto i = known.size(); i > first; --i) {
    auto &other = std::invoke(context_of, known[i - 1]);
    if (other.source != context.source) return false;
    if (!model::same_key(other, context)) continue;
    model::merge(other, context);
    return true;
  }
  return false;
}

}  // namespace noroshi::know
