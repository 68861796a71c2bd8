// Shells and single commands in an SSH channel.
#pragma once

#include <memory>
#include <string>

#include "sense/ssh_persona.hpp"
#include "sense/ssh_program.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense {

enum class SshTerminal : std::uint8_t { none, present };
/// Who is greeted before the prompt.
enum class SshGreeting : std::uint8_t { on_terminals, always };

/// A log-in shell. All arguments outlive it.
auto make_ssh_shell(SshPersona const &persona, VisitFiles &files, SshTerminal terminal, SshGreeting greeting)
    -> std::unique_ptr<SshProgram>;
/// One command: a shell that runs it, or what the command names: scp, sftp-server.
auto make_ssh_command(SshPersona const &persona, VisitFiles &files, SshTerminal terminal, std::string command,
                      Visit &visit) -> std::unique_ptr<SshProgram>;

}  // namespace noroshi::sense
