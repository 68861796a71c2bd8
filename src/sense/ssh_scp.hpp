// scp's own protocol at the far end: `scp -t` takes files, `scp -f` gives them, from and to a visit's files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sense/ssh_program.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense {

/// `words` are those of the command; nullptr where they name neither end. `files` outlives it; paths begin in `home`.
auto make_scp(VisitFiles &files, std::string home, std::vector<std::string> const &words)
    -> std::unique_ptr<SshProgram>;

}  // namespace noroshi::sense
