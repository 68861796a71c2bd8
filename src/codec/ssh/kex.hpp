// The server's half of SSH's key exchanges (RFC 4253 section 8, RFC 4419, RFC 5656, RFC 8268, RFC 8731, and OpenSSH's
// sntrup761x25519-sha512).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/ssh/dh.hpp"
#include "codec/ssh/host_key.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {

using Random = std::function<void(std::span<char>)>;

/// What a client asks for in group exchange, in bits (RFC 4419 section 3).
struct GroupWish {
  unsigned least, wanted, most;
};
/// Of the groups that a server offers, the one for a wish; nullptr: none.
using ChooseGroup = std::function<DhGroup const *(GroupWish const &, Random const &)>;

/// What both sides hashed before the method's own values.
struct ExchangeOpening {
  std::string client_version, server_version;  // without line ends
  std::string client_kexinit, server_kexinit;  // payloads
};

/// What came of one message.
struct ExchangeStep {
  std::string reply;  // the payload to be sent
  bool is_over = false;
};

/// Where it is over: what keys are derived from.
struct Agreement {
  std::string secret;  // as it is hashed: with its length
  std::string hash;    // H; that of the first exchange is the session's id
};

class KeyExchange {
public:
  virtual ~KeyExchange() = default;
  /// `payload` has a number that belongs to key exchanges. malformed: a value that the method refuses, or the wrong
  /// message.
  virtual auto receive(std::string_view payload) -> Result<ExchangeStep> = 0;
  /// Whether a message of this number belongs to the method now.
  [[nodiscard]] virtual auto expects(Message number) const -> bool { return number == Message::kex_first; }
  [[nodiscard]] auto agreement() const -> Agreement const & { return agreement_; }
  /// Bytes of this connection's keys (RFC 4253 section 7.2): `letter` A to F.
  [[nodiscard]] virtual auto derive(char letter, std::string_view session, std::size_t bytes) const -> std::string = 0;

protected:
  Agreement agreement_;
};

struct ExchangeContext {
  ExchangeOpening const &opening;
  HostKey const &host_key;
  std::string_view host_algorithm;
  Random const &random;
  ChooseGroup const &choose_group;
  int least_dh_bits = 4;  // set in the client's value; fewer are refused
};

/// `context` outlives the exchange. malformed: an unknown name.
auto make_key_exchange(std::string_view name, ExchangeContext const &context) -> Result<std::unique_ptr<KeyExchange>>;
auto known_key_exchanges() -> std::vector<std::string_view>;

}  // namespace noroshi::codec::ssh
