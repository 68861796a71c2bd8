// The bytes of observations on disk and on the wire: frames, and the spool's segment files made of them.
//
// frame   = u32 length of body, u32 checksum (low half of XXH3-64 of body), body          (little-endian)
// body    = u8 version (1), u8 kind, u8 transport, i64 time (µs since 1970), u64 u64 visit, u32 sequence,
//           u64 u64 source address, u16 source port, u64 u64 destination address, u16 destination port
//           (128-bit numbers: high half first), varint+bytes service, varint+bytes extra, then fields until the end
// field   = u8 Field (not 0), varint length, that many bytes: text and bytes as they are; a number or flag as one
//           zigzag varint. A reader skips fields that it does not know (a newer sensor's) by their length
// segment = 8 B magic "NRSPOOL1", u64 epoch, then frames
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/observation.hpp"

namespace noroshi::model {

/// Larger frames are damage: a note is capped far below (Visit), so this bounds what a reader holds at once.
inline constexpr auto kMaxFrameBytes = std::size_t{1} << 20;

/// The longest text in a frame (service, extra, or one field): all of them at this length still make a sound frame.
inline constexpr auto kMaxTextBytes = std::size_t{32} * 1024;

/// Appends one frame, always a sound one: text is cut at kMaxTextBytes, a longer `extra` is left out (cut JSON is
/// none), and a time outside 1970…9999 is moved to the nearer end.
void append_frame(std::string &to, Observation const &observation);

/// Walks frames of untrusted bytes. Nothing is copied or allocated: observations point into `bytes`, which must outlive
/// them. `service`, `extra` and text fields may hold any bytes.
class FrameReader {
public:
  explicit FrameReader(std::string_view bytes) : bytes_(bytes) {}

  enum class Step : std::uint8_t {
    frame,    // `observation` was filled
    end,      // exactly at the end
    damaged,  // torn, corrupt or none of ours at offset(); nothing behind it can be trusted
  };
  /// Unless it gives Step::frame, the content of `observation` means nothing.
  auto next(Observation &observation) -> Step;
  /// Bytes consumed by whole, sound frames so far.
  [[nodiscard]] auto offset() const -> std::size_t { return offset_; }

private:
  std::string_view bytes_;
  std::size_t offset_ = 0;
};

/// How many sound frames `bytes` holds, and how many bytes they take.
struct FrameCount {
  std::uint64_t frames = 0;
  std::size_t bytes = 0;
  bool damaged = false;  // something follows the last sound frame
};
auto count_frames(std::string_view bytes) -> FrameCount;

inline constexpr auto kSegmentHeaderBytes = std::size_t{16};
auto segment_header(std::uint64_t epoch) -> std::string;
/// The epoch, or an error that says what is wrong with the header.
auto read_segment_header(std::string_view segment) -> Result<std::uint64_t>;

/// A sealed segment's file name carries what the reader must know before opening it:
/// "<epoch 16 hex>-<sequence 16 hex>-<frames decimal>.seg". Name order is age order.
struct SegmentName {
  std::uint64_t epoch = 0;     // grows with every start of the writer
  std::uint64_t sequence = 0;  // grows by one with every sealed segment of an epoch, from 1
  std::uint64_t frames = 0;
  [[nodiscard]] auto to_string() const -> std::string;
  static auto parse(std::string_view name) -> std::optional<SegmentName>;
  auto operator<=>(SegmentName const &) const = default;
};

/// The unit of acknowledgement between a sensor and its node: one sealed segment. (sensor, epoch, sequence) names it
/// for ever, so that a node drops what it has already.
struct Batch {
  SensorId sensor;
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  std::string frames;
};

}  // namespace noroshi::model
