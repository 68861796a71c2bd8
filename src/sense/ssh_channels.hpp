// The channels of one SSH connection: shells, commands, file transfers, and ways into the network that lead nowhere.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "codec/ssh/channels.hpp"
#include "codec/ssh/transport.hpp"
#include "sense/ssh_persona.hpp"
#include "sense/ssh_program.hpp"
#include "sense/visit.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense {

class SshChannels {
public:
  SshChannels(SshPersona const &persona, codec::ssh::Transport &transport);

  /// One message of the connection protocol (80 and more). The transport is over where it breaks the protocol.
  void take(std::string_view payload, Visit &visit);
  /// Says what could not be said in one go; true where something was done. Call it until it is false.
  auto go_on(Visit &visit) -> bool;
  /// Notes what was left behind. Once.
  void finish(Visit &visit);

private:
  struct Channel {
    std::uint32_t theirs = 0, most_packet = 0;
    std::uint32_t window = 0;  // what we may send
    std::uint32_t room = 0;    // what they may
    std::uint32_t taken = 0;   // since they were told of more room
    bool is_session = false, has_terminal = false, is_closed = false, has_ended = false;
    bool is_busy = false;  // there may be something to do once all that came is read
    bool is_left = false;  // the client has closed it
    std::string unread;    // at most a window
    SshReply said;         // for their window
    std::unique_ptr<SshProgram> program;
  };

  void open(std::string_view payload, Visit &visit);
  [[nodiscard]] auto free_number() const -> std::uint32_t;
  void request(std::string_view payload, Visit &visit);
  auto begin(Channel &channel, codec::ssh::ChannelRequest const &asked, Visit &visit) -> bool;
  void global(std::string_view payload, Visit &visit);
  void message(std::string_view payload, Visit &visit);
  auto is_settled_early(std::string_view payload, bool is_whole) -> bool;
  void close(std::uint32_t number, Visit &visit);
  void leave(Channel &channel, Visit &visit);
  void hang_up(Channel &channel, Visit &visit);
  auto takes_variable(std::string_view name) const -> bool;
  [[nodiscard]] auto held() const -> std::size_t;
  void hear(Channel &channel, std::string_view bytes);
  void work(Channel &channel, Visit &visit);
  auto work_once(Channel &channel, Visit &visit) -> bool;
  void make_room(Channel &channel, std::size_t taken);
  auto flush(Channel &channel) -> std::size_t;
  void close_if_over(Channel &channel);

  SshPersona const &persona_;
  codec::ssh::Transport &transport_;
  codec::ssh::ChannelHabits const &habits_;
  codec::ssh::Trailing trailing_;
  VisitFiles files_;
  std::map<std::uint32_t, Channel> channels_;
  std::uint32_t opened_ = 0;
  std::uint32_t failed_ = 0;  // ways that led nowhere
  bool no_more_sessions_ = false;
};

}  // namespace noroshi::sense
