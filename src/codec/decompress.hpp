// A log's bytes as they were before gzip or zstd: recognised from the first bytes, bounded memory, piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace noroshi::codec {

enum class Compression : std::uint8_t { none, gzip, zstd };
auto to_string(Compression compression) -> std::string_view;

/// From the first bytes of a file (four are enough).
auto compression_of(std::string_view first_bytes) -> Compression;

/// zstd's own default limit: a frame that wants a larger window is refused, so that memory stays bounded.
inline constexpr auto kMaxWindowLog = 27;

/// Bytes in, bytes out. Several members or frames back to back are one stream.
class Decompressor {
public:
  static auto create(Compression compression) -> std::unique_ptr<Decompressor>;
  virtual ~Decompressor() = default;
  /// Takes from the front of `input` and appends to `output` at most about `room` bytes. True where more can come
  /// without further input: call again. Malformed where the bytes are damaged; what was appended before is good.
  virtual auto feed(std::string_view &input, std::string &output, std::size_t room) -> Result<bool> = 0;
  /// True where the stream may end here; false in the middle of a member: the file was cut.
  [[nodiscard]] virtual auto is_complete() const -> bool = 0;
};

}  // namespace noroshi::codec
