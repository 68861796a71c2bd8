#include "codec/ssh/host_key.hpp"

#include <algorithm>
#include <array>

#include <fmt/ranges.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "codec/ssh/wire.hpp"

namespace noroshi::codec::ssh {
namespace {

struct Curve {
  std::string_view kind, openssl, ssh;
  EVP_MD const *(*digest)();
};
constexpr auto kCurves = std::array{
    Curve{"ecdsa-256", "prime256v1", "nistp256", &::EVP_sha256},
    Curve{"ecdsa-384", "secp384r1", "nistp384", &::EVP_sha384},
    Curve{"ecdsa-521", "secp521r1", "nistp521", &::EVP_sha512},
};
struct Rsa {
  std::string_view kind;
  std::size_t bits;
};
constexpr auto kRsa =
    std::array{Rsa{"rsa-1024", 1024}, Rsa{"rsa-2048", 2048}, Rsa{"rsa-3072", 3072}, Rsa{"rsa-4096", 4096}};

auto number_of(EVP_PKEY const *key, char const *name) -> std::string {
  BIGNUM *number = nullptr;
  ::EVP_PKEY_get_bn_param(key, name, &number);
  auto bytes = std::string(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  ::BN_bn2bin(number, reinterpret_cast<unsigned char *>(bytes.data()));
  ::BN_free(number);
  return bytes;
}

auto octets_of(EVP_PKEY const *key, char const *name) -> std::string {
  auto size = std::size_t{0};
  ::EVP_PKEY_get_octet_string_param(key, name, nullptr, 0, &size);
  auto bytes = std::string(size, '\0');
  ::EVP_PKEY_get_octet_string_param(key, name, reinterpret_cast<unsigned char *>(bytes.data()), size, &size);
  return bytes;
}

auto curve_of(std::string_view openssl_name) -> Curve const * {
  auto const found = std::ranges::find(kCurves, openssl_name, &Curve::openssl);
  return found == kCurves.end() ? nullptr : &*found;
}

auto group_name(EVP_PKEY const *key) -> std::string {
  auto name = std::array<char, 80>{};
  auto size = std::size_t{0};
  ::EVP_PKEY_get_group_name(key, name.data(), name.size(), &size);
  return {name.data(), size};
}

/// DER's two numbers as SSH writes them.
auto ecdsa_numbers(std::string_view der) -> std::string {
  auto const *from = reinterpret_cast<unsigned char const *>(der.data());
  auto *const signature = ::d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(der.size()));
  auto numbers = std::string{};
  for (auto const *number : {ECDSA_SIG_get0_r(signature), ECDSA_SIG_get0_s(signature)}) {
    auto bytes = std::string(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    ::BN_bn2bin(number, reinterpret_cast<unsigned char *>(bytes.data()));
    append_mpint(numbers, bytes);
  }
  ::ECDSA_SIG_free(signature);
  return numbers;
}

/// By libsodium, which needs a third of OpenSSL's time: what a server does once for every visitor.
auto ed25519_signature(std::string_view secret, std::string_view bytes) -> std::string {
  static_assert(crypto_sign_SECRETKEYBYTES == 64);  // the seed and the public key
  auto raw = std::string(crypto_sign_BYTES, '\0');
  ::crypto_sign_detached(reinterpret_cast<unsigned char *>(raw.data()), nullptr,
                         reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size(),
                         reinterpret_cast<unsigned char const *>(secret.data()));
  auto signature = std::string{};
  append_string(signature, "ssh-ed25519");
  append_string(signature, raw);
  return signature;
}

}  // namespace

void HostKey::Free::operator()(EVP_PKEY *key) const { ::EVP_PKEY_free(key); }

auto HostKey::known_kinds() -> std::vector<std::string_view> {
  auto kinds = std::vector<std::string_view>{"ed25519"};
  for (auto const &curve : kCurves) kinds.push_back(curve.kind);
  for (auto const &rsa : kRsa) kinds.push_back(rsa.kind);
  return kinds;
}

auto HostKey::generate(std::string_view kind) -> Result<HostKey> {
  auto const curve = std::ranges::find(kCurves, kind, &Curve::kind);
  auto key = std::unique_ptr<EVP_PKEY, Free>{};
  if (kind == "ed25519")
    key.reset(::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  else if (curve != kCurves.end())
    key.reset(::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->openssl.data()));
  else if (auto const rsa = std::ranges::find(kRsa, kind, &Rsa::kind); rsa != kRsa.end())
    key.reset(::EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", rsa->bits));
  else
    return fail(ErrorCode::malformed, "\"{}\" is no kind of host key: {}", kind, fmt::join(known_kinds(), ", "));
  return of(std::move(key));
}

auto HostKey::parse(std::string_view pem) -> Result<HostKey> {
  auto *const from = ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  auto key = std::unique_ptr<EVP_PKEY, Free>{::PEM_read_bio_PrivateKey(from, nullptr, nullptr, nullptr)};
  ::BIO_free(from);
  return of(std::move(key));
}

auto HostKey::of(std::unique_ptr<EVP_PKEY, Free> key) -> Result<HostKey> {
  if (!key) return fail(ErrorCode::malformed, "OpenSSL makes no private key of this");
  auto made = HostKey{std::move(key)};
  if (::EVP_PKEY_is_a(made.key_.get(), "ED25519") == 1) {
    made.type_ = "ssh-ed25519";
    append_string(made.blob_, made.type_);
    auto const point = octets_of(made.key_.get(), OSSL_PKEY_PARAM_PUB_KEY);
    append_string(made.blob_, point);
    made.secret_ = octets_of(made.key_.get(), OSSL_PKEY_PARAM_PRIV_KEY) + point;
  } else if (::EVP_PKEY_is_a(made.key_.get(), "RSA") == 1) {
    made.type_ = "ssh-rsa";
    append_string(made.blob_, made.type_);
    append_mpint(made.blob_, number_of(made.key_.get(), OSSL_PKEY_PARAM_RSA_E));
    append_mpint(made.blob_, number_of(made.key_.get(), OSSL_PKEY_PARAM_RSA_N));
  } else if (auto const *const curve = curve_of(group_name(made.key_.get())); curve != nullptr) {
    made.type_ = "ecdsa-sha2-" + std::string{curve->ssh};
    append_string(made.blob_, made.type_);
    append_string(made.blob_, curve->ssh);
    append_string(made.blob_, octets_of(made.key_.get(), OSSL_PKEY_PARAM_PUB_KEY));
  } else {
    return fail(ErrorCode::malformed, "SSH has no name for a key of this kind");
  }
  return made;
}

auto HostKey::to_pem() const -> std::string {
  auto *const to = ::BIO_new(BIO_s_mem());
  ::PEM_write_bio_PKCS8PrivateKey(to, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char *bytes = nullptr;
  auto const size = BIO_get_mem_data(to, &bytes);
  auto pem = std::string(bytes, static_cast<std::size_t>(size));
  ::BIO_free(to);
  return pem;
}

auto HostKey::algorithms() const -> std::vector<std::string_view> {
  if (type_ == "ssh-rsa") return {"rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"};
  return {type_};
}

auto HostKey::sign(std::string_view algorithm, std::string_view bytes) const -> Result<std::string> {
  auto const names = algorithms();
  if (std::ranges::find(names, algorithm) == names.end())
    return fail(ErrorCode::malformed, "a key of {} does not sign by {}", type_, algorithm);
  if (!secret_.empty()) return ed25519_signature(secret_, bytes);
  auto const *digest = static_cast<EVP_MD const *>(nullptr);
  if (type_ == "ssh-rsa")
    digest = algorithm == "rsa-sha2-512" ? EVP_sha512() : algorithm == "rsa-sha2-256" ? EVP_sha256() : EVP_sha1();
  else
    digest = curve_of(group_name(key_.get()))->digest();
  struct FreeContext {
    void operator()(EVP_MD_CTX *context) const { ::EVP_MD_CTX_free(context); }
  };
  auto const context = std::unique_ptr<EVP_MD_CTX, FreeContext>{::EVP_MD_CTX_new()};
  auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  auto raw = std::string(size, '\0');
  if (::EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1 ||
      ::EVP_DigestSign(context.get(), reinterpret_cast<unsigned char *>(raw.data()), &size,
                       reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size()) != 1)
    return fail(ErrorCode::internal, "OpenSSL cannot sign by {}", algorithm);
  raw.resize(size);
  auto signature = std::string{};
  append_string(signature, algorithm);
  append_string(signature, type_.starts_with("ecdsa") ? ecdsa_numbers(raw) : raw);
  return signature;
}

auto fingerprint(std::string_view public_blob) -> std::string {
  auto digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>{};
  ::SHA256(reinterpret_cast<unsigned char const *>(public_blob.data()), public_blob.size(), digest.data());
  auto text = to_base64({reinterpret_cast<char const *>(digest.data()), digest.size()});
  text.resize(std::min(text.find('='), text.size()));
  return "SHA256:" + text;
}

}  // namespace noroshi::codec::ssh
