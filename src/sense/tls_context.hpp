// TlsContext: how a persona speaks TLS, made before the process confines itself and shared by all its visits.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "sense/openssl.hpp"
#include "sense/persona.hpp"

namespace noroshi::sense {

/// Immutable once made; connections on all event loops refer to it. It must outlive them.
class TlsContext {
public:
  /// Without certificate; only to be assigned to.
  TlsContext() = default;
  /// Reads [tls] of the persona; makes or reads its certificate (certificate.hpp). Errors name the key or the file.
  static auto create(Persona const &persona) -> Result<TlsContext>;
  [[nodiscard]] auto get() const -> SSL_CTX * { return context_.get(); }

private:
  struct Alpn {
    std::string names;  // that the server agrees to, each behind its length
    bool alert = true;  // where the client has none of them
  };
  static auto choose_alpn(SSL *connection, unsigned char const **chosen, unsigned char *chosen_size,
                          unsigned char const *offered, unsigned offered_size, void *alpn) -> int;
  auto set_versions(Persona const &persona) -> Result<void>;
  auto set_certificate(Persona const &persona) -> Result<void>;
  auto set_alpn(Persona const &persona) -> Result<void>;
  auto set_tickets(Persona const &persona) -> Result<void>;

  OpensslContext context_;
  std::unique_ptr<Alpn> alpn_;  // where the context's callback finds it
};

}  // namespace noroshi::sense
