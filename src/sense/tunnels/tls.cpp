// TLS in a tunnel: the ClientHello is recorded, and refused as a server refuses what it has nothing in common with.
#include "codec/tls_hello.hpp"
#include "sense/ssh_tunnel.hpp"
#include "sense/tls_hello_note.hpp"

namespace noroshi::sense {
namespace {

using codec::tls::HelloFrame;

/// RFC 8446 section 6: fatal handshake_failure, in a record of TLS 1.2 as all versions write it.
constexpr auto kHandshakeFailure = std::string_view{"\x15\x03\x03\x00\x02\x02\x28", 7};

class TlsTunnel final : public TunnelProtocol {
public:
  [[nodiscard]] auto fits(std::string_view first) const -> Fits override {
    if (!codec::tls::begins_tls(first)) return Fits::no;
    return first.size() < 2 ? Fits::maybe : first[1] == '\x03' ? Fits::yes : Fits::no;
  }

  auto take(std::string_view bytes, TunnelTarget const &target, SshReply &reply, Visit &visit) -> std::size_t override {
    if (is_noted_) return bytes.size();
    auto const frame = codec::tls::frame_client_hello(bytes);
    if (frame.state == HelloFrame::State::incomplete) {
      unread_ = bytes;
      return 0;
    }
    is_noted_ = true;
    note_hello_bytes(visit, bytes, frame, through(target));
    reply.output += kHandshakeFailure;
    reply.is_over = true;
    return bytes.size();
  }

  auto finish(TunnelTarget const &target, Visit &visit) -> bool override {
    if (!std::exchange(is_noted_, true))
      note_hello_bytes(visit, unread_, codec::tls::frame_client_hello(unread_), through(target));
    return true;
  }

private:
  std::string unread_;  // of a hello that has not come whole: at most kMaxHelloRecords
  bool is_noted_ = false;
};

Registered<TunnelProtocol, TlsTunnel> const tls{"tls"};

}  // namespace
}  // namespace noroshi::sense
