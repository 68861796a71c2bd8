// A client's bytes in two cuts: the server must say the same, and end.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

#include "codec/ssh/auth.hpp"
#include "codec/ssh/channels.hpp"
#include "codec/ssh/transport.hpp"

namespace {

using namespace noroshi;
using namespace codec::ssh;

auto settings(std::string_view program) -> TransportSettings {
  static auto const key = *HostKey::generate("ed25519");
  auto all = TransportSettings{};
  all.version = "SSH-2.0-x";
  all.proposal[List::kex] =
      "curve25519-sha256,diffie-hellman-group-exchange-sha256,kexguess2@matt.ucc.asn.au,kex-strict-s-v00@openssh.com";
  all.proposal[List::host_keys] = "ssh-ed25519";
  all.proposal[List::ciphers_in] = all.proposal[List::ciphers_out] = "aes128-ctr,aes128-gcm@openssh.com";
  all.proposal[List::macs_in] = all.proposal[List::macs_out] = "hmac-sha2-256";
  all.proposal[List::compression_in] = all.proposal[List::compression_out] = "none,zlib";
  all.host_keys = {&key};
  all.choose_group = [](GroupWish const &, Random const &) { return fixed_group(14); };
  all.manners = *manners_of(program);
  return all;
}

/// Kinds of what happened, and how much was said.
auto talk(TransportSettings const &settings, std::string_view bytes, std::size_t piece) -> std::string {
  auto engine = std::mt19937{1};
  auto transport = Transport{settings, [&](std::span<char> to) {
                               for (auto &byte : to) byte = static_cast<char>(engine());
                             }};
  auto heard = std::string{};
  for (auto at = std::size_t{0}; at < bytes.size() && !transport.is_over(); at += piece) {
    transport.feed(bytes.substr(at, piece));
    while (auto const happened = transport.next())
      heard.push_back(static_cast<char>('a' + static_cast<int>(happened->kind)));
  }
  return heard + (transport.is_over() ? "." : "");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  static auto const servers = std::array{settings("openssh"), settings("dropbear"), settings("dropbear-2015")};
  for (auto const &server : servers)
    if (talk(server, bytes, bytes.size() + 1) != talk(server, bytes, 7)) std::abort();
  (void)parse_auth_request(bytes);
  (void)parse_info_response(bytes, 3);
  (void)parse_service_request(bytes);
  (void)parse_channel_open(bytes);
  (void)parse_channel_request(bytes);
  (void)parse_channel_message(bytes);
  (void)parse_global_request(bytes);
  return 0;
}
