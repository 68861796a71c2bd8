#include "codec/ssh/manners.hpp"

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
  [[nodiscard]] auto lines_before_version() const -> unsigned override { return 0; }
  [[nodiscard]] auto most_version_bytes() const -> std::size_t override { return 8192; }
};

/// Dropbear (2016 to 2022): says nothing, and goes.
class Dropbear final : public Manners {
public:
  [[nodiscard]] auto of(Offence /*offence*/, std::string_view /*detail*/) const -> Farewell override { return {}; }
  [[nodiscard]] auto of(PacketFault /*fault*/, unsigned /*padding*/) const -> Farewell override { return {}; }
  [[nodiscard]] auto lines_before_version() const -> unsigned override { return 50; }
  [[nodiscard]] auto most_version_bytes() const -> std::size_t override { return 255; }
};

}  // namespace

auto manners_of(std::string_view program) -> Result<Manners const *> {
  static OpenSsh const openssh;
  static Dropbear const dropbear;
  if (program == "openssh") return &openssh;
  if (program == "dropbear") return &dropbear;
  return fail(ErrorCode::malformed, "\"{}\" is no SSH server that is imitated here: openssh or dropbear", program);
}

}  // namespace noroshi::codec::ssh
