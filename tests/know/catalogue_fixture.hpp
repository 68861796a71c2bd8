// A catalogue in a folder of its own, with a clock to turn and a viewer of every role.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>

#include "know/catalogue.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi::test {

struct CatalogueFixture {
  TemporaryFolder folder;
  ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}}};
  std::string path = folder / "catalogue.sqlite";
  std::unique_ptr<model::Catalogue> catalogue = open(know::CatalogueMode::open_or_create);

  auto open(know::CatalogueMode mode) -> std::unique_ptr<model::Catalogue> {
    auto opened = know::open_catalogue({.path = path, .mode = mode, .organisation = "Example CSIRT", .clock = &clock});
    if (!opened) FAIL(opened.error().sentence);
    return *std::move(opened);
  }
  void reopen() {
    catalogue.reset();
    catalogue = open(know::CatalogueMode::open_or_create);
  }
  auto admin() -> model::Viewer {
    auto viewer = catalogue->local_administrator();
    REQUIRE(viewer);
    return *viewer;
  }
};

inline auto viewer_of(model::UserRole role) -> model::Viewer {
  return {model::UserId{77}, std::string{to_string(role)}, role, model::OrganisationId{1}};
}

inline constexpr auto kRoles = std::array{model::UserRole::admin, model::UserRole::analyst, model::UserRole::reader,
                                          model::UserRole::member, model::UserRole::sensor};

}  // namespace noroshi::test
