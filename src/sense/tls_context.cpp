#include "sense/tls_context.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/pem.h>

#include "sense/certificate.hpp"

namespace noroshi::sense {
namespace {

/// OpenSSL sends two; more only costs bytes.
constexpr auto kMaxTickets = std::int64_t{4};
/// Debian's OpenSSL refuses keys and hashes below 112 bits; old devices do not.
constexpr auto kUsualSecurity = 2;
constexpr auto kOldSecurity = 0;
constexpr auto kMaxAlpnName = std::size_t{255};

auto version_number(std::string_view text) -> int {
  if (text == "1.0") return TLS1_VERSION;
  if (text == "1.1") return TLS1_1_VERSION;
  if (text == "1.2") return TLS1_2_VERSION;
  return text == "1.3" ? TLS1_3_VERSION : 0;
}

auto refuse(Persona const &persona, std::string_view key, std::string_view value, std::string_view instead) -> Error {
  ::ERR_clear_error();
  return fail(ErrorCode::malformed, "persona {}: {} = \"{}\"; write {}", persona.name(), key, value, instead);
}

}  // namespace

auto TlsContext::create(Persona const &persona) -> Result<TlsContext> {
  auto made = TlsContext{};
  made.context_.reset(::SSL_CTX_new(::TLS_server_method()));
  auto *const context = made.context_.get();
  if (context == nullptr) return fail(ErrorCode::internal, "OpenSSL made no context: {}", take_openssl_reason());
  ::SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_read_ahead(context, 1);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  TRY_VOID(made.set_versions(persona));
  TRY_VOID(made.set_certificate(persona));
  TRY_VOID(made.set_alpn(persona));
  TRY_VOID(made.set_tickets(persona));
  return made;
}

auto TlsContext::set_versions(Persona const &persona) -> Result<void> {
  auto const least = persona.text("tls.min_version", "1.2");
  auto const most = persona.text("tls.max_version", "1.3");
  auto const from = version_number(least);
  auto const to = version_number(most);
  if (from == 0) return refuse(persona, "tls.min_version", least, "1.0, 1.1, 1.2 or 1.3");
  if (to < from) return refuse(persona, "tls.max_version", most, "1.0, 1.1, 1.2 or 1.3, not below tls.min_version");
  ::SSL_CTX_set_min_proto_version(context_.get(), from);
  ::SSL_CTX_set_max_proto_version(context_.get(), to);
  ::SSL_CTX_set_security_level(context_.get(), from < TLS1_2_VERSION ? kOldSecurity : kUsualSecurity);
  if (auto const ciphers = persona.text("tls.ciphers", "");
      !ciphers.empty() && ::SSL_CTX_set_cipher_list(context_.get(), ciphers.c_str()) != 1)
    return refuse(persona, "tls.ciphers", ciphers, "a list as openssl-ciphers(1) describes it");
  if (auto const groups = persona.text("tls.groups", "");
      !groups.empty() && SSL_CTX_set1_groups_list(context_.get(), groups.c_str()) != 1)
    return refuse(persona, "tls.groups", groups, "a list like X25519:P-256:P-384");
  return ok;
}

auto TlsContext::set_certificate(Persona const &persona) -> Result<void> {
  TRY(auto const pem, certificate_of(persona));
  auto const damaged = [&persona](std::string_view what) {
    return fail(ErrorCode::malformed,
                "{}/{}.pem holds {} ({}); put private key and certificate there, or remove it and a new one is made",
                persona.kept_in(), persona.name(), what, take_openssl_reason());
  };
  auto const read = [&pem] { return OpensslBio{::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))}; };
  auto const key_text = read();
  auto const key = OpensslKey{::PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr)};
  if (key == nullptr) return damaged("no private key without a password");
  auto const text = read();
  auto const certificate = OpensslCertificate{::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)};
  if (certificate == nullptr) return damaged("no certificate");
  if (::SSL_CTX_use_certificate(context_.get(), certificate.get()) != 1)
    return damaged("a certificate that is refused");
  if (::SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) return damaged("a key that is not the certificate's");
  while (auto chained = OpensslCertificate{::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)})
    if (SSL_CTX_add0_chain_cert(context_.get(), chained.get()) == 1) (void)chained.release();
  ::ERR_clear_error();  // the end of the text is an error to OpenSSL
  return ok;
}

auto TlsContext::set_alpn(Persona const &persona) -> Result<void> {
  auto names = persona.list("tls.alpn");
  auto const mismatch = persona.text("tls.alpn_mismatch", "alert");
  if (mismatch != "alert" && mismatch != "ignore")
    return refuse(persona, "tls.alpn_mismatch", mismatch, "alert or ignore");
  if (names == std::vector<std::string>{"none"}) return ok;
  if (names.empty()) names = {"http/1.1", "http/1.0", "http/0.9"};
  alpn_ = std::make_unique<Alpn>(Alpn{{}, mismatch == "alert"});
  for (auto const &name : names) {
    if (name.empty() || name.size() > kMaxAlpnName) return refuse(persona, "tls.alpn", name, "names of 1 to 255 bytes");
    alpn_->names += static_cast<char>(name.size());
    alpn_->names += name;
  }
  ::SSL_CTX_set_alpn_select_cb(context_.get(), &TlsContext::choose_alpn, alpn_.get());
  return ok;
}

auto TlsContext::choose_alpn(SSL * /*connection*/, unsigned char const **chosen, unsigned char *chosen_size,
                             unsigned char const *offered, unsigned offered_size, void *alpn) -> int {
  auto const &mine = *static_cast<Alpn const *>(alpn);
  auto *found = static_cast<unsigned char *>(nullptr);
  auto const *const names = reinterpret_cast<unsigned char const *>(mine.names.data());
  if (::SSL_select_next_proto(&found, chosen_size, names, static_cast<unsigned>(mine.names.size()), offered,
                              offered_size) == OPENSSL_NPN_NEGOTIATED) {
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }
  return mine.alert ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

auto TlsContext::set_tickets(Persona const &persona) -> Result<void> {
  TRY(auto const tickets, persona.number("tls.tickets", 2));
  if (tickets < 0 || tickets > kMaxTickets)
    return refuse(persona, "tls.tickets", std::to_string(tickets), fmt::format("a number from 0 to {}", kMaxTickets));
  ::SSL_CTX_set_num_tickets(context_.get(), static_cast<std::size_t>(tickets));
  if (tickets == 0) ::SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
  return ok;
}

}  // namespace noroshi::sense
