// A client's side of SSH over a scripted visit, with the codec's own packets: curve25519, aes128-ctr, hmac-sha2-256 and
// no opinion on the host key. Its key, cookie and padding are always the same.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/evp.h>
#include <sodium.h>

#include "codec/ssh/kexinit.hpp"
#include "codec/ssh/packets.hpp"
#include "scripted_visit.hpp"

namespace noroshi::sense::test {

namespace ssh = codec::ssh;

class SshPeer {
public:
  explicit SshPeer(ScriptedVisit &visit) : visit_(visit), writer_([](auto to) { std::ranges::fill(to, '\0'); }) {}

  /// Up to the keys. False: the server did not come along.
  auto connect() -> bool {
    visit_.start();
    visit_.pass(kPause);
    auto wishes = ssh::KexInit{};
    using enum ssh::List;
    wishes[kex] = "curve25519-sha256";
    wishes[host_keys] = "ssh-ed25519";
    wishes[ciphers_in] = wishes[ciphers_out] = "aes128-ctr";
    wishes[macs_in] = wishes[macs_out] = "hmac-sha2-256";
    wishes[compression_in] = wishes[compression_out] = "none";
    auto const kexinit = ssh::to_payload(wishes);
    auto point = std::string(crypto_scalarmult_BYTES, '\0');
    ::crypto_scalarmult_base(bytes_of(point), bytes_of(key_));
    auto value = ssh::begin_message(ssh::Message::kex_first);
    ssh::append_string(value, point);
    auto wire = std::string{kVersion} + "\r\n";
    writer_.write(kexinit, wire);
    writer_.write(value, wire);
    visit_.send(wire);
    visit_.pass(kPause);
    auto const &heard = visit_.output();
    auto const end = heard.find("\r\n");
    if (end == std::string::npos) return false;
    read_ = end + 2;
    auto const server_kexinit = next();
    auto const reply = next();
    if (!server_kexinit || !reply || !next()) return false;
    auto from = ByteReader{std::string_view{*reply}.substr(1)};
    auto const host_key = ssh::read_string(from);
    auto const theirs = std::string{ssh::read_string(from)};
    auto shared = std::string(crypto_scalarmult_BYTES, '\0');
    if (theirs.size() != shared.size() || ::crypto_scalarmult(bytes_of(shared), bytes_of(key_), bytes_of(theirs)) != 0)
      return false;
    ssh::append_mpint(secret_, shared);
    auto hashed = std::string{};
    for (auto const text :
         {kVersion, std::string_view{heard}.substr(0, end), std::string_view{kexinit},
          std::string_view{*server_kexinit}, host_key, std::string_view{point}, std::string_view{theirs}})
      ssh::append_string(hashed, text);
    hash_ = sha256(hashed + secret_);
    reader_.use(protection('B', 'D', 'F', ssh::Direction::in), false);
    say(ssh::begin_message(ssh::Message::newkeys));
    writer_.use(protection('A', 'C', 'E', ssh::Direction::out), false);
    return true;
  }

  /// True where the server let it in.
  auto log_in(std::string_view user, std::string_view password) -> bool {
    auto service = ssh::begin_message(ssh::Message::service_request);
    ssh::append_string(service, "ssh-userauth");
    say(service);
    auto request = ssh::begin_message(ssh::Message::auth_request);
    for (auto const text : {user, std::string_view{"ssh-connection"}, std::string_view{"password"}})
      ssh::append_string(request, text);
    request.push_back('\0');
    ssh::append_string(request, password);
    say(request);
    visit_.pass(kPause);
    while (auto const heard = next())
      if (heard->front() == static_cast<char>(ssh::Message::auth_success)) return true;
    return false;
  }

  void say(std::string_view payload) {
    auto wire = std::string{};
    writer_.write(payload, wire);
    visit_.send(wire);
  }

  /// The next message that the server has said.
  auto next() -> std::optional<std::string> {
    reader_.feed(std::string_view{visit_.output()}.substr(read_));
    read_ = visit_.output().size();
    auto const packet = reader_.next();
    if (!packet || !*packet) return std::nullopt;
    return std::string{**packet};
  }

private:
  static constexpr auto kVersion = std::string_view{"SSH-2.0-peer"};
  static constexpr auto kPause = std::chrono::seconds{8};  // longer than any persona thinks

  static auto bytes_of(std::string &text) -> unsigned char * { return reinterpret_cast<unsigned char *>(text.data()); }
  static auto bytes_of(std::string const &text) -> unsigned char const * {
    return reinterpret_cast<unsigned char const *>(text.data());
  }
  static auto sha256(std::string const &bytes) -> std::string {
    auto hash = std::string(32, '\0');
    ::EVP_Digest(bytes.data(), bytes.size(), bytes_of(hash), nullptr, ::EVP_sha256(), nullptr);
    return hash;
  }
  [[nodiscard]] auto protection(char iv, char key, char mac, codec::ssh::Direction direction) const
      -> std::unique_ptr<codec::ssh::Protection> {
    auto const derive = [&](char letter, std::size_t bytes) {
      return sha256(secret_ + hash_ + letter + hash_).substr(0, bytes);
    };
    return *codec::ssh::make_protection("aes128-ctr", "hmac-sha2-256",
                                        {derive(key, 16), derive(iv, 16), derive(mac, 32)}, direction);
  }

  ScriptedVisit &visit_;
  codec::ssh::PacketReader reader_;
  codec::ssh::PacketWriter writer_;
  std::string key_ = std::string(crypto_scalarmult_SCALARBYTES, 'k');
  std::string secret_, hash_;
  std::size_t read_ = 0;  // of what the visit has put out
};

}  // namespace noroshi::sense::test
