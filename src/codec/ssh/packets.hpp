// SSH's binary packets in both directions: lengths, padding, sequence numbers, compression (RFC 4253 section 6).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "codec/ssh/protection.hpp"

namespace noroshi::codec::ssh {

/// What a packet can be wrong in; servers answer each in their own way.
enum class PacketFault : std::uint8_t { length, alignment, proof, short_padding, padding, empty, compression };

/// In what the packets of programs differ; OpenSSH's.
struct PacketHabits {
  // What is more, or less, is a fault.
  std::uint32_t most_length = 256 << 10;
  std::uint64_t most_whole = ~std::uint64_t{0};  // with the length itself and the proof
  std::uint32_t least_length = 1 + 4;            // a padding's length and the least padding
  std::uint32_t least_padding = 4;
  std::size_t most_payload = 256 << 10;
  std::size_t most_inflated = 256 << 10;  // a bomb is a fault too
  // Of packets that are sent.
  std::size_t least_sent = 0;   // without the proof
  bool pads_with_zeros = true;  // before there are keys
  bool flushes_wholly = false;  // compressed: up to a byte's end (zlib's Z_SYNC_FLUSH)
};

inline constexpr auto kUsualPackets = PacketHabits{};

/// zlib in one direction; its state lives as long as the keys.
class Deflater;
class Inflater;

class PacketReader {
public:
  /// `habits` outlives the reader.
  explicit PacketReader(PacketHabits const &habits = kUsualPackets);
  ~PacketReader();
  /// Keeps `bytes`. No more than a packet's size is ever kept: call next() until it gives nothing.
  void feed(std::string_view bytes) { pending_ += bytes; }
  /// A whole packet's payload, valid until the next call; nothing where more bytes are needed.
  auto next() -> std::expected<std::optional<std::string_view>, PacketFault>;

  /// From the next packet on, which is not compressed; `restart`: its number is 0 (strict key exchange).
  void use(std::unique_ptr<Protection> protection, bool restart);
  void start_inflating();
  /// Of the packet that next() gave last.
  [[nodiscard]] auto sequence() const -> std::uint32_t { return sequence_ - 1; }
  /// Since the present protection is in use.
  [[nodiscard]] auto packets() const -> std::uint64_t { return packets_; }
  [[nodiscard]] auto bytes() const -> std::uint64_t { return bytes_; }
  /// Bytes that a program which reads a packet at a time would not have read yet.
  [[nodiscard]] auto unread() const -> std::size_t {
    auto const read = has_length_ ? protection_->head_bytes() : std::size_t{0};
    return pending_.size() - std::min(read, pending_.size());
  }
  /// Of the packet that was wrong.
  [[nodiscard]] auto padding() const -> unsigned { return padding_; }

private:
  PacketHabits const &habits_;
  std::unique_ptr<Protection> protection_ = make_no_protection();
  std::unique_ptr<Inflater> inflater_;
  std::string pending_;
  std::string packet_;  // and its room only while there is more to read
  std::string inflated_;
  std::uint32_t length_ = 0;
  unsigned padding_ = 0;
  bool has_length_ = false;
  std::uint32_t sequence_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
};

class PacketWriter {
public:
  /// `habits` outlives the writer.
  explicit PacketWriter(std::function<void(std::span<char>)> random, PacketHabits const &habits = kUsualPackets);
  ~PacketWriter();
  /// Appends `payload` as a packet to `wire`.
  void write(std::string_view payload, std::string &wire);
  void use(std::unique_ptr<Protection> protection, bool restart);
  void start_deflating();
  [[nodiscard]] auto packets() const -> std::uint64_t { return packets_; }
  [[nodiscard]] auto bytes() const -> std::uint64_t { return bytes_; }

private:
  std::function<void(std::span<char>)> random_;
  bool is_sealed_ = false;  // there are keys
  PacketHabits const &habits_;
  std::unique_ptr<Protection> protection_ = make_no_protection();
  std::unique_ptr<Deflater> deflater_;
  std::uint32_t sequence_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace noroshi::codec::ssh
