// A server's host key: what it is called, its public half as SSH writes it, and signatures with it (RFC 4253
// section 6.6, RFC 5656, RFC 8332, RFC 8709).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// As OpenSSL declares it: who holds a key need not read its headers.
using EVP_PKEY = struct evp_pkey_st;

namespace noroshi::codec::ssh {

class HostKey {
public:
  static auto known_kinds() -> std::vector<std::string_view>;
  /// One of those kinds.
  static auto generate(std::string_view kind) -> Result<HostKey>;
  /// PKCS#8 in PEM, as to_pem() gives it.
  static auto parse(std::string_view pem) -> Result<HostKey>;
  [[nodiscard]] auto to_pem() const -> std::string;

  /// "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"
  [[nodiscard]] auto type() const -> std::string const & { return type_; }
  [[nodiscard]] auto public_blob() const -> std::string const & { return blob_; }
  /// The names by which it signs: of RSA rsa-sha2-512, rsa-sha2-256 and ssh-rsa.
  [[nodiscard]] auto algorithms() const -> std::vector<std::string_view>;
  /// The signature as it is sent: its algorithm's name, and what that makes of `bytes`. malformed: not its algorithm.
  [[nodiscard]] auto sign(std::string_view algorithm, std::string_view bytes) const -> Result<std::string>;

private:
  struct Free {
    void operator()(EVP_PKEY *key) const;
  };
  explicit HostKey(std::unique_ptr<EVP_PKEY, Free> key) : key_(std::move(key)) {}
  static auto of(std::unique_ptr<EVP_PKEY, Free> key) -> Result<HostKey>;

  std::unique_ptr<EVP_PKEY, Free> key_;
  std::string type_;
  std::string blob_;
  std::string secret_;  // of Ed25519, as libsodium signs with it
};

/// "SHA256:…", as ssh-keygen prints it: unpadded base64.
auto fingerprint(std::string_view public_blob) -> std::string;

}  // namespace noroshi::codec::ssh
