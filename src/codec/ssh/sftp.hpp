// SFTP version 3 as a server reads and writes it (draft-ietf-secsh-filexfer-02, with the extensions of OpenSSH's
// PROTOCOL section 4 as its 9.2 announces them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::ssh {

/// OpenSSH's limits: of a message without its length, and of the data of one read.
inline constexpr auto kMaxSftpMessage = std::size_t{256} << 10;
inline constexpr auto kMaxSftpRead = kMaxSftpMessage - 1'024;

enum class SftpType : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  fstat = 8,
  setstat = 9,
  fsetstat = 10,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  rmdir = 15,
  realpath = 16,
  stat = 17,
  rename = 18,
  readlink = 19,
  symlink = 20,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attributes = 105,
  extended = 200,
  extended_reply = 201,
};

enum class SftpStatus : std::uint32_t {
  done = 0,
  end_of_file = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  unsupported = 8,
};

/// Of SSH_FXP_OPEN.
inline constexpr auto kSftpRead = std::uint32_t{1};
inline constexpr auto kSftpWrite = std::uint32_t{2};
inline constexpr auto kSftpAppend = std::uint32_t{4};
inline constexpr auto kSftpCreate = std::uint32_t{8};
inline constexpr auto kSftpTruncate = std::uint32_t{16};
inline constexpr auto kSftpExclusive = std::uint32_t{32};

/// What is not said is absent. Times are seconds since 1970.
struct SftpAttributes {
  struct Owner {
    std::uint32_t user = 0, group = 0;
  };
  struct Times {
    std::uint32_t accessed = 0, modified = 0;
  };
  std::optional<std::uint64_t> size = {};
  std::optional<Owner> owner = {};
  std::optional<std::uint32_t> mode = {};  // with the file's type in S_IFMT's bits
  std::optional<Times> times = {};
};

/// What a type does not have is empty. Views point into the message.
struct SftpRequest {
  SftpType type{};
  std::uint32_t id = 0;        // the version, of init
  std::string_view extension;  // the name, of extended
  std::string_view path;       // or handle: the first string
  std::string_view other;      // the second: a name, a handle, data to write
  std::uint64_t offset = 0, length = 0, other_offset = 0;
  std::uint32_t flags = 0;
  SftpAttributes attributes;
};

/// The size of the message at the front with its length; nothing where more must come. too_large: more than
/// kMaxSftpMessage.
auto sftp_message_size(std::string_view bytes) -> Result<std::optional<std::size_t>>;
/// Reads a whole message, as sftp_message_size() measured it. What is behind its fields is left out, as OpenSSH does;
/// of an unknown type or extension only that is read. Malformed: it ends too early, or a name holds a NUL.
auto parse_sftp_request(std::string_view message) -> Result<SftpRequest>;

/// One name of an answer.
struct SftpName {
  std::string name, long_name;
  SftpAttributes attributes;
};

/// OpenSSH 9.2's version 3, with its extensions.
auto sftp_version() -> std::string;
/// With OpenSSH's sentence for it; or `text`.
auto sftp_status(std::uint32_t id, SftpStatus status, std::string_view text = {}) -> std::string;
auto sftp_handle(std::uint32_t id, std::string_view handle) -> std::string;
auto sftp_data(std::uint32_t id, std::string_view bytes) -> std::string;
auto sftp_names(std::uint32_t id, std::vector<SftpName> const &names) -> std::string;
auto sftp_attributes(std::uint32_t id, SftpAttributes const &attributes) -> std::string;
/// To an extended request: numbers of 64 bits, or texts.
auto sftp_numbers(std::uint32_t id, std::vector<std::uint64_t> const &numbers) -> std::string;
auto sftp_texts(std::uint32_t id, std::vector<std::string> const &texts) -> std::string;

/// "-rw-r--r--    1 root     root          512 Nov 22 20:52 name", as `ls -l` writes it in UTC. Files older than half a
/// year show theirs. `now`: seconds since 1970.
auto sftp_long_name(std::string_view name, SftpAttributes const &attributes, unsigned links, std::int64_t now)
    -> std::string;

}  // namespace noroshi::codec::ssh
