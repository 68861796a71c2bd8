// TlsStream: the server's side of TLS as a Stream on top of another one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sense/openssl.hpp"
#include "sense/stream.hpp"
#include "sense/tls_context.hpp"

namespace noroshi::sense {

/// OpenSSL reads and writes the stream below directly, so that nothing is buffered but the record in hand (up to 17 KiB
/// each way, given back when it is empty), and backpressure reaches the peer. The handshake comes first.
class TlsStream final : public Stream {
public:
  /// `received` was read off `below` already and comes first. `context` outlives this.
  TlsStream(TlsContext const &context, std::unique_ptr<Stream> below, std::string received);
  TlsStream(TlsStream const &) = delete;
  auto operator=(TlsStream const &) -> TlsStream & = delete;
  ~TlsStream() override = default;

  /// Goes on with the handshake. done: complete (bytes is 0). failed: see problem(); the peer was sent its alert.
  auto handshake() -> StreamStep;
  /// Says good-bye (close_notify), as far as the stream below takes it at once.
  void say_goodbye();
  /// What broke the protocol, in OpenSSL's words; empty where nothing did, or the stream below failed.
  [[nodiscard]] auto problem() const -> std::string const & { return problem_; }

  /// What both agreed upon; of a handshake that is complete. Views live as long as this.
  struct Agreed {
    std::string_view version;  // "TLSv1.3"
    std::string_view cipher;   // "TLS_AES_256_GCM_SHA384"
    std::string_view alpn;     // empty: none
    bool resumed = false;
  };
  [[nodiscard]] auto agreed() const -> Agreed;

  auto try_read(char *to, std::size_t size) -> StreamStep override;
  auto try_write(std::string_view bytes) -> StreamStep override;
  void when_readable(StreamWaiter &waiter) override { wait(waiter); }
  void when_writable(StreamWaiter &waiter) override { wait(waiter); }

private:
  /// What OpenSSL calls in the place of a socket.
  struct Below;
  auto outcome(StreamStep const &step, std::size_t *moved) -> int;
  /// What an OpenSSL call that returned `outcome` came to.
  auto step_of(int outcome, std::size_t bytes) -> StreamStep;
  void wait(StreamWaiter &waiter);

  std::unique_ptr<Stream> below_;
  std::string received_;
  std::string problem_;
  StreamStep::State below_state_ = StreamStep::State::done;  // of its last step
  bool wants_to_write_ = false;                              // what the last call waits for
  OpensslConnection connection_;                             // last: it goes before what its BIO refers to
};

}  // namespace noroshi::sense
