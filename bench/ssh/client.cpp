#include "bench/ssh/client.hpp"

#include <algorithm>

#include <openssl/evp.h>
#include <sodium.h>

#include "bench/loopback.hpp"
#include "codec/ssh/kexinit.hpp"
#include "codec/ssh/wire.hpp"

namespace noroshi::bench {
namespace {

namespace ssh = codec::ssh;
using ssh::Message;

constexpr auto kVersion = std::string_view{"SSH-2.0-bench"};
constexpr auto kWindow = std::uint32_t{1} << 20;

void no_padding(std::span<char> to) { std::ranges::fill(to, '\0'); }

auto bytes_of(std::string_view from) -> unsigned char const * {
  return reinterpret_cast<unsigned char const *>(from.data());
}

auto sha256(std::string_view bytes) -> std::string {
  static auto *const digest = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
  auto hash = std::string(32, '\0');
  ::EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char *>(hash.data()), nullptr, digest, nullptr);
  return hash;
}

/// The secret of X25519, as SSH hashes it.
auto agree(std::string const &own, std::string_view point) -> std::string {
  auto shared = std::string(crypto_scalarmult_BYTES, '\0');
  if (point.size() != shared.size() ||
      ::crypto_scalarmult(reinterpret_cast<unsigned char *>(shared.data()), bytes_of(own), bytes_of(point)) != 0)
    fail("a server's X25519 value is none");
  auto secret = std::string{};
  ssh::append_mpint(secret, shared);
  return secret;
}

}  // namespace

SshVisitor::SshVisitor(std::string user_name, std::string its_password)
    : user(std::move(user_name)),
      password(std::move(its_password)),
      key(crypto_scalarmult_SCALARBYTES, 'k'),
      point(crypto_scalarmult_BYTES, '\0') {
  if (::sodium_init() < 0) fail("libsodium cannot start");  // picks what this processor does fastest
  ::crypto_scalarmult_base(reinterpret_cast<unsigned char *>(point.data()), bytes_of(key));
  auto wishes = ssh::KexInit{};
  using enum ssh::List;
  wishes[kex] = "curve25519-sha256";
  wishes[host_keys] = "ssh-ed25519";
  wishes[ciphers_in] = wishes[ciphers_out] = "aes128-ctr";
  wishes[macs_in] = wishes[macs_out] = "hmac-sha2-256";
  wishes[compression_in] = wishes[compression_out] = "none";
  kexinit = ssh::to_payload(wishes);
}

SshConversation::SshConversation(SshVisitor const &visitor, SshGoal goal, std::string &to)
    : visitor_(&visitor), goal_(goal), writer_(&no_padding) {
  to.append(kVersion).append("\r\n");
  writer_.write(visitor.kexinit, to);
}

auto SshConversation::hear(std::string_view bytes, std::string &to) -> Outcome {
  if (!has_version_) {
    server_version_ += bytes;
    auto const end = server_version_.find('\n');
    if (end == std::string::npos) return Outcome::goes_on;
    reader_.feed(std::string_view{server_version_}.substr(end + 1));
    server_version_.resize(server_version_[end - 1] == '\r' ? end - 1 : end);
    has_version_ = true;
  } else {
    reader_.feed(bytes);
  }
  for (;;) {
    auto const packet = reader_.next();
    if (!packet) return Outcome::refused;
    if (!*packet) return Outcome::goes_on;
    if (auto const outcome = take(**packet, to); outcome != Outcome::goes_on) return outcome;
  }
}

auto SshConversation::take(std::string_view payload, std::string &to) -> Outcome {
  switch (static_cast<Message>(static_cast<unsigned char>(payload.front()))) {
    case Message::kexinit: {
      server_kexinit_ = payload;
      auto message = ssh::begin_message(Message::kex_first);
      ssh::append_string(message, visitor_->point);
      writer_.write(message, to);
      return Outcome::goes_on;
    }
    case Message::kex_second: exchange(payload); return Outcome::goes_on;
    case Message::newkeys: {
      reader_.use(protect('B', 'D', 'F', ssh::Direction::in), false);
      writer_.write(ssh::begin_message(Message::newkeys), to);
      writer_.use(protect('A', 'C', 'E', ssh::Direction::out), false);
      auto message = ssh::begin_message(Message::service_request);
      ssh::append_string(message, "ssh-userauth");
      writer_.write(message, to);
      return Outcome::goes_on;
    }
    case Message::service_accept:
      if (goal_ == SshGoal::handshake) return Outcome::reached;
      log_in(to);
      return Outcome::goes_on;
    case Message::auth_success:
      if (goal_ == SshGoal::login) return Outcome::reached;
      open(to);
      return Outcome::goes_on;
    case Message::channel_open_confirmation: ask_for_shell(to); return Outcome::goes_on;
    case Message::channel_data: return Outcome::reached;  // the prompt
    case Message::disconnect:
    case Message::auth_failure:
    case Message::channel_open_failure:
    case Message::channel_failure: return Outcome::refused;
    default: return Outcome::goes_on;
  }
}

void SshConversation::exchange(std::string_view payload) {
  auto from = ByteReader{payload.substr(1)};
  auto const host_key = ssh::read_string(from);
  auto const point = ssh::read_string(from);
  secret_ = agree(visitor_->key, point);
  auto hashed = std::string{};
  for (auto const text : {kVersion, std::string_view{server_version_}, std::string_view{visitor_->kexinit},
                          std::string_view{server_kexinit_}, host_key, std::string_view{visitor_->point}, point})
    ssh::append_string(hashed, text);
  hash_ = sha256(hashed + secret_);
}

void SshConversation::log_in(std::string &to) {
  auto message = ssh::begin_message(Message::auth_request);
  for (auto const text :
       {std::string_view{visitor_->user}, std::string_view{"ssh-connection"}, std::string_view{"password"}})
    ssh::append_string(message, text);
  message.push_back('\0');
  ssh::append_string(message, visitor_->password);
  writer_.write(message, to);
}

void SshConversation::open(std::string &to) {
  auto message = ssh::begin_message(Message::channel_open);
  ssh::append_string(message, "session");
  for (auto const number : {std::uint32_t{0}, kWindow, std::uint32_t{32'768}}) append_be(message, number);
  writer_.write(message, to);
}

void SshConversation::ask_for_shell(std::string &to) {
  for (auto const type : {"pty-req", "shell"}) {
    auto message = ssh::begin_message(Message::channel_request);
    append_be(message, std::uint32_t{0});
    ssh::append_string(message, type);
    message.push_back('\1');
    if (type == std::string_view{"pty-req"}) {
      ssh::append_string(message, "xterm");
      for (auto const number : {80U, 24U, 0U, 0U}) append_be(message, std::uint32_t{number});
      ssh::append_string(message, std::string_view{"\0", 1});
    }
    writer_.write(message, to);
  }
}

auto SshConversation::derive(char letter, std::size_t bytes) const -> std::string {
  auto key = sha256(secret_ + hash_ + letter + hash_);
  key.resize(bytes);  // 32 at most
  return key;
}

auto SshConversation::protect(char iv, char key, char mac, ssh::Direction direction) const
    -> std::unique_ptr<ssh::Protection> {
  auto made = ssh::make_protection("aes128-ctr", "hmac-sha2-256", {derive(key, 16), derive(iv, 16), derive(mac, 32)},
                                   direction);
  if (!made) fail("the codec lacks a cipher");
  return *std::move(made);
}

auto SshConversation::server_out() const -> std::unique_ptr<ssh::Protection> {
  return protect('B', 'D', 'F', ssh::Direction::out);
}

}  // namespace noroshi::bench
