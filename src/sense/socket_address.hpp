// sockaddr and Endpoint, one into the other.
#pragma once

#include <array>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>

#include "model/ip.hpp"

namespace noroshi::sense {

class SocketAddress {
public:
  SocketAddress() = default;

  static auto of(model::Endpoint const &endpoint) -> SocketAddress {
    auto address = SocketAddress{};
    auto const bytes = endpoint.address.bytes();
    if (endpoint.address.is_v4()) {
      auto v4 = sockaddr_in{};
      v4.sin_family = AF_INET;
      v4.sin_port = htons(endpoint.port);
      std::memcpy(&v4.sin_addr, bytes.data() + 12, 4);
      std::memcpy(&address.storage_, &v4, sizeof v4);
      address.size_ = sizeof v4;
    } else {
      auto v6 = sockaddr_in6{};
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(endpoint.port);
      std::memcpy(&v6.sin6_addr, bytes.data(), 16);
      std::memcpy(&address.storage_, &v6, sizeof v6);
      address.size_ = sizeof v6;
    }
    return address;
  }

  /// For calls that fill it in.
  auto get() -> sockaddr * { return reinterpret_cast<sockaddr *>(&storage_); }
  [[nodiscard]] auto get() const -> sockaddr const * { return reinterpret_cast<sockaddr const *>(&storage_); }
  [[nodiscard]] auto size() const -> socklen_t { return size_; }
  auto room() -> socklen_t * {
    size_ = sizeof storage_;
    return &size_;
  }

  /// ::ffff:a.b.c.d and a.b.c.d are one address here, as in IpAddress.
  [[nodiscard]] auto endpoint() const -> model::Endpoint {
    if (storage_.ss_family == AF_INET) {
      auto v4 = sockaddr_in{};
      std::memcpy(&v4, &storage_, sizeof v4);
      return {model::IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
    }
    auto v6 = sockaddr_in6{};
    std::memcpy(&v6, &storage_, sizeof v6);
    auto bytes = std::array<std::uint8_t, 16>{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return {model::IpAddress::from_bytes(bytes), ntohs(v6.sin6_port)};
  }

private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace noroshi::sense
