// An indicator with its contexts as bytes, as runs and the write-ahead log hold it.
//
// entry    = varint bytes that follow, u8 type, varint n, n bytes value, fragments to the end
// fragment = varint descriptor, varint zigzag(first − that of the fragment before, at first the base), varint
//            zigzag(last − first), varint count, varint 0 or 1 + zigzag(expiry − last), varint version − base,
//            varint sequence
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "know/engine/descriptor.hpp"

namespace noroshi::know::engine {

/// What the numbers of all fragments of a run are counted from, which keeps them short.
struct Base {
  std::int64_t time = 0;  // µs since 1970
  std::uint64_t version = 0;
};

struct EntryView {
  std::uint8_t type = 0;
  std::string_view value;      // as to_stored() gives it
  std::string_view fragments;  // encoded
};

void append_entry(std::string &to, std::uint8_t type, std::string_view value, std::span<Fragment const> fragments,
                  Base base);
/// The same without its length in front.
void append_body(std::string &to, std::uint8_t type, std::string_view value, std::span<Fragment const> fragments,
                 Base base);
/// The entry at the front of `from`. malformed where it is cut off.
auto read_entry(ByteReader &from) -> Result<EntryView>;
auto read_body(std::string_view body) -> Result<EntryView>;
/// Past the entry at the front, without looking into it.
auto skip_entry(ByteReader &from) -> bool;

/// Walks the fragments of an entry.
class FragmentReader {
public:
  FragmentReader(std::string_view fragments, Base base) : from_(fragments), base_(base), time_(base.time) {}
  [[nodiscard]] auto done() const -> bool { return from_.rest().empty() || from_.failed(); }
  /// Where bytes are cut off the fragment is meaningless and failed() is true.
  auto next() -> Fragment;
  [[nodiscard]] auto failed() const -> bool { return from_.failed(); }

private:
  ByteReader from_;
  Base base_;
  std::int64_t time_;
};

}  // namespace noroshi::know::engine
