// Network captures as tests need them: pcap and pcapng, Ethernet, BSD loopback, raw IP and Linux cooked frames, IPv4
// and IPv6, TCP put together by sequence number. For files we trust; a damaged one gives fewer streams.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/bytes.hpp"
#include "model/ip.hpp"

namespace noroshi::test {

/// One direction of one TCP connection.
struct TcpStream {
  model::Endpoint source;
  model::Endpoint destination;
  std::string bytes;  // up to the first gap
};

class Capture {
public:
  explicit Capture(std::string_view file) {
    auto const magic = file.size() < 24 ? 0U : load_le<std::uint32_t>(file.data());
    if (magic == 0x0a0d0d0a) read_pcapng(file);
    if (magic == 0xa1b2c3d4 || magic == 0xa1b23c4d) read_pcap(file);
  }

  /// In the order of their first packets.
  [[nodiscard]] auto streams() const -> std::vector<TcpStream> {
    auto all = std::vector<TcpStream>{};
    for (auto const &key : order_) {
      auto const &[source, destination] = key;
      all.push_back({source, destination, assemble(flows_.at(key))});
    }
    return all;
  }

private:
  using Key = std::pair<model::Endpoint, model::Endpoint>;
  struct Less {
    static auto parts(model::Endpoint const &end) {
      return std::tuple{end.address.high(), end.address.low(), end.port};
    }
    auto operator()(Key const &a, Key const &b) const -> bool {
      return std::pair{parts(a.first), parts(a.second)} < std::pair{parts(b.first), parts(b.second)};
    }
  };
  struct Flow {
    bool begun = false;
    std::uint32_t first = 0;
    std::map<std::uint32_t, std::string> pieces;  // by distance from the first byte
  };

  static auto number(std::string_view bytes, std::size_t at) -> unsigned {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
  }
  static auto number16(std::string_view bytes, std::size_t at) -> unsigned {
    return number(bytes, at) << 8U | number(bytes, at + 1);
  }

  void read_pcap(std::string_view file) {
    auto const link = load_le<std::uint32_t>(file.data() + 20);
    for (auto at = std::size_t{24}; at + 16 <= file.size();) {
      auto const size = load_le<std::uint32_t>(file.data() + at + 8);
      read_frame(link, file.substr(at + 16, size));
      at += 16 + size;
    }
  }

  void read_pcapng(std::string_view file) {
    auto links = std::vector<std::uint32_t>{};
    for (auto at = std::size_t{0}; at + 12 <= file.size();) {
      auto const type = load_le<std::uint32_t>(file.data() + at);
      auto const size = load_le<std::uint32_t>(file.data() + at + 4);
      if (size < 12) return;
      auto const body = file.substr(at + 8, size - 12);
      if (type == 1 && body.size() >= 8) links.push_back(load_le<std::uint16_t>(body.data()));
      if (type == 6 && body.size() >= 20 && load_le<std::uint32_t>(body.data()) < links.size())
        read_frame(links[load_le<std::uint32_t>(body.data())],
                   body.substr(20, load_le<std::uint32_t>(body.data() + 12)));
      at += size;
    }
  }

  void read_frame(std::uint32_t link, std::string_view frame) {
    if (link == 0) return read_packet(frame.substr(std::min<std::size_t>(4, frame.size())));
    if (link == 101) return read_packet(frame);
    auto at = std::size_t{link == 113 ? 14U : 12U};
    while (number16(frame, at) == 0x8100 || number16(frame, at) == 0x88a8) at += 4;
    read_packet(frame.substr(std::min(at + 2, frame.size())));
  }

  void read_packet(std::string_view packet) {
    auto const version = number(packet, 0) >> 4U;
    if (version == 4 && packet.size() >= 20 && number(packet, 9) == 6) {
      auto const from = model::IpAddress::v4(load_be<std::uint32_t>(packet.data() + 12));
      auto const to = model::IpAddress::v4(load_be<std::uint32_t>(packet.data() + 16));
      packet = packet.substr(0, number16(packet, 2));
      read_segment(from, to, packet.substr(std::min<std::size_t>((number(packet, 0) & 15U) * 4, packet.size())));
    }
    if (version == 6 && packet.size() >= 40 && number(packet, 6) == 6) {
      auto const address = [&packet](std::size_t at) {
        return model::IpAddress{load_be<std::uint64_t>(packet.data() + at),
                                load_be<std::uint64_t>(packet.data() + at + 8)};
      };
      read_segment(address(8), address(24), packet.substr(40, number16(packet, 4)));
    }
  }

  void read_segment(model::IpAddress const &from, model::IpAddress const &to, std::string_view segment) {
    if (segment.size() < 20) return;
    auto const key = Key{{from, static_cast<std::uint16_t>(number16(segment, 0))},
                         {to, static_cast<std::uint16_t>(number16(segment, 2))}};
    auto const sequence = load_be<std::uint32_t>(segment.data() + 4);
    auto const opens = (number(segment, 13) & 2U) != 0;
    auto &flow = flows_[key];
    if (!flow.begun) {
      flow.begun = true;
      flow.first = sequence + (opens ? 1 : 0);
      order_.push_back(key);
    }
    auto const bytes = segment.substr(std::min<std::size_t>((number(segment, 12) >> 4U) * 4, segment.size()));
    if (!bytes.empty() && !opens) flow.pieces.try_emplace(sequence - flow.first, bytes);
  }

  static auto assemble(Flow const &flow) -> std::string {
    auto bytes = std::string{};
    for (auto const &[at, piece] : flow.pieces) {
      if (at > bytes.size()) break;
      if (at + piece.size() > bytes.size()) bytes += piece.substr(bytes.size() - at);
    }
    return bytes;
  }

  std::map<Key, Flow, Less> flows_;
  std::vector<Key> order_;
};

}  // namespace noroshi::test
