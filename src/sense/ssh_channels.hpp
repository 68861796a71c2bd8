// The channels of one SSH connection: shells, single commands, and ways into the network that lead nowhere.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "codec/ssh/channels.hpp"
#include "codec/ssh/transport.hpp"
#include "sense/shell.hpp"
#include "sense/ssh_persona.hpp"
#include "sense/typed_line.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

class SshChannels {
public:
  SshChannels(SshPersona const &persona, codec::ssh::Transport &transport)
      : persona_(persona),
        habits_(persona.transport.manners->channels()),
        trailing_(persona.transport.manners->trailing()),
        transport_(transport) {}

  /// One message of the connection protocol (80 and more). The transport is over where it breaks the protocol.
  void take(std::string_view payload, Visit &visit);
  /// Notes what was left behind. Once.
  void finish(Visit &visit);

private:
  struct Channel {
    std::uint32_t theirs = 0, window = 0, most_packet = 0;
    std::uint32_t received = 0;  // since the last window adjustment
    bool is_session = false, has_terminal = false, is_closed = false, got_eof = false;
    std::string host;  // of a way into the network
    std::uint32_t port = 0;
    std::string first;    // its first bytes
    std::string waiting;  // for their window
    std::uint32_t ends_with = kRuns;
    TypedLine line;
    std::unique_ptr<Shell> shell;
  };
  static constexpr auto kRuns = 0xffffffffU;  // no exit status yet

  void open(std::string_view payload, Visit &visit);
  void request(std::string_view payload, Visit &visit);
  void global(std::string_view payload, Visit &visit);
  void message(std::string_view payload, Visit &visit);
  auto takes_variable(std::string_view name) const -> bool;
  void typed(Channel &channel, std::string_view bytes, Visit &visit);
  void execute(Channel &channel, std::string const &command, Visit &visit);
  void forward(Channel &channel, std::string_view bytes);
  void say(Channel &channel, std::string_view bytes);
  void end(Channel &channel, std::uint32_t status);
  void flush(Channel &channel);
  void note_forward(Channel &channel, Visit &visit);

  [[nodiscard]] auto free_number() const -> std::uint32_t;

  SshPersona const &persona_;
  codec::ssh::ChannelHabits const &habits_;
  codec::ssh::Trailing trailing_;
  codec::ssh::Transport &transport_;
  std::map<std::uint32_t, Channel> channels_;
  std::uint32_t opened_ = 0;
  bool no_more_sessions_ = false;
};

}  // namespace noroshi::sense
