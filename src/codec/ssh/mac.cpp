#include "codec/ssh/mac.hpp"

#include <algorithm>
#include <array>

#include <nettle/hmac.h>
#include <nettle/umac.h>

#include "base/bytes.hpp"

namespace noroshi::codec::ssh {
namespace {

constexpr auto kMostKeyBytes = std::size_t{64};

/// Keeps the key alone, and begins with it each time: OpenSSL's context of one key has a kilobyte, for every direction
/// of every session that is held, and costs more to begin again than a packet's digest.
template <class Context, auto kSetKey, auto kUpdate, auto kDigest>
class Hmac final : public Mac {
public:
  Hmac(std::size_t code_bytes, std::string_view key)
      : key_bytes_(static_cast<std::uint8_t>(key.size())), code_bytes_(static_cast<std::uint8_t>(code_bytes)) {
    std::ranges::copy(key, key_.begin());
  }
  void append(std::string &to, std::uint32_t sequence, std::string_view bytes) override {
    auto number = std::string{};
    append_be(number, sequence);
    auto context = Context{};
    kSetKey(&context, key_bytes_, key_.data());
    kUpdate(&context, number.size(), reinterpret_cast<std::uint8_t const *>(number.data()));
    kUpdate(&context, bytes.size(), reinterpret_cast<std::uint8_t const *>(bytes.data()));
    auto code = std::array<std::uint8_t, kMostKeyBytes>{};
    kDigest(&context, code_bytes_, code.data());
    to.append(reinterpret_cast<char const *>(code.data()), code_bytes_);
  }

private:
  std::array<std::uint8_t, kMostKeyBytes> key_{};
  std::uint8_t key_bytes_;
  std::uint8_t code_bytes_;
};

using HmacMd5 = Hmac<hmac_md5_ctx, &::hmac_md5_set_key, &::hmac_md5_update, &::hmac_md5_digest>;
using HmacSha1 = Hmac<hmac_sha1_ctx, &::hmac_sha1_set_key, &::hmac_sha1_update, &::hmac_sha1_digest>;
using HmacSha256 = Hmac<hmac_sha256_ctx, &::hmac_sha256_set_key, &::hmac_sha256_update, &::hmac_sha256_digest>;
using HmacSha512 = Hmac<hmac_sha512_ctx, &::hmac_sha512_set_key, &::hmac_sha512_update, &::hmac_sha512_digest>;

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
  if (form.name.starts_with("hmac-sha2-256")) return std::make_unique<HmacSha256>(form.code_bytes, key);
  if (form.name.starts_with("hmac-sha2-512")) return std::make_unique<HmacSha512>(form.code_bytes, key);
  if (form.name.starts_with("hmac-sha1")) return std::make_unique<HmacSha1>(form.code_bytes, key);
  return std::make_unique<HmacMd5>(form.code_bytes, key);
}

}  // namespace noroshi::codec::ssh
