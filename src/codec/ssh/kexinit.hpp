// SSH_MSG_KEXINIT: what each side can do, and what both choose of it (RFC 4253 section 7.1).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {

/// The ten name lists, each "one,two", in the order in which they are sent.
enum class List : std::uint8_t {
  kex,
  host_keys,
  ciphers_in,  // client to server
  ciphers_out,
  macs_in,
  macs_out,
  compression_in,
  compression_out,
  languages_in,
  languages_out,
};
inline constexpr auto kLists = std::size_t{10};

struct KexInit {
  std::array<char, 16> cookie{};
  std::array<std::string, kLists> lists;
  bool first_follows = false;  // a guessed message comes next
  std::uint32_t reserved = 0;

  [[nodiscard]] auto operator[](List list) const -> std::string const & {
    return lists[static_cast<std::size_t>(list)];
  }
  [[nodiscard]] auto operator[](List list) -> std::string & { return lists[static_cast<std::size_t>(list)]; }
};

/// `payload` begins with the message's number. malformed: another message, or one that ends early or late.
auto parse_kexinit(std::string_view payload, Trailing trailing = Trailing::refused) -> Result<KexInit>;
auto to_payload(KexInit const &kexinit) -> std::string;

/// Whether "one,two" has `name` as one of its names.
auto has_name(std::string_view list, std::string_view name) -> bool;
/// The first of the client's names that the server has too; empty where there is none.
auto first_common(std::string_view client, std::string_view server) -> std::string_view;

/// What a connection uses from the next SSH_MSG_NEWKEYS on. Views into the lists that were compared.
struct Chosen {
  std::string_view kex, host_key;
  std::string_view cipher_in, cipher_out;
  std::string_view mac_in, mac_out;  // empty: the cipher authenticates
  std::string_view compression_in, compression_out;
  bool drops_guess = false;  // the client guessed wrongly: its next message is to be ignored
};
/// The first list on which both have nothing in common.
struct NothingCommon {
  List list;
};
auto choose(KexInit const &client, KexInit const &server) -> std::expected<Chosen, NothingCommon>;

/// HASSH (salesforce/hassh): the MD5 of the client's key exchanges, ciphers, MACs and compressions; lower-case digits.
auto hassh(KexInit const &client) -> std::string;
/// The text that HASSH digests.
auto hassh_text(KexInit const &client) -> std::string;

}  // namespace noroshi::codec::ssh
