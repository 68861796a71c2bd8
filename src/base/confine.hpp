// Confinement of a process that talks with attackers or reads their files: after confine() it keeps what it has open,
// and gets nothing new but files below its own folders. Used by the decoys child, and by workers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.hpp"

namespace noroshi {

struct UserIds {
  uid_t user = 0;
  gid_t group = 0;
};

/// The ids of a user of this machine; not_found where there is none of that name.
auto find_user(std::string const &name) -> Result<UserIds>;

struct Confinement {
  /// Folders below which files may be read, written, made, renamed and removed; nothing else may be opened. They must
  /// exist, and belong to `run_as` where that is given.
  std::vector<std::string> writable_folders;
  /// Whom to become when started as root. Not used otherwise.
  std::optional<UserIds> run_as;
};

/// One protection as `noroshi status` shows it.
struct Protection {
  std::string name;  // user, capabilities, no_new_privileges, no_core_dumps, landlock, seccomp
  bool active = false;
  std::string reason;  // what it does here, or why it is not active
};

/// Confines this process for good; there is no way back. Open what it needs first (listeners, epoll may come later),
/// and call it before other threads start: threads made later are confined too, earlier ones only by seccomp.
///
/// A protection that this kernel lacks is reported inactive with the reason, and the others are taken all the same.
/// user, capabilities: root becomes `run_as`, without groups; every capability goes, the bounding set too.
/// no_new_privileges: no set-user-id program can give rights back (prctl(2)).
/// no_core_dumps: no core file, no ptrace by others of the same user, since memory holds what visitors typed.
/// landlock: files as above; from ABI 4 no TCP bind or connect, from ABI 6 no signals or abstract sockets outside
/// (landlock(7)).
/// seccomp: a list of allowed system calls, the rest fails with EPERM. It carries "connects nowhere": socket, connect,
/// bind, socketpair, execve, fork, ptrace, bpf, io_uring and executable memory are refused; sendto to a datagram's
/// sender works, so a UDP decoy must itself answer only whom it just heard. System calls of another architecture kill
/// the process.
auto confine(Confinement const &confinement) -> std::vector<Protection>;

}  // namespace noroshi
