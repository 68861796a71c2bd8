#include "codec/ssh/manners.hpp"

#include <array>
#include <cstdio>
#include <limits>

#include <fmt/format.h>

namespace noroshi::codec::ssh {
namespace {

/// OpenSSH's server (portable 8.9 to 9.2): a line before the first packets, later messages in a disconnect or nothing.
class OpenSsh final : public Manners {
public:
  [[nodiscard]] auto of(Offence offence, std::string_view detail) const -> Farewell override {
    switch (offence) {
      case Offence::version_line: return {.text = "Invalid SSH identification string.\r\n"};
      case Offence::version_number: return {.text = "Protocol major versions differ.\r\n"};
      case Offence::unexpected_in_kex:
        return {Reason::protocol_error, fmt::format("strict KEX violation: unexpected packet type {}", detail)};
      case Offence::kexinit_not_first:
        return {Reason::protocol_error, "strict KEX violation: KEXINIT was not the first packet"};
      case Offence::no_message: return {Reason::protocol_error, fmt::format("Invalid ssh2 packet type: {}", detail)};
      case Offence::service: return {Reason::protocol_error, fmt::format("bad service request {}", detail)};
      case Offence::other_user:
        return {Reason::protocol_error, fmt::format("Change of username or service not allowed: {}", detail)};
      case Offence::many_tries: return {Reason::protocol_error, "Too many authentication failures"};
      case Offence::unknown_channel: return {Reason::protocol_error, std::string{detail}};
      case Offence::second_session:
        return {Reason::protocol_error,
                "Possible attack: attempt to open a session after additional sessions disabled"};
      case Offence::malformed_kexinit:
      case Offence::malformed:
      case Offence::nothing_common:
      case Offence::kex_value:
      case Offence::too_early: break;
    }
    return {};
  }
  [[nodiscard]] auto of(PacketFault fault, unsigned padding) const -> Farewell override {
    if (fault == PacketFault::short_padding)
      return {Reason::protocol_error, fmt::format("Corrupted padlen {} on input.", padding)};
    return {};
  }

  /// A byte at a time: what is wrong with a line is known before it ends.
  [[nodiscard]] auto read_version(std::string_view bytes) const -> VersionLine override {
    for (auto at = std::size_t{0}; at < bytes.size(); ++at) {
      auto const c = bytes[at];
      auto const after_return = at > 0 && bytes[at - 1] == '\r';
      if (c == '\n')
        return {VersionLine::State::whole, std::string{bytes.substr(0, after_return ? at - 1 : at)}, at + 1};
      if (c == '\0' || after_return || at > kMostVersionBytes)
        return {VersionLine::State::bad, std::string{bytes.substr(0, at + 1)}, at + 1};
    }
    return {};
  }
  /// As scanf's "%d.%d-%[^\n]" reads it: blanks and signs are part of numbers.
  [[nodiscard]] auto judge_version(std::string_view line) const -> std::optional<Offence> override {
    auto major = 0;
    auto minor = 0;
    auto software = std::array<char, 2>{};
    if (std::sscanf(std::string{line}.c_str(), "SSH-%d.%d-%1[^\n]", &major, &minor, software.data()) != 3)
      return Offence::version_line;
    if (major != 2 && (major != 1 || minor != 99)) return Offence::version_number;
    return std::nullopt;
  }
  [[nodiscard]] auto lines_before_version() const -> unsigned override { return 0; }
  [[nodiscard]] auto proposes_first() const -> bool override { return false; }
  [[nodiscard]] auto packets() const -> PacketHabits const & override { return kUsualPackets; }
  [[nodiscard]] auto trailing() const -> Trailing override { return Trailing::refused; }
  [[nodiscard]] auto most_names() const -> std::size_t override { return std::numeric_limits<std::size_t>::max(); }
  [[nodiscard]] auto fate(Message number, Moment const &moment) const -> Fate override {
    return number == Message::service_request && moment.is_logged_in ? Fate::unimplemented : Fate::read;
  }
  [[nodiscard]] auto least_dh_bits() const -> int override { return 4; }
  [[nodiscard]] auto leaves_unread() const -> Unread override { return Unread::version; }
  [[nodiscard]] auto loses_unsent() const -> bool override { return true; }

  [[nodiscard]] auto wants_service() const -> bool override { return true; }
  [[nodiscard]] auto serves(std::string_view service, bool /*is_logged_in*/) const -> bool override {
    return service == "ssh-userauth";
  }
  [[nodiscard]] auto logs_in_to(std::string_view /*service*/) const -> bool override { return true; }
  [[nodiscard]] auto most_user_bytes() const -> std::size_t override { return std::numeric_limits<std::size_t>::max(); }
  [[nodiscard]] auto most_password_bytes() const -> std::size_t override { return 1024; }
  [[nodiscard]] auto may_change_user() const -> bool override { return false; }
  [[nodiscard]] auto refusal(std::string_view method, bool is_offered, bool is_first) const -> RefusalCost override {
    if (method == "none") return {.counts = !is_first, .doubles = false};
    return {.counts = true, .waits = is_offered && (method == "password" || method == "keyboard-interactive")};
  }

  [[nodiscard]] auto channels() const -> ChannelHabits const & override {
    // Windows of 64 packets of 32 KiB, MaxSessions' default, and one reason whatever is wrong.
    static constexpr auto kWindow = std::uint32_t{2} << 20;
    static constexpr auto habits = ChannelHabits{.session_window = 0,
                                                 .program_window = kWindow,
                                                 .tunnel_window = kWindow,
                                                 .most_packet = std::uint32_t{32} << 10,
                                                 .most_window = 0xffffffff,
                                                 .clamps_window = false,
                                                 .extended_after = (std::uint32_t{96} << 10) + 1,
                                                 .most_open = 10,
                                                 .too_many = 2,
                                                 .unknown_type = 2,
                                                 .failure_text = "open failed",
                                                 .reuses_numbers = false,
                                                 .heeds_last_session = true,
                                                 .always_tells_port = false,
                                                 .is_strict = false,
                                                 .empty_eof_closes = false,
                                                 .resizes_any_session = true,
                                                 .reads_in_steps = true,
                                                 .close_awaits_program = true,
                                                 .greets_pipes = true,
                                                 .names_unresolved = false};
    return habits;
  }

private:
  static constexpr auto kMostVersionBytes = std::size_t{8192};
};

}  // namespace

auto manners_of(std::string_view program) -> Result<Manners const *> {
  static OpenSsh const openssh;
  if (program == "openssh") return &openssh;
  if (program == "dropbear") return &dropbear_manners();
  if (program == "dropbear-2015") return &old_dropbear_manners();
  return fail(ErrorCode::malformed, "\"{}\" is no SSH server that is imitated here: openssh, dropbear or dropbear-2015",
              program);
}

}  // namespace noroshi::codec::ssh
