// Any bytes as a batch, and as the body of a frame whose checksum is right: what decodes must survive a round trip.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <xxhash.h>

#include "base/bytes.hpp"
#include "model/batch.hpp"

using namespace noroshi;
using namespace noroshi::model;

namespace {

void demand(bool holds, char const *what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// Decodes all there is and encodes it anew.
auto encoded_anew(std::string_view bytes) -> std::string {
  auto anew = std::string{};
  auto reader = FrameReader{bytes};
  auto observation = Observation{};
  while (reader.next(observation) == FrameReader::Step::frame) append_frame(anew, observation);
  demand(reader.offset() <= bytes.size(), "read past the end");
  return anew;
}

void check_batch(std::string_view bytes) {
  auto const once = encoded_anew(bytes);
  auto const before = count_frames(bytes);
  auto const after = count_frames(once);
  demand(after.frames == before.frames && !after.damaged, "what was decoded does not decode again");
  demand(encoded_anew(once) == once, "a round trip changes an observation");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  check_batch(bytes);
  auto framed = std::string{};
  append_le(framed, static_cast<std::uint32_t>(size));
  append_le(framed, static_cast<std::uint32_t>(::XXH3_64bits(data, size)));
  check_batch(framed.append(bytes));
  (void)read_segment_header(bytes);
  if (auto const name = SegmentName::parse(bytes)) demand(name->to_string() == bytes, "two names for one segment");
  return 0;
}
