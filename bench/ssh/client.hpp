// The client that all servers are measured with: one kex, cipher and host-key type, and nothing that a client could
// leave out. Its key pair, cookie and padding are the same for every connection and it believes any signature, so that
// it costs less than any server that does its part.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/ssh/packets.hpp"

namespace noroshi::bench {

inline constexpr auto kSshTerms = "curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256";

/// Where a conversation has what it came for.
enum class SshGoal { handshake, login, shell };

/// What all connections have in common.
struct SshVisitor {
  SshVisitor(std::string user_name, std::string its_password);
  std::string user, password;
  std::string key;      // X25519
  std::string point;    // its public half
  std::string kexinit;  // the payload
};

/// One conversation, without its socket: bytes in, bytes out.
class SshConversation {
public:
  /// `visitor` outlives it. What is said first stands in `to`.
  SshConversation(SshVisitor const &visitor, SshGoal goal, std::string &to);

  enum class Outcome { goes_on, reached, refused };
  /// Appends what is said to `bytes`.
  auto hear(std::string_view bytes, std::string &to) -> Outcome;
  [[nodiscard]] auto goal() const -> SshGoal { return goal_; }
  /// The server's side of the keys: for a server that knows everything beforehand.
  [[nodiscard]] auto server_out() const -> std::unique_ptr<codec::ssh::Protection>;

private:
  auto take(std::string_view payload, std::string &to) -> Outcome;
  void take_version(std::string &to);
  void exchange(std::string_view payload);
  void log_in(std::string &to);
  void open(std::string &to);
  void ask_for_shell(std::string &to);
  [[nodiscard]] auto derive(char letter, std::size_t bytes) const -> std::string;
  [[nodiscard]] auto protect(char iv, char key, char mac, codec::ssh::Direction direction) const
      -> std::unique_ptr<codec::ssh::Protection>;

  SshVisitor const *visitor_;
  SshGoal goal_;
  codec::ssh::PacketReader reader_;
  codec::ssh::PacketWriter writer_;
  std::string server_version_, server_kexinit_;
  std::string secret_, hash_;
  bool has_version_ = false;
};

}  // namespace noroshi::bench
