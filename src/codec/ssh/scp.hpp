// The lines of the scp protocol, which is older than SSH (BSD rcp; as OpenSSH's scp.c reads it).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::ssh {

/// As long as OpenSSH's buffer.
inline constexpr auto kMaxScpLine = std::size_t{2'048};

/// What a source says of what comes next.
struct ScpRecord {
  enum class Kind : std::uint8_t { file, folder, end_of_folder, times, trouble, last_trouble };
  Kind kind = Kind::file;
  std::uint32_t mode = 0;  // permission bits
  std::uint64_t size = 0;
  std::int64_t modified = 0, accessed = 0;  // seconds since 1970
  std::string_view text;                    // a name, or what the trouble is
};
/// A line without its line feed. Malformed: the sentence is what OpenSSH says of it ("mode not delimited"). The name is
/// not looked at: is_scp_name().
auto parse_scp_record(std::string_view line) -> Result<ScpRecord>;
/// Not empty, no slash, not "." and not "..".
auto is_scp_name(std::string_view name) -> bool;

/// The words of `scp -t PATH`, `scp -f PATH…`.
struct ScpCommand {
  bool is_sink = false, is_source = false;  // -t, -f
  bool is_recursive = false, keeps_times = false, wants_folder = false;
  std::vector<std::string> paths;
};
auto parse_scp_command(std::vector<std::string> const &words) -> ScpCommand;

}  // namespace noroshi::codec::ssh
