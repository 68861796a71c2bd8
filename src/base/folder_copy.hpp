// Copies of folders that are on disk when the call returns.
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace noroshi {

enum class CopyHow : std::uint8_t {
  copy,
  link,       // a second name where the file system can, else a copy: for files that never change
  leave_out,  // with all that is below, where it is a folder
};

/// Copies what is below `from` into `to`, which is made (0700). Files keep their modes; what is neither file nor folder
/// (sockets, links) is left out. `how` gets each path as it is below `from`.
auto copy_folder(std::string const &from, std::string const &to, std::function<CopyHow(std::string const &)> const &how)
    -> Result<void>;

}  // namespace noroshi
