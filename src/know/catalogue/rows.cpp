#include "know/catalogue/rows.hpp"

#include <algorithm>

namespace noroshi::know::rows {

namespace {
/// As long as a log-in name of the systems around us may be (LDAP, GitHub: 39; Linux: 32), with room.
constexpr auto kMaxNameBytes = std::size_t{64};

auto is_name_character(char character) -> bool {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || std::string_view{"._-@"}.contains(character);
}
}  // namespace

auto check_text(std::string_view what, std::string_view text, std::size_t limit) -> Result<void> {
  if (text.empty()) return fail(ErrorCode::malformed, "the {} is empty; give one", what);
  if (text.size() > limit)
    return fail(ErrorCode::too_large, "the {} has {} bytes; at most {} are kept", what, text.size(), limit);
  auto const control = [](char character) { return static_cast<unsigned char>(character) < 0x20 || character == 0x7f; };
  if (std::ranges::any_of(text, control))
    return fail(ErrorCode::malformed, "the {} has a control character in it; write it in one line of plain text", what);
  return ok;
}

auto check_name(std::string_view what, std::string_view name) -> Result<void> {
  TRY_VOID(check_text(what, name, kMaxNameBytes));
  if (!std::ranges::all_of(name, is_name_character))
    return fail(ErrorCode::malformed, "the {} \"{}\" may have only letters, digits and . _ - @", what, name);
  return ok;
}

auto denied(model::Viewer const &viewer, std::string_view act, std::string_view needed) -> Error {
  return fail(ErrorCode::denied, "{} ({}) may not {}; it takes {}", viewer.name, to_string(viewer.role), act, needed);
}

}  // namespace noroshi::know::rows
