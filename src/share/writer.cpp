#include "share/writer.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace noroshi::share {

void Writer::begin(std::string_view, std::string &) const {}
auto Writer::write(OutObservation const &, std::string &) const -> bool { return false; }
auto Writer::write(OutIndicator const &, std::string &) const -> bool { return false; }
void Writer::end(std::string &) const {}

auto find_field(model::StoredObservation const &seen, model::Field field)
    -> model::StoredObservation::FieldValue const * {
  auto const found = std::ranges::find(seen.fields, field, &model::StoredObservation::FieldValue::field);
  return found == seen.fields.end() ? nullptr : &*found;
}

auto field_text(model::StoredObservation const &seen, model::Field field) -> std::string {
  auto const *const found = find_field(seen, field);
  if (found == nullptr) return {};
  auto const &info = model::info(field);
  switch (info.type) {
    case model::FieldType::number: return std::to_string(found->number);
    case model::FieldType::flag: return found->number != 0 ? "true" : "false";
    case model::FieldType::bytes: return lossless_utf8(found->text);
    // Texts lie in the stores in their lossless form; secrets are sealed as they came.
    case model::FieldType::text: return info.secret || !is_utf8(found->text) ? lossless_utf8(found->text) : found->text;
  }
  return {};
}

}  // namespace noroshi::share
