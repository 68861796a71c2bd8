// Lists of addresses, names and hashes as the world publishes them: MISP warninglists (JSON) and plain text, one value
// a line. https://github.com/MISP/misp-warninglists describes the former.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/ranges.hpp"
#include "model/value.hpp"

namespace noroshi::codec {

struct ValueList {
  std::string name;                  // empty where the list does not say
  std::string date;                  // "2026-11-21"; empty where the list does not say
  std::string flag;                  // what its addresses are (plain lists, `# flag: tor`); empty where it does not say
  std::vector<AddressRange> ranges;  // merged
  std::vector<model::Value> values;  // names, URLs, e-mail addresses and hashes, sorted, each once
  std::uint64_t entries = 0;         // taken
  std::uint64_t refused = 0;         // that are no value, or would cover half the internet
  std::string first_refused;         // "line 7: \"…\""
};

/// The largest list that is read: ten million addresses in text.
inline constexpr auto kMaxListBytes = std::size_t{192} << 20;

/// Recognises the form by its first character. Plain text: an address, a prefix, "first-last", "address:port" or any
/// other value a line; "#" and ";" begin a comment; `# name:`, `# date:` and `# flag:` at the top describe the list.
/// malformed: broken JSON, or a list of which more than a tenth is refused (an error page, or something else entirely).
auto parse_value_list(std::string_view bytes) -> Result<ValueList>;

}  // namespace noroshi::codec
