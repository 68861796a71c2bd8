// SSH's binary packets in both directions: lengths, padding, sequence numbers, compression (RFC 4253 section 6).
#pragma once

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

struct PacketLimits {
  std::uint32_t most_bytes = 256 << 10;  // a length that is more is a fault
};

/// zlib in one direction; its state lives as long as the keys.
class Deflater;
class Inflater;

class PacketReader {
public:
  explicit PacketReader(PacketLimits limits);
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
  /// What was fed and is in no packet yet.
  [[nodiscard]] auto pending() const -> std::string_view { return pending_; }
  /// Of the packet that was wrong.
  [[nodiscard]] auto padding() const -> unsigned { return padding_; }

private:
  PacketLimits limits_;
  std::unique_ptr<Protection> protection_ = make_no_protection();
  std::unique_ptr<Inflater> inflater_;
  std::string pending_;
  std::string packet_;
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
  explicit PacketWriter(std::function<void(std::span<char>)> random);
  ~PacketWriter();
  /// Appends `payload` as a packet to `wire`.
  void write(std::string_view payload, std::string &wire);
  void use(std::unique_ptr<Protection> protection, bool restart);
  void start_deflating();
  [[nodiscard]] auto packets() const -> std::uint64_t { return packets_; }
  [[nodiscard]] auto bytes() const -> std::uint64_t { return bytes_; }

private:
  std::function<void(std::span<char>)> random_;
  std::unique_ptr<Protection> protection_ = make_no_protection();
  std::unique_ptr<Deflater> deflater_;
  std::uint32_t sequence_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace noroshi::codec::ssh
