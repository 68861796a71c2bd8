#include "codec/csv.hpp"

namespace noroshi::codec::csv {

namespace {

/// The field behind an opening quote. `rest` goes behind its closing quote.
auto quoted(std::string_view &rest, std::string &scratch) -> Result<std::string_view> {
  auto const whole = rest;
  auto const copied_from = scratch.size();
  auto doubled = false;
  while (true) {
    auto const quote = rest.find('"');
    if (quote == std::string_view::npos)
      return fail(ErrorCode::malformed, "a quoted field goes on past the end of the line");
    auto const is_doubled = rest.substr(quote + 1).starts_with('"');
    if (doubled || is_doubled) scratch.append(rest.substr(0, quote + static_cast<std::size_t>(is_doubled)));
    doubled = doubled || is_doubled;
    rest.remove_prefix(quote + (is_doubled ? 2 : 1));
    if (is_doubled) continue;
    if (!doubled) return whole.substr(0, quote);
    return std::string_view{scratch}.substr(copied_from);
  }
}

}  // namespace

auto split(std::string_view line, std::vector<std::string_view> &fields, std::string &scratch) -> Result<void> {
  fields.clear();
  scratch.clear();
  scratch.reserve(line.size());  // so that views into it stay good
  while (true) {
    if (fields.size() == kMaxFields) return fail(ErrorCode::too_large, "more than {} fields", kMaxFields);
    if (line.starts_with('"')) {
      line.remove_prefix(1);
      TRY(auto const field, quoted(line, scratch));
      fields.push_back(field);
      if (!line.empty() && line.front() != ',')
        return fail(ErrorCode::malformed, "text stands behind the closing quote of field {}", fields.size());
    } else {
      auto const field = line.substr(0, line.find(','));
      fields.push_back(field);
      line.remove_prefix(field.size());
    }
    if (line.empty()) return ok;
    line.remove_prefix(1);
  }
}

}  // namespace noroshi::codec::csv
