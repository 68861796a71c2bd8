// The sftp subsystem as OpenSSH 9.2's sftp-server answers it, on a visit's files.
#pragma once

#include <memory>
#include <string>

#include "sense/ssh_program.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense {

/// `files` outlives it; paths begin in `home`.
auto make_sftp(VisitFiles &files, std::string home) -> std::unique_ptr<SshProgram>;

}  // namespace noroshi::sense
