#include "codec/ssh/protection.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/bytes.hpp"
#include "codec/ssh/mac.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kLengthBytes = std::size_t{4};

struct CipherForm {
  std::string_view name;
  std::size_t key_bytes, iv_bytes;
  EVP_CIPHER const *(*cipher)();
  enum class Kind : std::uint8_t { ctr, gcm, chacha } kind;
};

auto cipher_forms() -> std::vector<CipherForm> const & {
  using Kind = CipherForm::Kind;
  static auto const forms = std::vector<CipherForm>{
      {"chacha20-poly1305@openssh.com", 64, 0, &::EVP_chacha20, Kind::chacha},
      {"aes128-ctr", 16, 16, &::EVP_aes_128_ctr, Kind::ctr},
      {"aes192-ctr", 24, 16, &::EVP_aes_192_ctr, Kind::ctr},
      {"aes256-ctr", 32, 16, &::EVP_aes_256_ctr, Kind::ctr},
      {"aes128-gcm@openssh.com", 16, 12, &::EVP_aes_128_gcm, Kind::gcm},
      {"aes256-gcm@openssh.com", 32, 12, &::EVP_aes_256_gcm, Kind::gcm},
  };
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

class CounterWithMac final : public Protection {
public:
  CounterWithMac(CipherForm const &form, MacForm const &mac, Keys const &keys, Direction direction)
      : cipher_(form.cipher(), keys.cipher.data(), keys.iv.data(), direction),
        form_(mac),
        mac_(make_mac(mac, keys.mac)) {}
  [[nodiscard]] auto block() const -> std::size_t override { return 16; }
  [[nodiscard]] auto length_is_apart() const -> bool override { return form_.over_encrypted; }
  [[nodiscard]] auto proof_bytes() const -> std::size_t override { return form_.code_bytes; }

  auto open_head(std::uint32_t /*sequence*/, char *head) -> std::uint32_t override {
    if (!form_.over_encrypted) cipher_.run(head, head, block());
    return load_be<std::uint32_t>(head);
  }
  auto open(std::uint32_t sequence, char *packet, std::size_t size) -> bool override {
    auto const covered = size - form_.code_bytes;
    auto const from = form_.over_encrypted ? kLengthBytes : block();
    if (form_.over_encrypted && !is_proven(sequence, packet, covered)) return false;
    cipher_.run(packet + from, packet + from, covered - from);
    return form_.over_encrypted || is_proven(sequence, packet, covered);
  }
  void seal(std::uint32_t sequence, std::string &packet) override {
    auto code = std::string{};
    if (!form_.over_encrypted) mac_->append(code, sequence, packet);
    auto const from = form_.over_encrypted ? kLengthBytes : std::size_t{0};
    cipher_.run(packet.data() + from, packet.data() + from, packet.size() - from);
    if (form_.over_encrypted) mac_->append(code, sequence, packet);
    packet += code;
  }

private:
  auto is_proven(std::uint32_t sequence, char const *packet, std::size_t covered) -> bool {
    auto code = std::string{};
    mac_->append(code, sequence, {packet, covered});
    return ::CRYPTO_memcmp(code.data(), packet + covered, code.size()) == 0;
  }
  Cipher cipher_;
  MacForm form_;
  std::unique_ptr<Mac> mac_;
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

/// Two keys: the second encrypts the length, the first the rest; Poly1305's key is the first's block 0.
class ChaCha final : public Protection {
public:
  static constexpr auto kTagBytes = std::size_t{16};
  ChaCha(CipherForm const &form, Keys const &keys)
      : body_(form.cipher(), keys.cipher.data(), nullptr, Direction::out),
        length_(form.cipher(), keys.cipher.data() + 32, nullptr, Direction::out) {}
  [[nodiscard]] auto block() const -> std::size_t override { return 8; }
  [[nodiscard]] auto length_is_apart() const -> bool override { return true; }
  [[nodiscard]] auto proof_bytes() const -> std::size_t override { return kTagBytes; }

  auto open_head(std::uint32_t sequence, char *head) -> std::uint32_t override {
    // The encrypted length is authenticated, so it stays as it is.
    auto plain = std::array<char, kLengthBytes>{};
    place(length_, sequence, 0);
    length_.run(plain.data(), head, plain.size());
    return load_be<std::uint32_t>(plain.data());
  }
  auto open(std::uint32_t sequence, char *packet, std::size_t size) -> bool override {
    auto const covered = size - kTagBytes;
    auto const tag = tag_of(sequence, {packet, covered});
    if (::CRYPTO_memcmp(tag.data(), packet + covered, tag.size()) != 0) return false;
    place(body_, sequence, 1);
    body_.run(packet + kLengthBytes, packet + kLengthBytes, covered - kLengthBytes);
    return true;
  }
  void seal(std::uint32_t sequence, std::string &packet) override {
    place(length_, sequence, 0);
    length_.run(packet.data(), packet.data(), kLengthBytes);
    place(body_, sequence, 1);
    body_.run(packet.data() + kLengthBytes, packet.data() + kLengthBytes, packet.size() - kLengthBytes);
    packet += tag_of(sequence, packet);
  }

private:
  /// OpenSSL's nonce is the block's number, little-endian, and then the nonce proper: the packet's number.
  static void place(Cipher &cipher, std::uint32_t sequence, std::uint64_t block) {
    auto nonce = std::string{};
    append_le(nonce, block);
    append_be(nonce, std::uint64_t{sequence});
    cipher.set_iv(bytes_of(nonce.data()));
  }
  auto tag_of(std::uint32_t sequence, std::string_view bytes) -> std::string {
    auto key = std::array<char, 32>{};
    place(body_, sequence, 0);
    body_.run(key.data(), key.data(), key.size());
    struct Free {
      void operator()(EVP_MAC *mac) const { ::EVP_MAC_free(mac); }
      void operator()(EVP_MAC_CTX *context) const { ::EVP_MAC_CTX_free(context); }
    };
    static auto const mac = std::unique_ptr<EVP_MAC, Free>{::EVP_MAC_fetch(nullptr, "POLY1305", nullptr)};
    auto const context = std::unique_ptr<EVP_MAC_CTX, Free>{::EVP_MAC_CTX_new(mac.get())};
    auto tag = std::string(kTagBytes, '\0');
    auto size = std::size_t{0};
    ::EVP_MAC_init(context.get(), bytes_of(key.data()), key.size(), nullptr);
    ::EVP_MAC_update(context.get(), bytes_of(bytes.data()), bytes.size());
    ::EVP_MAC_final(context.get(), bytes_of(tag.data()), &size, tag.size());
    return tag;
  }
  Cipher body_;
  Cipher length_;
};

}  // namespace

auto sizes_of(std::string_view cipher, std::string_view mac) -> Result<KeySizes> {
  TRY(auto const *const form, find_cipher(cipher));
  if (form->kind != CipherForm::Kind::ctr) return KeySizes{form->key_bytes, form->iv_bytes, 0};
  TRY(auto const code, find_mac(mac));
  return KeySizes{form->key_bytes, form->iv_bytes, code.key_bytes};
}

auto make_protection(std::string_view cipher, std::string_view mac, Keys const &keys, Direction direction)
    -> Result<std::unique_ptr<Protection>> {
  TRY(auto const sizes, sizes_of(cipher, mac));
  if (keys.cipher.size() != sizes.cipher || keys.iv.size() != sizes.iv || keys.mac.size() != sizes.mac)
    return fail(ErrorCode::internal, "keys of {} do not have its sizes", cipher);
  TRY(auto const *const form, find_cipher(cipher));
  if (form->kind == CipherForm::Kind::chacha) return std::make_unique<ChaCha>(*form, keys);
  if (form->kind == CipherForm::Kind::gcm) return std::make_unique<Gcm>(*form, keys, direction);
  TRY(auto const code, find_mac(mac));
  return std::make_unique<CounterWithMac>(*form, code, keys, direction);
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
