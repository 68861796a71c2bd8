// The data types of SSH's messages (RFC 4251 section 5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace noroshi::codec::ssh {

inline auto read_string(ByteReader &from) -> std::string_view { return from.take(from.big<std::uint32_t>()); }
inline auto read_flag(ByteReader &from) -> bool { return from.big<std::uint8_t>() != 0; }

inline void append_string(std::string &to, std::string_view text) {
  append_be(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

/// `magnitude`: a number of zero or more, big-endian, leading zeros allowed.
inline void append_mpint(std::string &to, std::string_view magnitude) {
  magnitude.remove_prefix(std::min(magnitude.find_first_not_of('\0'), magnitude.size()));
  auto const wants_sign = !magnitude.empty() && (magnitude.front() & 0x80) != 0;
  append_be(to, static_cast<std::uint32_t>(magnitude.size() + (wants_sign ? 1 : 0)));
  if (wants_sign) to.push_back('\0');
  to += magnitude;
}

/// What becomes of bytes behind a message's end: some programs read no further than they have to.
enum class Trailing : std::uint8_t { refused, ignored };
inline auto is_whole(ByteReader const &from, Trailing trailing) -> bool {
  return !from.failed() && (trailing == Trailing::ignored || from.rest().empty());
}

/// Programs that read to the end also want text to be some: a NUL stands only at its end (OpenSSH, sshbuf_get_cstring).
inline auto is_text(std::string_view bytes, Trailing trailing) -> bool {
  return trailing == Trailing::ignored || bytes.empty() || !bytes.substr(0, bytes.size() - 1).contains('\0');
}

/// Message numbers (RFC 4250 section 4.1.2, RFC 4419, RFC 8308, OpenSSH's PROTOCOL).
enum class Message : std::uint8_t {
  disconnect = 1,
  ignore = 2,
  unimplemented = 3,
  debug = 4,
  service_request = 5,
  service_accept = 6,
  ext_info = 7,
  kexinit = 20,
  newkeys = 21,
  kex_first = 30,  // of the method's own: 30 to 49
  kex_second = 31,
  gex_init = 32,
  gex_reply = 33,
  gex_request = 34,
  kex_last = 49,
  auth_request = 50,
  auth_failure = 51,
  auth_success = 52,
  auth_banner = 53,
  auth_info_request = 60,  // also auth_pk_ok
  auth_info_response = 61,
  global_request = 80,
  request_success = 81,
  request_failure = 82,
  channel_open = 90,
  channel_open_confirmation = 91,
  channel_open_failure = 92,
  channel_window_adjust = 93,
  channel_data = 94,
  channel_extended_data = 95,
  channel_eof = 96,
  channel_close = 97,
  channel_request = 98,
  channel_success = 99,
  channel_failure = 100,
  ping = 192,
  pong = 193,
};

/// Reasons of a disconnect (RFC 4253 section 11.1).
enum class Reason : std::uint32_t {
  protocol_error = 2,
  key_exchange_failed = 3,
  mac_error = 5,
  service_not_available = 7,
  protocol_version_not_supported = 8,
  by_application = 11,
  no_more_auth_methods = 14,
};

/// A message's first byte, and room for what follows.
inline auto begin_message(Message message) -> std::string { return std::string(1, static_cast<char>(message)); }

}  // namespace noroshi::codec::ssh
