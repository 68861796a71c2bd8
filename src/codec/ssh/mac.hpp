// The message authentication codes that SSH packets carry: HMAC (RFC 2104, RFC 6668) and UMAC (RFC 4418, as OpenSSH
// uses it).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::codec::ssh {

/// One key's authentication of packets.
class Mac {
public:
  virtual ~Mac() = default;
  /// Appends the code of the sequence number (four bytes, big-endian) and `bytes`.
  virtual void append(std::string &to, std::uint32_t sequence, std::string_view bytes) = 0;
};

/// What a name stands for.
struct MacForm {
  std::string_view name;
  std::size_t key_bytes = 0;
  std::size_t code_bytes = 0;
  bool over_encrypted = false;  // "-etm": over the bytes that are sent, the length in the clear
};

auto mac_forms() -> std::vector<MacForm> const &;
auto find_mac(std::string_view name) -> Result<MacForm>;
auto make_mac(MacForm const &form, std::string_view key) -> std::unique_ptr<Mac>;

}  // namespace noroshi::codec::ssh
