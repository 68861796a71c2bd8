// HTTP requests as rules see them: one spelling for what a server takes for the same. Attackers escape a probe in many
// ways; servers undo them, and so does this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace noroshi::codec::http {

/// Rounds of undoing escapes: a proxy, a server and an application may each decode once, and no more are known in a
/// row.
inline constexpr auto kMaxDecodings = 3;
/// Bytes of a target, header value or body that are looked at. Targets are at most 32 KiB (kMaxHead), bodies are
/// recorded up to 4 KiB.
inline constexpr auto kMaxNormalised = std::size_t{32} << 10;

/// ASCII letters in lower case; percent escapes (%41, %u0041) and \u0041 undone up to kMaxDecodings times over.
/// In a path: "\" is "/", "//" and "/./" are "/". Dot segments ("..", "..;") stay, because they often are the attack.
/// `to` becomes "PATH\n", and where the path goes up, "RESOLVED\n" behind it with ".." resolved: a path ends with X
/// where `to` contains "X\n".
void normalise_path(std::string_view path, std::string &to);

/// As above, and "+" is a space. White space (also escaped) is one space a run; JSON's "\/" is "/".
void normalise_text(std::string_view text, std::string &to);

/// Header values are decoded by no server, so only case and white space (as above) are evened out.
void normalise_header(std::string_view value, std::string &to);

/// A target's path and query, as written: scheme and authority are dropped ("http://host/a?b" is "/a" and "b"), and a
/// fragment counts as part of what it stands in.
struct TargetParts {
  std::string_view path, query;
};
auto split_target(std::string_view target) -> TargetParts;

}  // namespace noroshi::codec::http
