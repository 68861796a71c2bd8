// Viewer: on whose behalf something is read or done. Every read port takes one, without a default.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/context.hpp"
#include "model/id.hpp"

namespace noroshi::model {

/// admin: everything, users and keys. analyst: reads all, secrets too, and writes reports. reader: reads what is not
/// RED and no secrets. member: a member of the alliance, reads what is marked for the community. sensor: hands in
/// batches only.
enum class UserRole : std::uint8_t { admin = 1, analyst, reader, member, sensor };
auto to_string(UserRole role) -> std::string_view;
auto parse_user_role(std::string_view text) -> Result<UserRole>;

struct Viewer {
  UserId user;
  std::string name;  // for the audit
  UserRole role = UserRole::sensor;
  OrganisationId organisation;

  [[nodiscard]] auto may_read() const -> bool { return role != UserRole::sensor; }
  [[nodiscard]] auto may_see(Tlp marking) const -> bool;
  /// Observations, sensors, status: of the home organisation only.
  [[nodiscard]] auto may_see_observations() const -> bool { return may_read() && role != UserRole::member; }
  [[nodiscard]] auto may_see_secrets() const -> bool { return role == UserRole::admin || role == UserRole::analyst; }
  [[nodiscard]] auto may_write_reports() const -> bool { return role == UserRole::admin || role == UserRole::analyst; }
  [[nodiscard]] auto may_administer() const -> bool { return role == UserRole::admin; }
  [[nodiscard]] auto may_hand_in_batches() const -> bool { return role == UserRole::sensor || role == UserRole::admin; }
};

/// The node itself: start-up, the applier, maintenance. Never handed to a request.
auto node_viewer() -> Viewer;

}  // namespace noroshi::model
