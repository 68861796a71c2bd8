#include "codec/ssh/protection.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/bytes.hpp"
#include "codec/ssh/block_stream.hpp"
#include "codec/ssh/mac.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kLengthBytes = std::size_t{4};

struct CipherForm {
  std::string_view name;
  std::size_t key_bytes, iv_bytes;
  EVP_CIPHER const *(*cipher)();  // of GCM
  enum class Kind : std::uint8_t { with_mac, gcm, chacha } kind;
  BlockForm const *blocks = nullptr;  // of what needs a MAC
};

auto cipher_forms() -> std::vector<CipherForm> const & {
  using Kind = CipherForm::Kind;
  static auto const forms = [] {
    auto made = std::vector<CipherForm>{
        {"chacha20-poly1305@openssh.com", 64, 0, nullptr, Kind::chacha},
        {"aes128-gcm@openssh.com", 16, 12, &::EVP_aes_128_gcm, Kind::gcm},
        {"aes256-gcm@openssh.com", 32, 12, &::EVP_aes_256_gcm, Kind::gcm},
    };
    for (auto const &form : block_forms())
      made.push_back({form.name, form.key, form.block, nullptr, Kind::with_mac, &form});
    return made;
  }();
  return forms;
}

auto find_cipher(std::string_view name) -> Result<CipherForm const *> {
  auto const &forms = cipher_forms();
  auto const found = std::ranges::find(forms, name, &CipherForm::name);
  if (found == forms.end()) return fail(ErrorCode::malformed, "{} is no cipher that is known here", name);
  return &*found;
}

auto bytes_of(char const *from) -> unsigned char const * { return reinterpret_cast<unsigned char const *>(from); }
auto bytes_of(char *from) -> unsigned char * { return reinterpret_cast<unsigned char *>(from); }

/// One key of one cipher.
class Cipher {
public:
  Cipher(EVP_CIPHER const *cipher, char const *key, char const *iv, Direction direction) {
    ::EVP_CipherInit_ex2(context_.get(), cipher, bytes_of(key), iv == nullptr ? nullptr : bytes_of(iv),
                         direction == Direction::out ? 1 : 0, nullptr);
    ::EVP_CIPHER_CTX_set_padding(context_.get(), 0);
  }
  void set_iv(unsigned char const *iv) { ::EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, iv, -1, nullptr); }
  void run(char *to, char const *from, std::size_t size) {
    auto written = 0;
    ::EVP_CipherUpdate(context_.get(), to == nullptr ? nullptr : bytes_of(to), &written, bytes_of(from),
                       static_cast<int>(size));
  }
  auto context() -> EVP_CIPHER_CTX * { return context_.get(); }

private:
  struct Free {
    void operator()(EVP_CIPHER_CTX *context) const { ::EVP_CIPHER_CTX_free(context); }
  };
  std::unique_ptr<EVP_CIPHER_CTX, Free> context_{::EVP_CIPHER_CTX_new()};
};

class Plain final : public Protection {
public:
  [[nodiscard]] auto block() const -> std::size_t override { return 8; }
  [[nodiscard]] auto length_is_apart() const -> bool override { return false; }
  [[nodiscard]] auto proof_bytes() const -> std::size_t override { return 0; }
  auto open_head(std::uint32_t /*sequence*/, char *head) -> std::uint32_t override {
    return load_be<std::uint32_t>(head);
  }
  auto open(std::uint32_t /*sequence*/, char * /*packet*/, std::size_t /*size*/) -> bool override { return true; }
  void seal(std::uint32_t /*sequence*/, std::string & /*packet*/) override {}
};

class WithMac final : public Protection {
public:
  WithMac(BlockForm const &form, MacForm const &mac, Keys const &keys, Direction direction)
      : stream_(form, keys, direction),
        mac_(make_mac(mac, keys.mac)),
        code_bytes_(static_cast<std::uint8_t>(mac.code_bytes)),
        block_(static_cast<std::uint8_t>(form.block)),
        over_encrypted_(mac.over_encrypted) {}
  [[nodiscard]] auto block() const -> std::size_t override { return block_; }
  [[nodiscard]] auto length_is_apart() const -> bool override { return over_encrypted_; }
  [[nodiscard]] auto proof_bytes() const -> std::size_t override { return code_bytes_; }

  auto open_head(std::uint32_t /*sequence*/, char *head) -> std::uint32_t override {
    if (!over_encrypted_) stream_.run(head, block());
    return load_be<std::uint32_t>(head);
  }
  auto open(std::uint32_t sequence, char *packet, std::size_t size) -> bool override {
    auto const covered = size - code_bytes_;
    auto const from = over_encrypted_ ? kLengthBytes : block();
    if (over_encrypted_ && !is_proven(sequence, packet, covered)) return false;
    stream_.run(packet + from, covered - from);
    return over_encrypted_ || is_proven(sequence, packet, covered);
  }
  void seal(std::uint32_t sequence, std::string &packet) override {
    auto code = std::string{};
    if (!over_encrypted_) mac_->append(code, sequence, packet);
    auto const from = over_encrypted_ ? kLengthBytes : std::size_t{0};
    stream_.run(packet.data() + from, packet.size() - from);
    if (over_encrypted_) mac_->append(code, sequence, packet);
    packet += code;
  }

private:
  auto is_proven(std::uint32_t sequence, char const *packet, std::size_t covered) -> bool {
    auto code = std::string{};
    mac_->append(code, sequence, {packet, covered});
    return ::CRYPTO_memcmp(code.data(), packet + covered, code.size()) == 0;
  }
  BlockStream stream_;
  std::unique_ptr<Mac> mac_;
  std::uint8_t code_bytes_;
  std::uint8_t block_;
  bool over_encrypted_;
};

/// The length is authenticated and stands in the clear; the nonce's last eight bytes count packets.
class Gcm final : public Protection {
public:
  static constexpr auto kTagBytes = std::size_t{16};
  Gcm(CipherForm const &form, Keys const &keys, Direction direction)
      : cipher_(form.cipher(), keys.cipher.data(), keys.iv.data(), direction), nonce_(keys.iv) {}
  [[nodiscard]] auto block() const -> std::size_t override { return 16; }
  [[nodiscard]] auto length_is_apart() const -> bool override { return true; }
  [[nodiscard]] auto proof_bytes() const -> std::size_t override { return kTagBytes; }

  auto open_head(std::uint32_t /*sequence*/, char *head) -> std::uint32_t override {
    return load_be<std::uint32_t>(head);
  }
  auto open(std::uint32_t /*sequence*/, char *packet, std::size_t size) -> bool override {
    cipher_.set_iv(bytes_of(nonce_.data()));
    auto const covered = size - kTagBytes;
    ::EVP_CIPHER_CTX_ctrl(cipher_.context(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, packet + covered);
    run(packet, covered);
    auto rest = std::array<unsigned char, 16>{};
    auto written = 0;
    auto const proven = ::EVP_CipherFinal_ex(cipher_.context(), rest.data(), &written) == 1;
    count();
    return proven;
  }
  void seal(std::uint32_t /*sequence*/, std::string &packet) override {
    cipher_.set_iv(bytes_of(nonce_.data()));
    run(packet.data(), packet.size());
    auto tag = std::array<char, kTagBytes>{};
    auto written = 0;
    ::EVP_CipherFinal_ex(cipher_.context(), bytes_of(tag.data()), &written);
    ::EVP_CIPHER_CTX_ctrl(cipher_.context(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data());
    packet.append(tag.data(), tag.size());
    count();
  }

private:
  void run(char *packet, std::size_t covered) {
    cipher_.run(nullptr, packet, kLengthBytes);
    cipher_.run(packet + kLengthBytes, packet + kLengthBytes, covered - kLengthBytes);
  }
  void count() {
    for (auto i = nonce_.size(); i > 4; --i)
      if (++nonce_[i - 1] != '\0') return;
  }
  Cipher cipher_;
  std::string nonce_;
};

/// Two keys: the second encrypts the length, the first the rest; Poly1305's key is the first's block 0. libsodium keeps
/// nothing between packets, so the keys are all that a session holds.
class ChaCha final : public Protection {
public:
  static constexpr auto kTagBytes = std::size_t{crypto_onetimeauth_BYTES};
  explicit ChaCha(Keys const &keys) {
    for (auto i = std::size_t{0}; i < keys_.size(); ++i)
      std::copy_n(bytes_of(keys.cipher.data()) + i * keys_[i].size(), keys_[i].size(), keys_[i].begin());
  }
  [[nodiscard]] auto block() const -> std::size_t override { return 8; }
  [[nodiscard]] auto length_is_apart() const -> bool override { return true; }
  [[nodiscard]] auto proof_bytes() const -> std::size_t override { return kTagBytes; }

  auto open_head(std::uint32_t sequence, char *head) -> std::uint32_t override {
    // The encrypted length is authenticated, so it stays as it is.
    auto plain = std::array<char, kLengthBytes>{};
    std::copy_n(head, plain.size(), plain.begin());
    run(kLength, sequence, 0, plain.data(), plain.size());
    return load_be<std::uint32_t>(plain.data());
  }
  auto open(std::uint32_t sequence, char *packet, std::size_t size) -> bool override {
    auto const covered = size - kTagBytes;
    auto const tag = tag_of(sequence, {packet, covered});
    if (::CRYPTO_memcmp(tag.data(), packet + covered, tag.size()) != 0) return false;
    run(kBody, sequence, 1, packet + kLengthBytes, covered - kLengthBytes);
    return true;
  }
  void seal(std::uint32_t sequence, std::string &packet) override {
    run(kLength, sequence, 0, packet.data(), kLengthBytes);
    run(kBody, sequence, 1, packet.data() + kLengthBytes, packet.size() - kLengthBytes);
    auto const tag = tag_of(sequence, packet);
    packet.append(tag.data(), tag.size());
  }

private:
  static constexpr auto kBody = std::size_t{0};
  static constexpr auto kLength = std::size_t{1};

  /// The nonce is the packet's number.
  void run(std::size_t key, std::uint32_t sequence, std::uint64_t block, char *bytes, std::size_t size) const {
    auto nonce = std::string{};
    append_be(nonce, std::uint64_t{sequence});
    ::crypto_stream_chacha20_xor_ic(bytes_of(bytes), bytes_of(bytes), size, bytes_of(nonce.data()), block,
                                    keys_[key].data());
  }
  [[nodiscard]] auto tag_of(std::uint32_t sequence, std::string_view bytes) const -> std::array<char, kTagBytes> {
    auto key = std::array<char, crypto_onetimeauth_KEYBYTES>{};
    run(kBody, sequence, 0, key.data(), key.size());
    auto tag = std::array<char, kTagBytes>{};
    ::crypto_onetimeauth(bytes_of(tag.data()), bytes_of(bytes.data()), bytes.size(), bytes_of(key.data()));
    return tag;
  }
  std::array<std::array<unsigned char, crypto_stream_chacha20_KEYBYTES>, 2> keys_{};
};

}  // namespace

auto sizes_of(std::string_view cipher, std::string_view mac) -> Result<KeySizes> {
  TRY(auto const *const form, find_cipher(cipher));
  if (form->kind != CipherForm::Kind::with_mac) return KeySizes{form->key_bytes, form->iv_bytes, 0};
  TRY(auto const code, find_mac(mac));
  return KeySizes{form->key_bytes, form->iv_bytes, code.key_bytes};
}

auto make_protection(std::string_view cipher, std::string_view mac, Keys const &keys, Direction direction)
    -> Result<std::unique_ptr<Protection>> {
  TRY(auto const sizes, sizes_of(cipher, mac));
  if (keys.cipher.size() != sizes.cipher || keys.iv.size() != sizes.iv || keys.mac.size() != sizes.mac)
    return fail(ErrorCode::internal, "keys of {} do not have its sizes", cipher);
  TRY(auto const *const form, find_cipher(cipher));
  if (form->kind == CipherForm::Kind::chacha) return std::make_unique<ChaCha>(keys);
  if (form->kind == CipherForm::Kind::gcm) return std::make_unique<Gcm>(*form, keys, direction);
  TRY(auto const code, find_mac(mac));
  return std::make_unique<WithMac>(*form->blocks, code, keys, direction);
}

auto make_no_protection() -> std::unique_ptr<Protection> { return std::make_unique<Plain>(); }

auto known_ciphers() -> std::vector<std::string_view> {
  auto names = std::vector<std::string_view>{};
  for (auto const &form : cipher_forms()) names.push_back(form.name);
  return names;
}

auto known_macs() -> std::vector<std::string_view> {
  auto names = std::vector<std::string_view>{};
  for (auto const &form : mac_forms()) names.push_back(form.name);
  return names;
}

}  // namespace noroshi::codec::ssh
