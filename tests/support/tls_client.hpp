// A TLS client without sockets: gives the bytes that it sends, takes those that it hears.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/x509v3.h>

#include "sense/openssl.hpp"

namespace noroshi::sense::test {

class TlsClient {
public:
  TlsClient() : context_(::SSL_CTX_new(::TLS_client_method())), connection_(nullptr) {
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
  }
  [[nodiscard]] auto context() const -> SSL_CTX * { return context_.get(); }

  /// Begins; what it sends first.
  auto hello(char const *server_name = "tower.example") -> std::string {
    connection_.reset(::SSL_new(context_.get()));
    ::SSL_set_bio(connection_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
    ::SSL_set_connect_state(connection_.get());
    ::SSL_set_tlsext_host_name(connection_.get(), server_name);
    return hear({});
  }
  /// Takes what the server sent, and gives what it answers (nothing where the handshake waits or is over).
  auto hear(std::string_view bytes) -> std::string {
    if (!bytes.empty()) ::BIO_write(::SSL_get_rbio(connection_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (::SSL_is_init_finished(connection_.get()) != 1) (void)::SSL_do_handshake(connection_.get());
    if (::SSL_is_init_finished(connection_.get()) == 1) read();
    ::ERR_clear_error();
    return sent();
  }
  auto say(std::string_view text) -> std::string {
    ::SSL_write(connection_.get(), text.data(), static_cast<int>(text.size()));
    return sent();
  }
  auto goodbye() -> std::string {
    ::SSL_shutdown(connection_.get());
    return sent();
  }
  [[nodiscard]] auto heard() const -> std::string const & { return heard_; }
  [[nodiscard]] auto is_connected() const -> bool { return ::SSL_is_init_finished(connection_.get()) == 1; }
  /// The server has said good-bye.
  [[nodiscard]] auto is_closed() const -> bool {
    return (::SSL_get_shutdown(connection_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  [[nodiscard]] auto connection() const -> SSL * { return connection_.get(); }

private:
  void read() {
    auto bytes = std::array<char, 4096>{};
    auto size = 0;
    while ((size = ::SSL_read(connection_.get(), bytes.data(), bytes.size())) > 0)
      heard_.append(bytes.data(), static_cast<std::size_t>(size));
  }
  auto sent() -> std::string {
    auto bytes = std::string(::BIO_ctrl_pending(::SSL_get_wbio(connection_.get())), '\0');
    if (!bytes.empty()) ::BIO_read(::SSL_get_wbio(connection_.get()), bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  OpensslContext context_;
  OpensslConnection connection_;
  std::string heard_;
};

}  // namespace noroshi::sense::test
