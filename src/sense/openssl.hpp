// OpenSSL's objects as values that free themselves, and its reasons as words.
#pragma once

#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace noroshi::sense {

template <auto kFree>
struct OpensslDeleter {
  template <class Object>
  void operator()(Object *object) const {
    kFree(object);
  }
};

using OpensslKey = std::unique_ptr<EVP_PKEY, OpensslDeleter<&::EVP_PKEY_free>>;
using OpensslCertificate = std::unique_ptr<X509, OpensslDeleter<&::X509_free>>;
using OpensslBio = std::unique_ptr<BIO, OpensslDeleter<&::BIO_free_all>>;
using OpensslContext = std::unique_ptr<SSL_CTX, OpensslDeleter<&::SSL_CTX_free>>;
using OpensslConnection = std::unique_ptr<SSL, OpensslDeleter<&::SSL_free>>;

/// The first reason in this thread's error queue ("no shared cipher"), which is emptied.
inline auto take_openssl_reason() -> std::string {
  auto const *const reason = ::ERR_reason_error_string(::ERR_peek_error());
  ::ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

}  // namespace noroshi::sense
