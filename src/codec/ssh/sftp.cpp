#include "codec/ssh/sftp.hpp"

#include <array>
#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kHasSize = std::uint32_t{1};
constexpr auto kHasOwner = std::uint32_t{2};
constexpr auto kHasMode = std::uint32_t{4};
constexpr auto kHasTimes = std::uint32_t{8};
constexpr auto kHasExtended = std::uint32_t{0x8000'0000};

/// PROTOCOL section 4, in the order in which sftp-server writes them.
constexpr auto kExtensions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"posix-rename@openssh.com", "1"},
    {"statvfs@openssh.com", "2"},
    {"fstatvfs@openssh.com", "2"},
    {"hardlink@openssh.com", "1"},
    {"fsync@openssh.com", "1"},
    {"lsetstat@openssh.com", "1"},
    {"limits@openssh.com", "1"},
    {"expand-path@openssh.com", "1"},
    {"copy-data", "1"},
    {"home-directory", "1"},
    {"users-groups-by-id@openssh.com", "1"},
});

auto read_attributes(ByteReader &from) -> SftpAttributes {
  auto attributes = SftpAttributes{};
  auto const flags = from.big<std::uint32_t>();
  if ((flags & kHasSize) != 0) attributes.size = from.big<std::uint64_t>();
  if ((flags & kHasOwner) != 0) {
    auto const user = from.big<std::uint32_t>();
    attributes.owner = SftpAttributes::Owner{user, from.big<std::uint32_t>()};
  }
  if ((flags & kHasMode) != 0) attributes.mode = from.big<std::uint32_t>();
  if ((flags & kHasTimes) != 0) {
    auto const accessed = from.big<std::uint32_t>();
    attributes.times = SftpAttributes::Times{accessed, from.big<std::uint32_t>()};
  }
  if ((flags & kHasExtended) != 0)
    for (auto left = from.big<std::uint32_t>(); left > 0 && !from.failed(); --left) {
      (void)read_string(from);
      (void)read_string(from);
    }
  return attributes;
}

void append_attributes(std::string &to, SftpAttributes const &attributes) {
  append_be(to, (attributes.size ? kHasSize : 0) | (attributes.owner ? kHasOwner : 0) |
                    (attributes.mode ? kHasMode : 0) | (attributes.times ? kHasTimes : 0));
  if (attributes.size) append_be(to, *attributes.size);
  if (attributes.owner) append_be(to, attributes.owner->user), append_be(to, attributes.owner->group);
  if (attributes.mode) append_be(to, *attributes.mode);
  if (attributes.times) append_be(to, attributes.times->accessed), append_be(to, attributes.times->modified);
}

auto begin(SftpType type, std::uint32_t id) -> std::string {
  auto message = std::string(5, '\0');
  message[4] = static_cast<char>(type);
  append_be(message, id);
  return message;
}

/// With its length in front.
auto finished(std::string message) -> std::string {
  auto length = std::string{};
  append_be(length, static_cast<std::uint32_t>(message.size() - 4));
  message.replace(0, 4, length);
  return message;
}

void read_extended(ByteReader &from, SftpRequest &request) {
  request.extension = read_string(from);
  auto const &name = request.extension;
  if (name == "posix-rename@openssh.com" || name == "hardlink@openssh.com" ||
      name == "users-groups-by-id@openssh.com") {
    request.path = read_string(from);
    request.other = read_string(from);
  } else if (name == "lsetstat@openssh.com") {
    request.path = read_string(from);
    request.attributes = read_attributes(from);
  } else if (name == "copy-data") {
    request.path = read_string(from);
    request.offset = from.big<std::uint64_t>();
    request.length = from.big<std::uint64_t>();
    request.other = read_string(from);
    request.other_offset = from.big<std::uint64_t>();
  } else if (name != "limits@openssh.com") {
    for (auto const &[known, version] : kExtensions)
      if (name == known) request.path = read_string(from);
  }
}

void read_fields(ByteReader &from, SftpRequest &request) {
  switch (request.type) {
    case SftpType::open:
      request.path = read_string(from);
      request.flags = from.big<std::uint32_t>();
      request.attributes = read_attributes(from);
      break;
    case SftpType::read:
      request.path = read_string(from);
      request.offset = from.big<std::uint64_t>();
      request.length = from.big<std::uint32_t>();
      break;
    case SftpType::write:
      request.path = read_string(from);
      request.offset = from.big<std::uint64_t>();
      request.other = read_string(from);
      break;
    case SftpType::setstat:
    case SftpType::fsetstat:
    case SftpType::mkdir:
      request.path = read_string(from);
      request.attributes = read_attributes(from);
      break;
    case SftpType::rename:
    case SftpType::symlink:
      request.path = read_string(from);
      request.other = read_string(from);
      break;
    case SftpType::close:
    case SftpType::lstat:
    case SftpType::fstat:
    case SftpType::opendir:
    case SftpType::readdir:
    case SftpType::remove:
    case SftpType::rmdir:
    case SftpType::realpath:
    case SftpType::stat:
    case SftpType::readlink: request.path = read_string(from); break;
    case SftpType::extended: read_extended(from, request); break;
    default: break;
  }
}

/// Whether the strings are names, which end at a NUL in C.
auto has_broken_name(SftpRequest const &request) -> bool {
  auto const has_nul = [](std::string_view text) { return text.find('\0') != std::string_view::npos; };
  switch (request.type) {
    case SftpType::open:
    case SftpType::lstat:
    case SftpType::setstat:
    case SftpType::opendir:
    case SftpType::remove:
    case SftpType::mkdir:
    case SftpType::rmdir:
    case SftpType::realpath:
    case SftpType::stat:
    case SftpType::readlink: return has_nul(request.path);
    case SftpType::rename:
    case SftpType::symlink: return has_nul(request.path) || has_nul(request.other);
    default: return false;
  }
}

auto sentence_of(SftpStatus status) -> std::string_view {
  switch (status) {
    case SftpStatus::done: return "Success";
    case SftpStatus::end_of_file: return "End of file";
    case SftpStatus::no_such_file: return "No such file";
    case SftpStatus::permission_denied: return "Permission denied";
    case SftpStatus::failure: return "Failure";
    case SftpStatus::bad_message: return "Bad message";
    case SftpStatus::unsupported: return "Operation unsupported";
  }
  return "Unknown error";
}

auto letters_of(std::uint32_t mode) -> std::string {
  auto text = std::string{"-rwxrwxrwx"};
  for (auto bit = 0U; bit < 9; ++bit)
    if ((mode & (0400U >> bit)) == 0) text[bit + 1] = '-';
  auto const type = mode & 0170'000U;
  text[0] = type == 0040'000U ? 'd' : type == 0120'000U ? 'l' : '-';
  if ((mode & 04'000U) != 0) text[3] = text[3] == 'x' ? 's' : 'S';
  if ((mode & 02'000U) != 0) text[6] = text[6] == 'x' ? 's' : 'S';
  if ((mode & 01'000U) != 0) text[9] = text[9] == 'x' ? 't' : 'T';
  return text;
}

auto user_of(std::uint32_t number) -> std::string { return number == 0 ? "root" : std::to_string(number); }

}  // namespace

auto sftp_message_size(std::string_view bytes) -> Result<std::optional<std::size_t>> {
  if (bytes.size() < 5) return std::optional<std::size_t>{};  // OpenSSH looks at a length when the type is there
  auto const length = std::size_t{load_be<std::uint32_t>(bytes.data())};
  if (length > kMaxSftpMessage) return fail(ErrorCode::too_large, "an SFTP message of {} bytes", length);
  return bytes.size() - 4 < length ? std::optional<std::size_t>{} : std::optional{length + 4};
}

auto parse_sftp_request(std::string_view message) -> Result<SftpRequest> {
  auto from = ByteReader{message.substr(std::min<std::size_t>(4, message.size()))};
  auto request = SftpRequest{};
  request.type = static_cast<SftpType>(from.big<std::uint8_t>());
  request.id = from.big<std::uint32_t>();
  read_fields(from, request);
  if (from.failed()) return fail(ErrorCode::malformed, "an SFTP message that ends too early");
  if (has_broken_name(request)) return fail(ErrorCode::malformed, "an SFTP name that holds a NUL");
  return request;
}

auto sftp_version() -> std::string {
  auto message = begin(SftpType::version, 3);
  for (auto const &[name, version] : kExtensions) {
    append_string(message, name);
    append_string(message, version);
  }
  return finished(std::move(message));
}

auto sftp_status(std::uint32_t id, SftpStatus status, std::string_view text) -> std::string {
  auto message = begin(SftpType::status, id);
  append_be(message, static_cast<std::uint32_t>(status));
  append_string(message, text.empty() ? sentence_of(status) : text);
  append_string(message, {});  // the language, which is none
  return finished(std::move(message));
}

auto sftp_handle(std::uint32_t id, std::string_view handle) -> std::string {
  auto message = begin(SftpType::handle, id);
  append_string(message, handle);
  return finished(std::move(message));
}

auto sftp_data(std::uint32_t id, std::string_view bytes) -> std::string {
  auto message = begin(SftpType::data, id);
  append_string(message, bytes);
  return finished(std::move(message));
}

auto sftp_names(std::uint32_t id, std::vector<SftpName> const &names) -> std::string {
  auto message = begin(SftpType::name, id);
  append_be(message, static_cast<std::uint32_t>(names.size()));
  for (auto const &name : names) {
    append_string(message, name.name);
    append_string(message, name.long_name);
    append_attributes(message, name.attributes);
  }
  return finished(std::move(message));
}

auto sftp_attributes(std::uint32_t id, SftpAttributes const &attributes) -> std::string {
  auto message = begin(SftpType::attributes, id);
  append_attributes(message, attributes);
  return finished(std::move(message));
}

auto sftp_numbers(std::uint32_t id, std::vector<std::uint64_t> const &numbers) -> std::string {
  auto message = begin(SftpType::extended_reply, id);
  for (auto const number : numbers) append_be(message, number);
  return finished(std::move(message));
}

auto sftp_texts(std::uint32_t id, std::vector<std::string> const &texts) -> std::string {
  auto message = begin(SftpType::extended_reply, id);
  for (auto const &text : texts) append_string(message, text);
  return finished(std::move(message));
}

auto sftp_long_name(std::string_view name, SftpAttributes const &attributes, unsigned links, std::int64_t now)
    -> std::string {
  constexpr auto kHalfYear = std::int64_t{365} * 24 * 3'600 / 2;
  auto const modified = std::int64_t{attributes.times.value_or(SftpAttributes::Times{}).modified};
  auto const time = fmt::gmtime(static_cast<std::time_t>(modified));
  auto const when =
      now - modified > kHalfYear ? fmt::format("{:%b %e  %Y}", time) : fmt::format("{:%b %e %H:%M}", time);
  auto const owner = attributes.owner.value_or(SftpAttributes::Owner{});
  return fmt::format("{} {:4} {:<8} {:<8} {:8} {} {}", letters_of(attributes.mode.value_or(0)), links,
                     user_of(owner.user), user_of(owner.group), attributes.size.value_or(0), when, name);
}

}  // namespace noroshi::codec::ssh
