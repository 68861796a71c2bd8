// What a shell would fetch if it ran a text: the addresses behind curl, wget and their like in cron lines, scripts and
// values that visitors leave.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace noroshi::codec {

/// One text names a few; a longer list is chaff.
inline constexpr auto kMaxFetchedUrls = std::size_t{16};
/// Of a longer text the beginning is read.
inline constexpr auto kMaxFetchText = std::size_t{64} << 10;

/// URLs in the order of the text, each once. One without a scheme ("curl 192.0.2.1/x.sh") gets http://, as the program
/// itself would do. Text around the commands is passed over, so any value may be given.
auto fetched_urls(std::string_view text) -> std::vector<std::string>;

}  // namespace noroshi::codec
