#include "codec/ssh/kexinit.hpp"

#include <openssl/evp.h>

#include <fmt/format.h>

#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {
namespace {

/// Dropbear's own rule for guessed messages.
constexpr auto kSecondGuess = std::string_view{"kexguess2@matt.ucc.asn.au"};

/// Takes the first name off "one,two".
auto take_name(std::string_view &list) -> std::string_view {
  auto const name = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), name.size() + 1));
  return name;
}

/// These encrypt and authenticate at once, and need no MAC (RFC 5647, OpenSSH's PROTOCOL.chacha20poly1305).
auto is_authenticated(std::string_view cipher) -> bool {
  return cipher.contains("gcm@openssh.com") || cipher == "chacha20-poly1305@openssh.com";
}

}  // namespace

auto parse_kexinit(std::string_view payload, Trailing trailing) -> Result<KexInit> {
  auto from = ByteReader{payload};
  if (from.big<std::uint8_t>() != static_cast<std::uint8_t>(Message::kexinit))
    return fail(ErrorCode::malformed, "this is no KEXINIT");
  auto read = KexInit{};
  auto const cookie = from.take(read.cookie.size());
  std::ranges::copy(cookie, read.cookie.begin());
  for (auto &list : read.lists) list = read_string(from);
  read.first_follows = read_flag(from);
  read.reserved = from.big<std::uint32_t>();
  if (from.failed()) return fail(ErrorCode::malformed, "a KEXINIT of {} bytes ends early", payload.size());
  if (!is_whole(from, trailing))
    return fail(ErrorCode::malformed, "{} bytes follow a KEXINIT's end", from.rest().size());
  for (auto const &list : read.lists)
    if (!is_text(list, trailing)) return fail(ErrorCode::malformed, "a list of a KEXINIT is no text");
  return read;
}

auto to_payload(KexInit const &kexinit) -> std::string {
  auto payload = begin_message(Message::kexinit);
  payload.append(kexinit.cookie.data(), kexinit.cookie.size());
  for (auto const &list : kexinit.lists) append_string(payload, list);
  payload.push_back(kexinit.first_follows ? '\1' : '\0');
  append_be(payload, kexinit.reserved);
  return payload;
}

auto has_name(std::string_view list, std::string_view name) -> bool {
  while (!list.empty())
    if (take_name(list) == name) return true;
  return false;
}

auto first_common(std::string_view client, std::string_view server) -> std::string_view {
  while (!client.empty())
    if (auto const name = take_name(client); !name.empty() && has_name(server, name)) return name;
  return {};
}

auto choose(KexInit const &client, KexInit const &server) -> std::expected<Chosen, NothingCommon> {
  auto chosen = Chosen{};
  auto const pick = [&](List list, std::string_view &into) {
    into = first_common(client[list], server[list]);
    return !into.empty();
  };
  // In the order in which OpenSSH looks at them, so that the same one is named where several fail.
  if (!pick(List::kex, chosen.kex)) return std::unexpected{NothingCommon{List::kex}};
  if (!pick(List::host_keys, chosen.host_key)) return std::unexpected{NothingCommon{List::host_keys}};
  auto const direction = [&](List ciphers, std::string_view &cipher, List macs, std::string_view &mac,
                             List compressions, std::string_view &compression) -> std::expected<void, NothingCommon> {
    if (!pick(ciphers, cipher)) return std::unexpected{NothingCommon{ciphers}};
    if (!is_authenticated(cipher) && !pick(macs, mac)) return std::unexpected{NothingCommon{macs}};
    if (!pick(compressions, compression)) return std::unexpected{NothingCommon{compressions}};
    return {};
  };
  if (auto const in = direction(List::ciphers_in, chosen.cipher_in, List::macs_in, chosen.mac_in, List::compression_in,
                                chosen.compression_in);
      !in)
    return std::unexpected{in.error()};
  if (auto const out = direction(List::ciphers_out, chosen.cipher_out, List::macs_out, chosen.mac_out,
                                 List::compression_out, chosen.compression_out);
      !out)
    return std::unexpected{out.error()};
  auto const first = [](std::string_view list) { return take_name(list); };
  // Where both say so, the client's own first choices decide, whatever the server would have liked best.
  auto const second_way = has_name(client[List::kex], kSecondGuess) && has_name(server[List::kex], kSecondGuess);
  auto const guessed = [&](List list, std::string_view taken) {
    return first(client[list]) == (second_way ? taken : first(server[list]));
  };
  chosen.drops_guess =
      client.first_follows && (!guessed(List::kex, chosen.kex) || !guessed(List::host_keys, chosen.host_key));
  return chosen;
}

auto hassh_text(KexInit const &client) -> std::string {
  return fmt::format("{};{};{};{}", client[List::kex], client[List::ciphers_in], client[List::macs_in],
                     client[List::compression_in]);
}

auto hassh(KexInit const &client) -> std::string {
  auto const text = hassh_text(client);
  auto digest = std::array<unsigned char, EVP_MAX_MD_SIZE>{};
  auto size = unsigned{0};
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  return to_hex({reinterpret_cast<char const *>(digest.data()), size});
}

}  // namespace noroshi::codec::ssh
