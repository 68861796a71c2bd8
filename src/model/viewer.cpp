#include "model/viewer.hpp"

#include "model/words.hpp"

namespace noroshi::model {

namespace {
constexpr auto kUserRoles = std::array{
    Word{UserRole::admin, "admin"},   Word{UserRole::analyst, "analyst"}, Word{UserRole::reader, "reader"},
    Word{UserRole::member, "member"}, Word{UserRole::sensor, "sensor"},
};
}  // namespace

auto to_string(UserRole role) -> std::string_view { return word_of(kUserRoles, role); }
auto parse_user_role(std::string_view text) -> Result<UserRole> {
  return parse_word(kUserRoles, text, "a user's role");
}

auto Viewer::may_see(Tlp marking) const -> bool {
  switch (role) {
    case UserRole::admin:
    case UserRole::analyst: return true;
    case UserRole::reader: return marking < Tlp::red;
    // Another organisation of the community: GREEN is for it, AMBER stays with the organisation and its clients
    // (TLP 2.0).
    case UserRole::member: return marking <= Tlp::green;
    case UserRole::sensor: return false;
  }
  return false;
}

auto node_viewer() -> Viewer {
  return Viewer{.user = UserId{0}, .name = "node", .role = UserRole::admin, .organisation = OrganisationId{1}};
}

}  // namespace noroshi::model
