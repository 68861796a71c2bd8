#include "codec/ssh/packets.hpp"

#include <array>

#include <zlib.h>

#include "base/bytes.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kLengthBytes = std::size_t{4};
constexpr auto kLeastPadding = std::size_t{4};
constexpr auto kStep = std::size_t{4096};

}  // namespace

class Inflater {
public:
  Inflater() { ::inflateInit(&stream_); }
  Inflater(Inflater const &) = delete;
  auto operator=(Inflater const &) -> Inflater & = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  auto run(std::string_view from, std::string &to, std::size_t most) -> bool {
    to.clear();
    stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(from.data()));  // zlib does not write there
    stream_.avail_in = static_cast<uInt>(from.size());
    for (;;) {
      auto const had = to.size();
      to.resize(had + kStep);
      stream_.next_out = reinterpret_cast<Bytef *>(to.data() + had);
      stream_.avail_out = kStep;
      auto const outcome = ::inflate(&stream_, Z_SYNC_FLUSH);
      to.resize(to.size() - stream_.avail_out);
      if (outcome == Z_BUF_ERROR) return true;  // all of it was read
      if (outcome != Z_OK || to.size() > most) return false;
    }
  }

private:
  z_stream stream_{};
};

class Deflater {
public:
  Deflater() { ::deflateInit(&stream_, 6); }
  Deflater(Deflater const &) = delete;
  auto operator=(Deflater const &) -> Deflater & = delete;
  ~Deflater() { ::deflateEnd(&stream_); }

  void run(std::string_view from, std::string &to, int flush) {
    stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(from.data()));
    stream_.avail_in = static_cast<uInt>(from.size());
    do {
      auto const had = to.size();
      to.resize(had + kStep);
      stream_.next_out = reinterpret_cast<Bytef *>(to.data() + had);
      stream_.avail_out = kStep;
      ::deflate(&stream_, flush);
      to.resize(to.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

private:
  z_stream stream_{};
};

PacketReader::PacketReader(PacketHabits const &habits) : habits_(habits) {}
PacketReader::~PacketReader() = default;

void PacketReader::use(std::unique_ptr<Protection> protection, bool restart) {
  protection_ = std::move(protection);
  inflater_.reset();
  packets_ = bytes_ = 0;
  if (restart) sequence_ = 0;
}

void PacketReader::start_inflating() { inflater_ = std::make_unique<Inflater>(); }

auto PacketReader::next() -> std::expected<std::optional<std::string_view>, PacketFault> {
  auto const head = protection_->head_bytes();
  if (pending_.empty()) {  // a visitor who is silent now holds no room
    pending_ = std::string{};
    packet_ = std::string{};
    inflated_ = std::string{};
    return std::nullopt;
  }
  if (!has_length_) {
    if (pending_.size() < head) return std::nullopt;
    length_ = protection_->open_head(sequence_, pending_.data());
    has_length_ = true;
    auto const whole = std::uint64_t{length_} + kLengthBytes + protection_->proof_bytes();
    if (length_ < habits_.least_length || length_ > habits_.most_length || whole > habits_.most_whole)
      return std::unexpected{PacketFault::length};
    auto const aligned = protection_->length_is_apart() ? length_ : length_ + kLengthBytes;
    if (aligned % protection_->block() != 0) return std::unexpected{PacketFault::alignment};
  }
  auto const size = kLengthBytes + length_ + protection_->proof_bytes();
  if (pending_.size() < size) return std::nullopt;
  packet_.assign(pending_, 0, size);
  pending_.erase(0, size);
  has_length_ = false;
  if (!protection_->open(sequence_, packet_.data(), size)) return std::unexpected{PacketFault::proof};
  ++sequence_;
  ++packets_;
  bytes_ += size;
  padding_ = static_cast<unsigned char>(packet_[kLengthBytes]);
  if (padding_ < habits_.least_padding) return std::unexpected{PacketFault::short_padding};
  if (padding_ + 1 > length_) return std::unexpected{PacketFault::padding};
  auto const payload = std::string_view{packet_}.substr(kLengthBytes + 1, length_ - padding_ - 1);
  if (payload.empty()) return std::unexpected{PacketFault::empty};
  if (payload.size() > habits_.most_payload) return std::unexpected{PacketFault::length};
  if (!inflater_) return payload;
  if (!inflater_->run(payload, inflated_, habits_.most_inflated)) return std::unexpected{PacketFault::compression};
  if (inflated_.empty()) return std::unexpected{PacketFault::empty};
  return std::string_view{inflated_};
}

PacketWriter::PacketWriter(std::function<void(std::span<char>)> random, PacketHabits const &habits)
    : random_(std::move(random)), habits_(habits) {}
PacketWriter::~PacketWriter() = default;

void PacketWriter::use(std::unique_ptr<Protection> protection, bool restart) {
  protection_ = std::move(protection);
  is_sealed_ = true;
  deflater_.reset();
  packets_ = bytes_ = 0;
  if (restart) sequence_ = 0;
}

void PacketWriter::start_deflating() { deflater_ = std::make_unique<Deflater>(); }

void PacketWriter::write(std::string_view payload, std::string &wire) {
  auto packet = std::string(kLengthBytes + 1, '\0');
  if (deflater_)
    deflater_->run(payload, packet, habits_.flushes_wholly ? Z_SYNC_FLUSH : Z_PARTIAL_FLUSH);
  else
    packet += payload;
  auto const block = protection_->block();
  auto const aligned = packet.size() - (protection_->length_is_apart() ? kLengthBytes : 0);
  auto padding = block - aligned % block;
  if (padding < kLeastPadding) padding += block;
  if (packet.size() + padding < habits_.least_sent) padding += block;
  packet[kLengthBytes] = static_cast<char>(padding);
  auto const filled = packet.size();
  packet.resize(filled + padding);
  if (is_sealed_ || !habits_.pads_with_zeros) random_(std::span{packet}.subspan(filled));
  auto const length = static_cast<std::uint32_t>(packet.size() - kLengthBytes);
  for (auto i = std::size_t{0}; i < kLengthBytes; ++i) packet[i] = static_cast<char>(length >> (24 - 8 * i));
  protection_->seal(sequence_++, packet);
  ++packets_;
  bytes_ += packet.size();
  wire += packet;
}

}  // namespace noroshi::codec::ssh
