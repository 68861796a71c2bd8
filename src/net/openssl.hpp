// OpenSSL's objects with owners, and its errors as ours. Included only by the .cpp files of net that speak TLS.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/result.hpp"
#include "model/key_pin.hpp"

namespace noroshi::net::openssl {

template <auto Free>
struct Freed {
  template <class Thing>
  void operator()(Thing *thing) const {
    Free(thing);
  }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

/// What OpenSSL said last; its queue is empty afterwards.
inline auto last_error(std::string_view doing) -> Error {
  auto text = std::string(256, '\0');
  auto const code = ERR_get_error();
  if (code == 0) return fail(ErrorCode::internal, "{} failed in OpenSSL", doing);
  ERR_error_string_n(code, text.data(), text.size());
  text.resize(text.find('\0'));
  ERR_clear_error();
  return fail(ErrorCode::malformed, "{}: {}", doing, text);
}

inline auto reader_of(std::string_view bytes) -> Bio {
  return Bio{BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))};
}
inline auto text_of(Bio const &bio) -> std::string {
  char *start = nullptr;
  auto const length = BIO_get_mem_data(bio.get(), &start);
  return {start, static_cast<std::size_t>(length)};
}

/// Asking for a passphrase at a terminal would hang a service: an encrypted key is refused.
inline auto no_passphrase(char *, int, int, void *) -> int { return -1; }

inline auto read_certificate(std::string_view pem) -> Certificate {
  return Certificate{PEM_read_bio_X509(reader_of(pem).get(), nullptr, no_passphrase, nullptr)};
}
inline auto read_key(std::string_view pem) -> Key {
  return Key{PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, no_passphrase, nullptr)};
}

inline auto pin_of(X509 const *certificate) -> Result<model::KeyPin> {
  auto pin = model::KeyPin{};
  auto length = static_cast<unsigned>(pin.bytes.size());
  unsigned char *der = nullptr;
  auto const size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return last_error("reading a certificate's key");
  auto const hashed = EVP_Digest(der, static_cast<std::size_t>(size), pin.bytes.data(), &length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  if (hashed != 1) return last_error("hashing a certificate's key");
  return pin;
}

}  // namespace noroshi::net::openssl
