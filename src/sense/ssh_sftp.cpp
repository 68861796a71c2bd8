#include "sense/ssh_sftp.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "codec/ssh/sftp.hpp"

namespace noroshi::sense {
namespace {

namespace ssh = codec::ssh;
using ssh::SftpAttributes;
using ssh::SftpRequest;
using ssh::SftpStatus;
using ssh::SftpType;
using Last = VisitFiles::Last;

/// Open at once; clients have one or two. OpenSSH allows what the system does, and says so (1024 less its own five).
constexpr auto kMaxHandles = std::size_t{64};
constexpr auto kClaimedHandles = std::uint64_t{1'019};
constexpr auto kNamesAtOnce = std::size_t{100};  // as OpenSSH sends them
/// Operations noted of one channel; a client that lists a whole tree has no more to say.
constexpr auto kMaxCopied = 32;  // whole files: a short request costs as much as all that a visit keeps
constexpr auto kMaxNoted = 256;
/// sftp-server's own exits.
constexpr auto kExitTooLong = std::uint32_t{11};
constexpr auto kExitMalformed = std::uint32_t{255};

auto status_of(FileFault fault) -> SftpStatus {
  if (fault == FileFault{}) return SftpStatus::done;
  switch (fault) {
    case FileFault::no_such_file_or_directory:
    case FileFault::not_a_directory:
    case FileFault::bad_file_descriptor:
    case FileFault::too_many_symbolic_link_levels: return SftpStatus::no_such_file;
    case FileFault::operation_not_permitted:
    case FileFault::permission_denied: return SftpStatus::permission_denied;
    case FileFault::filename_too_long:
    case FileFault::invalid_argument: return SftpStatus::bad_message;
    default: return SftpStatus::failure;
  }
}

auto seconds_of(Time time) -> std::int64_t {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

auto attributes_of(FileStatus const &status) -> SftpAttributes {
  auto const type = status.type == FileType::folder ? 0040'000U : status.type == FileType::link ? 0120'000U : 0100'000U;
  return {status.size, SftpAttributes::Owner{status.owner, status.group}, type | status.mode,
          SftpAttributes::Times{static_cast<std::uint32_t>(seconds_of(status.accessed)),
                                static_cast<std::uint32_t>(seconds_of(status.modified))}};
}

class Sftp final : public SshProgram {
public:
  Sftp(VisitFiles &files, std::string home) : files_(files), home_(std::move(home)) {}

  auto take(std::string_view bytes, SshReply &reply, Visit &visit) -> std::size_t override {
    auto taken = std::size_t{0};
    while (reply.output.size() < kPiece && !reply.is_over) {
      auto const rest = bytes.substr(taken);
      auto const size = ssh::sftp_message_size(rest);
      if (!size) reply.end(kExitTooLong);
      if (!size || !*size) break;
      answer(rest.substr(0, **size), reply, visit);
      taken += **size;
    }
    return taken;
  }

  void take_end(SshReply &reply, Visit & /*visit*/) override { reply.end(0); }

private:
  using Answer = std::string;
  struct Handle {
    std::string path;
    bool is_folder = false, reads = false, writes = false, appends = false;
    std::vector<std::string> names = {};  // of a folder, once they were asked for
    std::size_t next = 0;
    bool is_listed = false;
  };

  void answer(std::string_view message, SshReply &reply, Visit &visit) {
    // A message without a byte has no type: OpenSSH reads on in the next one, and gives up.
    auto const request = ssh::parse_sftp_request(message);
    auto const is_init = message.size() > 4 && static_cast<SftpType>(message[4]) == SftpType::init;
    if (!request || (!is_init && !has_begun_)) return reply.end(kExitMalformed);
    has_begun_ = true;
    reply.output += is_init ? ssh::sftp_version() : answer(*request, visit);
  }

  auto answer(SftpRequest const &request, Visit &visit) -> Answer {
    auto const id = request.id;
    switch (request.type) {
      case SftpType::open: return open(request, visit);
      case SftpType::close: return close(request, visit);
      case SftpType::read: return read(request);
      case SftpType::write: return write(request, visit);
      case SftpType::lstat: return stat(request, Last::itself);
      case SftpType::stat: return stat(request, Last::followed);
      case SftpType::fstat: return fstat(request);
      case SftpType::setstat: return setstat(id, path_of(request.path), request.attributes, visit);
      case SftpType::fsetstat: {
        auto const *const handle = find(request.path);
        return handle == nullptr ? ssh::sftp_status(id, SftpStatus::failure)
                                 : setstat(id, handle->path, request.attributes, visit);
      }
      case SftpType::opendir: return opendir(request, visit);
      case SftpType::readdir: return readdir(request, visit);
      case SftpType::realpath: return realpath(id, path_of(request.path));
      case SftpType::readlink: return readlink(request, visit);
      case SftpType::extended: return extended(request, visit);
      default: return change(request, visit);
    }
  }

  /// What answers with a status alone; nothing to a type that does not exist.
  auto change(SftpRequest const &request, Visit &visit) -> Answer {
    auto const path = path_of(request.path);
    auto const mode = request.attributes.mode.value_or(0777) & 07'777U & ~022U;
    switch (request.type) {
      case SftpType::remove: note(visit, "rm", path); return done(request.id, files_.remove(path, visit));
      case SftpType::mkdir:
        note(visit, "mkdir", path);
        return done(request.id, files_.make_folder(path, mode, visit.now()));
      case SftpType::rmdir: note(visit, "rmdir", path); return done(request.id, files_.remove_folder(path));
      case SftpType::rename: return rename(request, visit);
      case SftpType::symlink:
        note(visit, "symlink", request.path, request.other);
        return done(request.id, files_.make_link(request.path, path_of(request.other), visit.now()));
      default: return {};
    }
  }

  auto open(SftpRequest const &request, Visit &visit) -> Answer {
    auto const path = path_of(request.path);
    auto const has = [&](std::uint32_t flag) { return (request.flags & flag) != 0; };
    note(visit, has(ssh::kSftpWrite) ? "put" : "get", path);
    auto status = FileStatus{};
    auto fault = files_.status(path, status);
    auto const is_there = fault == FileFault{};
    auto const is_folder = is_there && status.type == FileType::folder;
    if (has(ssh::kSftpCreate) && is_there && has(ssh::kSftpExclusive))
      fault = FileFault::file_exists;
    else if (is_folder && (has(ssh::kSftpWrite) || has(ssh::kSftpCreate) || has(ssh::kSftpTruncate)))
      fault = FileFault::is_a_directory;
    else if (has(ssh::kSftpCreate) || (is_there && has(ssh::kSftpWrite)))
      fault = fault == FileFault{} || has(ssh::kSftpCreate)
                  ? files_.create(path, request.attributes.mode.value_or(0666) & 07'777U & ~022U, visit.now())
                  : fault;
    if (fault == FileFault{} && is_there && has(ssh::kSftpTruncate) && status.size > 0)
      fault = files_.resize(path, 0, visit.now());
    if (fault != FileFault{}) return done(request.id, fault);
    auto const reads = has(ssh::kSftpRead) || !has(ssh::kSftpWrite);
    return keep(request.id, {path, false, reads, has(ssh::kSftpWrite), has(ssh::kSftpAppend)});
  }

  auto keep(std::uint32_t id, Handle handle) -> Answer {
    auto number = std::uint32_t{0};
    while (handles_.contains(number)) ++number;
    if (handles_.size() >= kMaxHandles) return ssh::sftp_status(id, SftpStatus::failure);
    handles_.emplace(number, std::move(handle));
    auto name = std::string{};
    append_be(name, number);
    return ssh::sftp_handle(id, name);
  }

  auto find(std::string_view name) -> Handle * {
    if (name.size() != 4) return nullptr;
    auto const found = handles_.find(load_be<std::uint32_t>(name.data()));
    return found == handles_.end() ? nullptr : &found->second;
  }

  auto close(SftpRequest const &request, Visit &visit) -> Answer {
    auto const *const handle = find(request.path);
    if (handle == nullptr) return done(request.id, FileFault::bad_file_descriptor);
    if (handle->writes) files_.note(handle->path, visit);  // it is whole
    handles_.erase(load_be<std::uint32_t>(request.path.data()));
    return done(request.id, {});
  }

  auto read(SftpRequest const &request) -> Answer {
    auto const *const handle = find(request.path);
    if (handle == nullptr || handle->is_folder) return ssh::sftp_status(request.id, SftpStatus::failure);
    if (!handle->reads) return done(request.id, FileFault::bad_file_descriptor);
    auto part = std::string{};
    auto const size = std::min<std::uint64_t>(request.length, ssh::kMaxSftpRead);
    auto const fault = files_.read_part(handle->path, request.offset, size, part);
    if (fault != FileFault{}) return done(request.id, fault);
    if (part.empty() && request.length > 0) return ssh::sftp_status(request.id, SftpStatus::end_of_file);
    return ssh::sftp_data(request.id, part);
  }

  auto write(SftpRequest const &request, Visit &visit) -> Answer {
    auto const *const handle = find(request.path);
    if (handle == nullptr || handle->is_folder) return ssh::sftp_status(request.id, SftpStatus::failure);
    if (!handle->writes) return done(request.id, FileFault::bad_file_descriptor);
    auto status = FileStatus{};
    if (auto const fault = files_.status(handle->path, status); fault != FileFault{}) return done(request.id, fault);
    auto const offset = handle->appends ? status.size : request.offset;
    return done(request.id, files_.write(handle->path, offset, request.other, visit.now()));
  }

  auto stat(SftpRequest const &request, Last last) -> Answer {
    auto status = FileStatus{};
    auto const fault = files_.status(path_of(request.path), status, last);
    return fault == FileFault{} ? ssh::sftp_attributes(request.id, attributes_of(status)) : done(request.id, fault);
  }

  auto fstat(SftpRequest const &request) -> Answer {
    auto const *const handle = find(request.path);
    auto status = FileStatus{};
    if (handle == nullptr || handle->is_folder || files_.status(handle->path, status) != FileFault{})
      return ssh::sftp_status(request.id, SftpStatus::failure);
    return ssh::sftp_attributes(request.id, attributes_of(status));
  }

  /// In OpenSSH's order; the last fault is told.
  auto setstat(std::uint32_t id, std::string const &path, SftpAttributes const &to, Visit &visit) -> Answer {
    auto fault = FileFault{};
    auto const after = [&](FileFault next) { fault = next == FileFault{} ? fault : next; };
    if (to.size) after(files_.resize(path, *to.size, visit.now()));
    if (to.mode) {
      note(visit, fmt::format("chmod {:o}", *to.mode & 07'777U), path);
      after(files_.set_mode(path, *to.mode));
    }
    if (to.times)
      after(files_.set_times(path, Time{std::chrono::seconds{to.times->accessed}},
                             Time{std::chrono::seconds{to.times->modified}}));
    if (to.owner) after(files_.set_owner(path, to.owner->user, to.owner->group));
    return done(id, fault);
  }

  auto opendir(SftpRequest const &request, Visit &visit) -> Answer {
    auto const path = path_of(request.path);
    auto status = FileStatus{};
    auto fault = files_.status(path, status);
    note(visit, "ls", path);
    if (fault == FileFault{} && status.type != FileType::folder) fault = FileFault::not_a_directory;
    return fault == FileFault{} ? keep(request.id, {path, true}) : done(request.id, fault);
  }

  auto readdir(SftpRequest const &request, Visit &visit) -> Answer {
    auto *const handle = find(request.path);
    if (handle == nullptr || !handle->is_folder) return ssh::sftp_status(request.id, SftpStatus::failure);
    if (!std::exchange(handle->is_listed, true)) {
      (void)files_.names(handle->path, handle->names);
      handle->names.insert(handle->names.begin(), {".", ".."});
    }
    auto names = std::vector<ssh::SftpName>{};
    for (; handle->next < handle->names.size() && names.size() < kNamesAtOnce; ++handle->next) {
      auto const &name = handle->names[handle->next];
      auto status = FileStatus{};
      if (files_.status(VisitFiles::absolute(name, handle->path), status, Last::itself) != FileFault{}) continue;
      auto const attributes = attributes_of(status);
      auto const links = status.type == FileType::folder ? 2U : 1U;
      names.push_back({name, ssh::sftp_long_name(name, attributes, links, seconds_of(visit.now())), attributes});
    }
    return names.empty() ? ssh::sftp_status(request.id, SftpStatus::end_of_file) : ssh::sftp_names(request.id, names);
  }

  /// The last part may be missing, as in OpenSSH.
  auto realpath(std::uint32_t id, std::string const &path) -> Answer {
    auto real = std::string{};
    auto status = FileStatus{};
    auto fault = files_.resolve(path, Last::followed, real);
    if (fault == FileFault{}) fault = files_.status(folder_of(real), status);
    if (fault == FileFault{} && status.type != FileType::folder) fault = FileFault::not_a_directory;
    return fault == FileFault{} ? ssh::sftp_names(id, {{real, real, {}}}) : done(id, fault);
  }

  auto readlink(SftpRequest const &request, Visit &visit) -> Answer {
    auto target = std::string{};
    note(visit, "readlink", path_of(request.path));
    auto const fault = files_.target(path_of(request.path), target);
    return fault == FileFault{} ? ssh::sftp_names(request.id, {{target, target, {}}}) : done(request.id, fault);
  }

  /// Without the extension's word nothing is replaced: files by link and unlink, folders where there is nothing.
  auto rename(SftpRequest const &request, Visit &visit) -> Answer {
    auto const from = path_of(request.path);
    auto const to = path_of(request.other);
    note(visit, "rename", from, to);
    auto status = FileStatus{};
    if (auto const fault = files_.status(from, status, Last::itself); fault != FileFault{})
      return done(request.id, fault);
    if (files_.status(to, status, Last::itself) == FileFault{})
      return ssh::sftp_status(request.id, SftpStatus::failure);
    return renamed(request.id, from, to);
  }

  auto renamed(std::uint32_t id, std::string const &from, std::string const &to) -> Answer {
    auto const fault = files_.rename(from, to);
    if (fault == FileFault{})
      for (auto &[number, handle] : handles_)  // an open file goes along
        if (handle.path == from) handle.path = to;
    return done(id, fault);
  }

  auto extended(SftpRequest const &request, Visit &visit) -> Answer;
  auto statvfs(std::uint32_t id, std::string const &path) -> Answer;
  auto copy(SftpRequest const &request, Visit &visit) -> Answer;
  auto expand(SftpRequest const &request) -> Answer;

  static auto done(std::uint32_t id, FileFault fault) -> Answer { return ssh::sftp_status(id, status_of(fault)); }
  [[nodiscard]] auto path_of(std::string_view path) const -> std::string {
    auto whole = VisitFiles::absolute(path, home_);
    auto status = FileStatus{};
    // A slash behind a file's name leads into what is no folder.
    auto const is_led_on = path.ends_with('/') && files_.status(whole, status) == FileFault{};
    return is_led_on && status.type == FileType::file ? whole + "/." : whole;
  }

  void note(Visit &visit, std::string_view verb, std::string_view path, std::string_view other = {}) {
    if (++noted_ > kMaxNoted) return;
    auto const words = fmt::format("{} {}{}{}", verb, path, other.empty() ? "" : " ", other);
    auto seen = model::Observation{};
    seen.kind = model::Kind::command;
    seen.set(model::Field::protocol, std::string_view{"sftp"}).set(model::Field::command, std::string_view{words});
    visit.note(seen);
  }

  VisitFiles &files_;
  std::string home_;
  std::map<std::uint32_t, Handle> handles_;
  int noted_ = 0;
  int copied_ = 0;
  bool has_begun_ = false;
};

auto Sftp::extended(SftpRequest const &request, Visit &visit) -> Answer {
  auto const id = request.id;
  auto const &name = request.extension;
  auto const path = path_of(request.path);
  if (name == "posix-rename@openssh.com") {
    note(visit, "rename", path, path_of(request.other));
    return renamed(id, path, path_of(request.other));
  }
  if (name == "hardlink@openssh.com") {
    note(visit, "link", path, path_of(request.other));
    return done(id, files_.copy(path, path_of(request.other), visit.now()));
  }
  if (name == "lsetstat@openssh.com") {
    if (request.attributes.size) return ssh::sftp_status(id, SftpStatus::bad_message);
    auto status = FileStatus{};
    auto const is_link = files_.status(path, status, Last::itself) == FileFault{} && status.type == FileType::link;
    if (!is_link) return setstat(id, path, request.attributes, visit);
    return ssh::sftp_status(id, request.attributes.mode ? SftpStatus::failure : SftpStatus::done);
  }
  if (name == "statvfs@openssh.com") return statvfs(id, path);
  if (name == "copy-data") return copy(request, visit);
  if (name == "expand-path@openssh.com") return expand(request);
  if (name == "limits@openssh.com")
    return ssh::sftp_numbers(id, {ssh::kMaxSftpMessage, ssh::kMaxSftpRead, ssh::kMaxSftpRead, kClaimedHandles});
  if (name == "home-directory")
    return request.path == "root" ? ssh::sftp_names(id, {{home_, home_, {}}})
                                  : ssh::sftp_status(id, SftpStatus::failure);
  if (name == "users-groups-by-id@openssh.com") {
    auto const names_of = [](std::string_view numbers) {
      auto names = std::string{};
      for (; numbers.size() >= 4; numbers.remove_prefix(4)) {
        auto const known = load_be<std::uint32_t>(numbers.data()) == 0 ? std::string_view{"root"} : std::string_view{};
        append_be(names, static_cast<std::uint32_t>(known.size()));
        names += known;
      }
      return names;
    };
    return ssh::sftp_texts(id, {names_of(request.path), names_of(request.other)});
  }
  auto const *const handle = find(request.path);
  if (name == "fsync@openssh.com") return done(id, handle == nullptr ? FileFault::bad_file_descriptor : FileFault{});
  if (name == "fstatvfs@openssh.com")
    return handle == nullptr ? ssh::sftp_status(id, SftpStatus::failure) : statvfs(id, handle->path);
  return ssh::sftp_status(id, SftpStatus::unsupported);
}

/// A disk of 20 to 60 GB, partly used: as old as the machine, and as different from others.
auto Sftp::statvfs(std::uint32_t id, std::string const &path) -> Answer {
  auto status = FileStatus{};
  if (auto const fault = files_.status(path, status); fault != FileFault{}) return done(id, fault);
  (void)files_.status("/", status);
  auto const seed = static_cast<std::uint64_t>(seconds_of(status.modified));
  auto const blocks = (std::uint64_t{20} + seed % 5 * 10) * 250'000 - seed % 8'192;
  auto const used = blocks / 8 + seed % (blocks / 4);
  auto const nodes = blocks / 4;
  auto const free_nodes = nodes - nodes / 20 - seed % 1'000;
  return ssh::sftp_numbers(id, {4'096, 4'096, blocks, blocks - used, blocks - used - blocks / 20, nodes, free_nodes,
                                free_nodes, seed * 2'654'435'761U, 0, 255});
}

auto Sftp::copy(SftpRequest const &request, Visit &visit) -> Answer {
  auto const *const from = find(request.path);
  auto const *const to = find(request.other);
  if (from == nullptr || to == nullptr || from == to || from->is_folder || to->is_folder || !to->writes ||
      ++copied_ > kMaxCopied)
    return ssh::sftp_status(request.id, SftpStatus::failure);
  auto bytes = std::string{};
  auto const length = request.length == 0 ? ~std::uint64_t{0} : request.length;
  auto fault = files_.read_part(from->path, request.offset, length, bytes);
  if (fault == FileFault{}) fault = files_.write(to->path, request.other_offset, bytes, visit.now());
  return done(request.id, fault);
}

auto Sftp::expand(SftpRequest const &request) -> Answer {
  if (!request.path.starts_with('~')) return realpath(request.id, path_of(request.path));
  auto const user = request.path.substr(1, request.path.find('/') - 1);
  if (!user.empty() && user != "root") return ssh::sftp_status(request.id, SftpStatus::no_such_file, "no such user");
  auto const rest = request.path.substr(1 + user.size());
  return realpath(request.id, VisitFiles::absolute(rest.substr(std::min<std::size_t>(1, rest.size())), home_));
}

}  // namespace

auto make_sftp(VisitFiles &files, std::string home) -> std::unique_ptr<SshProgram> {
  return std::make_unique<Sftp>(files, std::move(home));
}

}  // namespace noroshi::sense
