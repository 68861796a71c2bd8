// What SQLite's codes mean to a person: what happened, where, what next.
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>

#include "know/sqlite.hpp"

namespace noroshi::know::sqlite {

namespace {

auto not_writable(std::string_view title, std::string_view reason) -> Error {
  return fail(
      ErrorCode::unavailable,
      "{} cannot be written ({}), so nothing was changed; check that its disk is mounted writable and that this "
      "user owns the file and its folder",
      title, reason);
}

auto damaged(std::string_view title, std::string_view reason, std::string_view path) -> Error {
  return fail(
      ErrorCode::malformed,
      "{} is damaged ({}); nothing was changed. Stop the node, keep a copy of the file, and put a backup in its "
      "place, or rescue what is readable: sqlite3 '{}' .recover | sqlite3 rescued.sqlite",
      title, reason, path);
}

auto full(std::string_view title) -> Error {
  return fail(
      ErrorCode::unavailable,
      "{}: its disk is full, so the change was not made; what was stored is kept. Free some space, then try again",
      title);
}

auto disk_refused(std::string_view title, std::string_view reason, int code) -> Error {
  return fail(
      ErrorCode::unavailable,
      "{}: the disk refused ({}, SQLite code {}), so the change was not made; what was stored is kept. Check the "
      "disk and the limit on file size, then try again",
      title, reason, code);
}

}  // namespace

auto folder_is_writable(std::string const &path) -> bool {
  auto const folder = std::filesystem::path{path}.parent_path();
  return ::access(folder.empty() ? "." : folder.c_str(), W_OK) == 0;
}

auto Connection::failure(int code) const -> Error {
  auto const said = std::string{handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code)};
  auto const number = handle_ != nullptr ? sqlite3_system_errno(handle_) : 0;
  auto const system = number == 0 ? said : system_error(number, said).sentence;
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return damaged(title(), said, path_);
    case SQLITE_FULL: return full(title());
    case SQLITE_READONLY: return not_writable(title(), said);
    case SQLITE_IOERR: return disk_refused(title(), system, code);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      // What could not be opened is a file that SQLite wants beside ours; the reason is the folder.
      if (std::filesystem::exists(path_) && !folder_is_writable(path_))
        return not_writable(title(), "its folder is read-only");
      return fail(ErrorCode::unavailable,
                  "{} cannot be opened ({}); check that its folder exists and that this user may write there", title(),
                  system);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(ErrorCode::unavailable, "{} is held by another process for more than {} s; end it, then try again",
                  title(), kBusyTimeoutMs / 1000);
    case SQLITE_TOOBIG:
      return fail(ErrorCode::too_large, "{}: a value is larger than SQLite keeps; hand in less at once", title());
    case SQLITE_CONSTRAINT: return fail(ErrorCode::conflict, "{}: {}", title(), said);
    default: return fail(ErrorCode::internal, "{}: {} (SQLite code {})", title(), said, code);
  }
}

}  // namespace noroshi::know::sqlite
