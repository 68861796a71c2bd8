#include "net/identity.hpp"

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <filesystem>

#include "base/file.hpp"
#include "net/openssl.hpp"

namespace noroshi::net {

namespace {

using openssl::last_error;

// A chain of a few certificates with large keys has 20 KiB.
constexpr auto kMaxPemBytes = std::uint64_t{256} * 1024;
// X.509 allows 64 characters in a common name (ub-common-name, RFC 5280 appendix A).
constexpr auto kMaxCommonName = std::size_t{64};

auto set_subject(X509 *certificate, std::string_view name) -> bool {
  auto *const subject = X509_get_subject_name(certificate);
  auto const text = name.substr(0, kMaxCommonName);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const *>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

auto set_serial(X509 *certificate) -> bool {
  auto bytes = std::array<unsigned char, 8>{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  auto number = std::uint64_t{0};
  for (auto const byte : bytes) number = number << 8 | byte;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1) == 1;
}

/// The dates say nothing: a sensor whose clock is years off must be able to join.
auto set_dates(X509 *certificate) -> bool {
  return ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
         ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1;
}

auto certificate_for(EVP_PKEY *key, std::string_view name) -> Result<openssl::Certificate> {
  auto certificate = openssl::Certificate{X509_new()};
  auto const made = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_serial(certificate.get()) && set_dates(certificate.get()) &&
                    set_subject(certificate.get(), name) && X509_set_pubkey(certificate.get(), key) == 1 &&
                    X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  if (!made) return last_error("making a certificate");
  return certificate;
}

auto in_memory() -> openssl::Bio { return openssl::Bio{BIO_new(BIO_s_mem())}; }

/// OpenSSL reads past what stands before the block it looks for, so key and certificate may share a file.
auto checked(Identity identity, std::string_view certificate_path, std::string_view key_path) -> Result<Identity> {
  auto const certificate = openssl::read_certificate(identity.certificate);
  if (!certificate) return last_error(fmt::format("{} holds no certificate in PEM form", certificate_path));
  auto const key = openssl::read_key(identity.key);
  if (!key) return last_error(fmt::format("{} holds no private key in PEM form without passphrase", key_path));
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::malformed, "the key in {} is not that of the certificate in {}", key_path, certificate_path);
  }
  return identity;
}

}  // namespace

auto make_identity(std::string_view name) -> Result<Identity> {
  auto const key = openssl::Key{EVP_EC_gen("P-256")};
  if (!key) return last_error("making a key");
  TRY(auto const certificate, certificate_for(key.get(), name));
  auto const key_text = in_memory();
  auto const certificate_text = in_memory();
  if (PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
    return last_error("writing a key");
  return Identity{openssl::text_of(certificate_text), openssl::text_of(key_text)};
}

auto load_or_make_identity(std::string const &path, std::string_view name) -> Result<Identity> {
  auto const both = read_file(path, kMaxPemBytes);
  if (both) return checked({*both, *both}, path, path);
  if (both.error().code != ErrorCode::not_found) return both.error();
  TRY(auto identity, make_identity(name));
  TRY_VOID(write_file_durably(path, identity.key + identity.certificate));
  return identity;
}

auto load_identity(std::string const &certificate_path, std::string const &key_path) -> Result<Identity> {
  TRY(auto certificate, read_file(certificate_path, kMaxPemBytes));
  TRY(auto key, read_file(key_path, kMaxPemBytes));
  return checked({std::move(certificate), std::move(key)}, certificate_path, key_path);
}

auto pin_of(Identity const &identity) -> Result<model::KeyPin> {
  auto const certificate = openssl::read_certificate(identity.certificate);
  if (!certificate) return last_error("reading a certificate");
  return openssl::pin_of(certificate.get());
}

}  // namespace noroshi::net
