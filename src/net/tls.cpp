#include "net/tls.hpp"

#include <memory>

#include "net/openssl.hpp"

namespace noroshi::net {

namespace {

namespace ssl = boost::asio::ssl;

// NIST SP 800-57: what counts as 112 bits strong or more.
constexpr auto kMinRsaBits = 2048;

auto is_strong(X509 const *certificate) -> bool {
  auto *const key = X509_get0_pubkey(certificate);
  if (key == nullptr) return false;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448: return true;
    case EVP_PKEY_EC: return EVP_PKEY_get_security_bits(key) >= 128;
    case EVP_PKEY_RSA: return EVP_PKEY_get_bits(key) >= kMinRsaBits;
    default: return false;
  }
}

/// In place of OpenSSL's walk to an authority: the key is the identity. That its owner holds it is proved by the
/// handshake itself (CertificateVerify, RFC 8446 section 4.4.3).
auto accept_client(X509_STORE_CTX *context, void *) -> int {
  auto const *const certificate = X509_STORE_CTX_get0_cert(context);
  auto refused = X509_V_OK;
  if (!is_strong(certificate))
    refused = X509_V_ERR_EE_KEY_TOO_SMALL;
  else if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
    refused = X509_V_ERR_CERT_HAS_EXPIRED;
  X509_STORE_CTX_set_error(context, refused);
  return refused == X509_V_OK ? 1 : 0;
}

auto accept_pinned(X509_STORE_CTX *context, void *wanted) -> int {
  auto const pin = openssl::pin_of(X509_STORE_CTX_get0_cert(context));
  auto const same = pin && *pin == *static_cast<model::KeyPin const *>(wanted);
  X509_STORE_CTX_set_error(context, same ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return same ? 1 : 0;
}

/// The pin lives as long as the context that compares with it.
auto pin_slot() -> int {
  static auto const slot = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void *, void *pin, CRYPTO_EX_DATA *, int, long, void *) { delete static_cast<model::KeyPin *>(pin); });
  return slot;
}

auto use_identity(SSL_CTX *context, Identity const &identity) -> Result<void> {
  auto const chain = openssl::reader_of(identity.certificate);
  auto const own = openssl::Certificate{PEM_read_bio_X509(chain.get(), nullptr, openssl::no_passphrase, nullptr)};
  auto const key = openssl::read_key(identity.key);
  if (!own || !key || SSL_CTX_use_certificate(context, own.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return openssl::last_error("using a TLS certificate");
  while (auto *const next = PEM_read_bio_X509(chain.get(), nullptr, openssl::no_passphrase, nullptr))
    if (SSL_CTX_add0_chain_cert(context, next) != 1) return openssl::last_error("using a TLS certificate chain");
  ERR_clear_error();  // the end of the chain is one
  return ok;
}

void use_common(SSL_CTX *context, int least_version) {
  SSL_CTX_set_min_proto_version(context, least_version);
  // A connection that waits for its next request holds no buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Each connection proves its key anew: a resumed one would carry a proof from before.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
}

}  // namespace

auto server_context(HttpTls const &tls) -> Result<ssl::context> {
  auto context = ssl::context{ssl::context::tls_server};
  auto *const native = context.native_handle();
  auto const demanded = tls.clients == ClientCertificates::demanded;
  use_common(native, demanded ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (demanded) {
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(native, accept_client, nullptr);
  }
  TRY_VOID(use_identity(native, tls.identity));
  return context;
}

auto client_context(Identity const &own, model::KeyPin const &node) -> Result<ssl::context> {
  auto context = ssl::context{ssl::context::tls_client};
  auto *const native = context.native_handle();
  use_common(native, TLS1_3_VERSION);
  auto pin = std::make_unique<model::KeyPin>(node);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(native, accept_pinned, pin.get());
  if (SSL_CTX_set_ex_data(native, pin_slot(), pin.get()) != 1) return openssl::last_error("keeping a pin");
  (void)pin.release();  // the context's now
  TRY_VOID(use_identity(native, own));
  return context;
}

auto shown_pin(SSL const *connection) -> std::optional<model::KeyPin> {
  auto const *const certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return std::nullopt;
  auto const pin = openssl::pin_of(certificate);
  return pin ? std::optional{*pin} : std::nullopt;
}

}  // namespace noroshi::net
