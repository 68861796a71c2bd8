// The servers that ours is measured beside, as `./dev bench` unpacks them: Cowrie from PyPI in an environment of its
// own, Debian's sshd in a mount namespace with users of its own. Each on core 0, from start to end.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace noroshi::bench {

/// Who all servers let in.
inline constexpr auto kUser = "root";
inline constexpr auto kPassword = "admin";

class Peer {
public:
  /// `words` are run in `folder`, which goes with this object. Returns when somebody answers at `port`.
  Peer(std::vector<std::string> words, std::string folder, std::uint16_t port);
  Peer(Peer const &) = delete;
  auto operator=(Peer const &) -> Peer & = delete;
  ~Peer();
  [[nodiscard]] auto port() const -> std::uint16_t { return port_; }
  [[nodiscard]] auto process() const -> pid_t { return child_; }

private:
  std::string folder_;
  pid_t child_ = -1;
  std::uint16_t port_;
};

/// nullptr, and a line that says why, where the program is not there.
auto start_cowrie() -> std::unique_ptr<Peer>;
auto start_sshd() -> std::unique_ptr<Peer>;

}  // namespace noroshi::bench
