// The catalogue on SQLite: opening one. What it does stands in model/ports/catalogue.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/watch_book.hpp"

namespace noroshi::know {

enum class CatalogueMode : std::uint8_t {
  open_or_create,  // the node; brings an older schema up to date
  open_existing,   // the same, but a missing file is an error
  read_only,       // beside a running node, or on a backup; every write is refused
};

struct CatalogueOptions {
  std::string path;  // of the file; its folder must exist
  CatalogueMode mode = CatalogueMode::open_or_create;
  // Used once, when the file is made:
  std::string organisation = "home";     // the name of organisation 1
  std::string administrator = "admin";   // the name of the first user
  Clock const *clock = &system_clock();  // outlives the catalogue
};

/// A new file gets organisation 1, the first administrator, and sensor 1 "home", in one transaction. Errors say what,
/// where and what next: malformed (damaged, or another program's file), conflict (a newer schema), unavailable (cannot
/// be opened or written), not_found.
auto open_catalogue(CatalogueOptions options) -> Result<std::unique_ptr<model::Catalogue>>;

/// The same, with the watches that stand in the same file.
struct CatalogueAndWatches {
  std::unique_ptr<model::Catalogue> catalogue;
  std::unique_ptr<model::WatchBook> watches;
};
auto open_catalogue_and_watches(CatalogueOptions options) -> Result<CatalogueAndWatches>;

}  // namespace noroshi::know
