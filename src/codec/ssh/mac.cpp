#include "codec/ssh/mac.hpp"

#include <algorithm>
#include <array>

#include <nettle/umac.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/bytes.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kMostCodeBytes = std::size_t{64};

class Hmac final : public Mac {
public:
  Hmac(char const *digest, std::size_t code_bytes, std::string_view key) : code_bytes_(code_bytes) {
    auto name = std::string{digest};
    OSSL_PARAM const parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                     OSSL_PARAM_construct_end()};
    ::EVP_MAC_init(context_.get(), reinterpret_cast<unsigned char const *>(key.data()), key.size(), parameters);
  }
  void append(std::string &to, std::uint32_t sequence, std::string_view bytes) override {
    auto number = std::string{};
    append_be(number, sequence);
    auto code = std::array<unsigned char, kMostCodeBytes>{};
    auto size = std::size_t{0};
    ::EVP_MAC_init(context_.get(), nullptr, 0, nullptr);  // the same key again
    ::EVP_MAC_update(context_.get(), reinterpret_cast<unsigned char const *>(number.data()), number.size());
    ::EVP_MAC_update(context_.get(), reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size());
    ::EVP_MAC_final(context_.get(), code.data(), &size, code.size());
    to.append(reinterpret_cast<char const *>(code.data()), code_bytes_);
  }

private:
  struct Free {
    void operator()(EVP_MAC_CTX *context) const { ::EVP_MAC_CTX_free(context); }
    void operator()(EVP_MAC *mac) const { ::EVP_MAC_free(mac); }
  };
  static auto make_context() -> EVP_MAC_CTX * {
    static auto const mac = std::unique_ptr<EVP_MAC, Free>{::EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    return ::EVP_MAC_CTX_new(mac.get());
  }
  std::unique_ptr<EVP_MAC_CTX, Free> context_{make_context()};
  std::size_t code_bytes_;
};

/// The nonce is the sequence number in eight bytes, and the number is not part of what is authenticated.
template <class Context, auto kSetKey, auto kSetNonce, auto kUpdate, auto kDigest, std::size_t kCodeBytes>
class Umac final : public Mac {
public:
  explicit Umac(std::string_view key) { kSetKey(&context_, reinterpret_cast<std::uint8_t const *>(key.data())); }
  void append(std::string &to, std::uint32_t sequence, std::string_view bytes) override {
    auto nonce = std::string{};
    append_be(nonce, std::uint64_t{sequence});
    kSetNonce(&context_, nonce.size(), reinterpret_cast<std::uint8_t const *>(nonce.data()));
    kUpdate(&context_, bytes.size(), reinterpret_cast<std::uint8_t const *>(bytes.data()));
    auto code = std::array<std::uint8_t, kCodeBytes>{};
    kDigest(&context_, code.size(), code.data());
    to.append(reinterpret_cast<char const *>(code.data()), code.size());
  }

private:
  Context context_;
};

using Umac64 = Umac<umac64_ctx, &::umac64_set_key, &::umac64_set_nonce, &::umac64_update, &::umac64_digest, 8>;
using Umac128 = Umac<umac128_ctx, &::umac128_set_key, &::umac128_set_nonce, &::umac128_update, &::umac128_digest, 16>;

}  // namespace

auto mac_forms() -> std::vector<MacForm> const & {
  static auto const forms = std::vector<MacForm>{
      {"umac-64-etm@openssh.com", 16, 8, true},
      {"umac-128-etm@openssh.com", 16, 16, true},
      {"hmac-sha2-256-etm@openssh.com", 32, 32, true},
      {"hmac-sha2-512-etm@openssh.com", 64, 64, true},
      {"hmac-sha1-etm@openssh.com", 20, 20, true},
      {"umac-64@openssh.com", 16, 8, false},
      {"umac-128@openssh.com", 16, 16, false},
      {"hmac-sha2-256", 32, 32, false},
      {"hmac-sha2-512", 64, 64, false},
      {"hmac-sha1", 20, 20, false},
      {"hmac-sha1-96", 20, 12, false},
      {"hmac-md5", 16, 16, false},
  };
  return forms;
}

auto find_mac(std::string_view name) -> Result<MacForm> {
  auto const &forms = mac_forms();
  auto const found = std::ranges::find(forms, name, &MacForm::name);
  if (found == forms.end()) return fail(ErrorCode::malformed, "{} is no MAC that is known here", name);
  return *found;
}

auto make_mac(MacForm const &form, std::string_view key) -> std::unique_ptr<Mac> {
  if (form.name.starts_with("umac-64")) return std::make_unique<Umac64>(key);
  if (form.name.starts_with("umac-128")) return std::make_unique<Umac128>(key);
  auto const *const digest = form.name.starts_with("hmac-sha2-256")   ? "SHA2-256"
                             : form.name.starts_with("hmac-sha2-512") ? "SHA2-512"
                             : form.name.starts_with("hmac-sha1")     ? "SHA1"
                                                                      : "MD5";
  return std::make_unique<Hmac>(digest, form.code_bytes, key);
}

}  // namespace noroshi::codec::ssh
