// The server's side of SSH's transport layer as a state machine: bytes in, events and bytes out (RFC 4253, RFC 8308,
// and OpenSSH's strict key exchange, PROTOCOL section 1.9). What is above it sees only messages.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/ssh/host_key.hpp"
#include "codec/ssh/kex.hpp"
#include "codec/ssh/kexinit.hpp"
#include "codec/ssh/manners.hpp"
#include "codec/ssh/packets.hpp"

namespace noroshi::codec::ssh {

/// One server's; outlives its connections.
struct TransportSettings {
  std::string version;  // "SSH-2.0-…", without the line's end
  KexInit proposal;     // its cookie is drawn anew each time
  std::vector<HostKey const *> host_keys;
  std::vector<std::pair<std::string, std::string>> extensions;  // of SSH_MSG_EXT_INFO, in order
  ChooseGroup choose_group;
  std::uint64_t rekey_bytes = std::uint64_t{1} << 30;  // either way; then the server asks for new keys
  Manners const *manners = nullptr;
};

struct TransportEvent {
  enum class Kind : std::uint8_t {
    version,  // the client's line
    kexinit,  // the payload of the client's first one
    agreed,   // the answer to the client's first key exchange stands in the output, and nothing else behind it
    keyed,    // the first keys are in use
    message,  // one for what is above: 50 and more, or a service request
    offence,  // a sentence about what the client did; the connection ends
    left,     // the client said goodbye: its reason's text
  };
  Kind kind;
  std::string bytes;
};

class Transport {
public:
  Transport(TransportSettings const &settings, Random random);
  ~Transport();

  void feed(std::string_view bytes);
  /// What happened next; nothing where more bytes are needed, or the connection is over.
  auto next() -> std::optional<TransportEvent>;
  /// Sends a message of what is above; while keys are exchanged it waits for the new ones.
  void send(std::string_view payload);
  /// What is above found something wrong: the connection ends as the program ends it.
  void refuse(Offence offence, std::string_view detail) { refused_ = offend(offence, detail); }
  /// The answer to a message that the program does not know, or not now.
  void unimplemented();
  /// Somebody has logged in; compression that waited for that begins (zlib@openssh.com).
  void log_in();
  /// Bytes for the client; taken.
  [[nodiscard]] auto take_output() -> std::string { return std::exchange(output_, {}); }
  [[nodiscard]] auto is_over() const -> bool { return is_over_; }
  /// What is sent now waits for new keys.
  [[nodiscard]] auto holds_messages() const -> bool { return kexinit_sent_; }
  /// It is over, and the program would have left bytes on the socket: the client sees a reset.
  [[nodiscard]] auto ends_in_reset() const -> bool;

  [[nodiscard]] auto session() const -> std::string const & { return session_; }
  [[nodiscard]] auto client_version() const -> std::string const & { return client_version_; }
  /// From the event of the client's KEXINIT until the keys are in use.
  /// While the first keys are exchanged; nullptr later.
  [[nodiscard]] auto client_kexinit() const -> KexInit const * {
    return negotiation_ ? &negotiation_->client : nullptr;
  }
  [[nodiscard]] auto chosen() const -> Chosen const & { return negotiation_->chosen; }
  /// Of the message that next() gave last: what SSH_MSG_UNIMPLEMENTED names.
  [[nodiscard]] auto sequence() const -> std::uint32_t { return reader_.sequence(); }

private:
  enum class State : std::uint8_t { version, packets };
  using Event = std::optional<TransportEvent>;

  auto read_version() -> Event;
  [[nodiscard]] auto moment() const -> Moment;
  auto take_version(std::string_view line) -> Event;
  auto take_packet(std::string_view payload) -> Event;
  auto take_kexinit(std::string_view payload) -> Event;
  auto take_exchange(std::string_view payload) -> Event;
  auto take_newkeys(std::string_view payload) -> Event;
  auto take_in_kex(std::string_view payload) -> Event;
  auto take_plain(std::string_view payload) -> Event;
  auto offend(Offence offence, std::string_view detail) -> Event;
  auto offend(PacketFault fault) -> Event;
  auto end(Farewell const &farewell, std::string sentence) -> Event;
  auto host_key_for(std::string_view algorithm) const -> HostKey const *;
  void send_kexinit();
  void send_extensions();
  void write(std::string_view payload) { writer_.write(payload, output_); }
  auto keys_of(char iv, char key, char mac, KeySizes const &sizes) const -> Keys;
  [[nodiscard]] auto is_compressed(std::string_view method) const -> bool;
  auto use_keys_out() -> bool;
  auto use_keys_in() -> bool;

  TransportSettings const &settings_;
  Random random_;
  State state_ = State::version;
  PacketReader reader_;
  PacketWriter writer_;
  std::string line_;  // of the version, as far as it came
  std::string output_;
  unsigned lines_ = 0;
  unsigned exchanges_ = 0;
  bool is_over_ = false;
  Event refused_;  // what next() is still to tell

  /// What is needed until new keys are in use, and gone then: a held session lasts for hours without it.
  struct Negotiation {
    ExchangeOpening opening;
    KexInit client, server;
    Chosen chosen;
    std::unique_ptr<KeyExchange> exchange;  // from the client's KEXINIT on
  };
  [[nodiscard]] auto is_exchanging() const -> bool { return negotiation_ && negotiation_->exchange; }

  std::unique_ptr<Negotiation> negotiation_;
  std::string client_version_;
  std::string session_;
  bool is_keyed_ = false;        // once
  bool kexinit_sent_ = false;    // of the exchange that goes on
  bool awaits_newkeys_ = false;  // ours are sent
  bool drops_next_ = false;      // the client's guess was wrong
  bool is_strict_ = false;
  bool is_logged_in_ = false;
  bool delays_in_ = false, delays_out_ = false;  // compression begins with the log-in
  std::vector<std::string> waiting_;             // messages for after the exchange
};

}  // namespace noroshi::codec::ssh
