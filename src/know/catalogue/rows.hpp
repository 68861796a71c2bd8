// What several of the catalogue's files do inside one transaction.
#pragma once

#include <string_view>

#include "know/sqlite.hpp"
#include "model/ports/catalogue.hpp"

namespace noroshi::know::rows {

/// The act's audit row; it stands or falls with the transaction.
auto note(sqlite::Connection &connection, Time now, std::string_view actor, std::string_view action,
          std::string_view subject, std::string_view detail) -> Result<void>;

/// The user of that name; not_found where there is none. Upper and lower case are the same.
auto user(sqlite::Connection &connection, std::string_view name) -> Result<model::User>;
auto add_user(sqlite::Connection &connection, std::string_view name, model::UserRole role,
              model::OrganisationId organisation) -> Result<model::User>;

/// The source of that name, made for `organisation` where it does not exist.
auto ensure_source(sqlite::Connection &connection, std::string_view name, model::OrganisationId organisation)
    -> Result<model::Source>;
/// The sensor of that name, made with its source "sensor/NAME" where it does not exist.
auto ensure_sensor(sqlite::Connection &connection, std::string_view name) -> Result<model::Sensor>;

/// The sensor of that name; not_found where there is none.
auto sensor(sqlite::Connection &connection, std::string_view name) -> Result<model::Sensor>;

/// Refuses text that is empty, too long, or has control characters: `what` names it in the sentence.
auto check_text(std::string_view what, std::string_view text, std::size_t limit) -> Result<void>;
/// For names that people type: letters, digits and . _ - @, at most 64.
auto check_name(std::string_view what, std::string_view name) -> Result<void>;

/// denied, with a sentence that names the viewer and what it would take.
auto denied(model::Viewer const &viewer, std::string_view act, std::string_view needed) -> Error;

}  // namespace noroshi::know::rows
