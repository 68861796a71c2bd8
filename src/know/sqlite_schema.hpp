// Schema migrations as data: numbered scripts, each run once, each in a transaction of its own.
#pragma once

#include <cstdint>
#include <span>

#include "know/sqlite.hpp"

namespace noroshi::know::sqlite {

struct Migration {
  std::int64_t number = 0;  // from 1, without gaps; the file's user_version after it
  char const *script = "";
};

struct Schema {
  std::int64_t application = 0;  // the file's application_id, so that another program's file is not mistaken for ours
  std::span<Migration const> migrations;
};

/// Brings the file to the last migration. A file of another program, or of a newer Noroshi, is an error and stays
/// untouched; a migration that fails leaves the file at the one before.
auto migrate(Connection &connection, Schema const &schema) -> Result<void>;

/// The same check without changing anything: an older file is an error too. For connections that only read.
auto check_schema(Connection &connection, Schema const &schema) -> Result<void>;

}  // namespace noroshi::know::sqlite
