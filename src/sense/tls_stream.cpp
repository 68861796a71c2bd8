#include "sense/tls_stream.hpp"

#include <openssl/bio.h>

namespace noroshi::sense {

using State = StreamStep::State;

struct TlsStream::Below {
  static auto of(BIO *bio) -> TlsStream & { return *static_cast<TlsStream *>(::BIO_get_data(bio)); }

  static auto read(BIO *bio, char *to, std::size_t size, std::size_t *moved) -> int {
    auto &stream = of(bio);
    BIO_clear_retry_flags(bio);
    if (!stream.received_.empty()) {
      *moved = stream.received_.copy(to, size);
      stream.received_.erase(0, *moved);
      if (stream.received_.empty()) stream.received_.shrink_to_fit();
      return 1;
    }
    auto const step = stream.below_->try_read(to, size);
    if (step.state == State::would_block) BIO_set_retry_read(bio);
    return stream.outcome(step, moved);
  }

  static auto write(BIO *bio, char const *bytes, std::size_t size, std::size_t *moved) -> int {
    auto &stream = of(bio);
    BIO_clear_retry_flags(bio);
    auto const step = stream.below_->try_write({bytes, size});
    if (step.state == State::would_block) BIO_set_retry_write(bio);
    return stream.outcome(step, moved);
  }

  static auto control(BIO * /*bio*/, int command, long /*number*/, void * /*pointer*/) -> long {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  /// Made once, lives as long as the process.
  static auto method() -> BIO_METHOD * {
    static auto *const made = [] {
      auto *const empty = ::BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
      if (empty == nullptr) return empty;
      ::BIO_meth_set_read_ex(empty, &Below::read);
      ::BIO_meth_set_write_ex(empty, &Below::write);
      ::BIO_meth_set_ctrl(empty, &Below::control);
      return empty;
    }();
    return made;
  }
};

TlsStream::TlsStream(TlsContext const &context, std::unique_ptr<Stream> below, std::string received)
    : below_(std::move(below)), received_(std::move(received)), connection_(::SSL_new(context.get())) {
  auto *const method = Below::method();
  auto *const bio = method == nullptr ? nullptr : ::BIO_new(method);
  if (connection_ == nullptr || bio == nullptr) {  // no memory
    problem_ = take_openssl_reason();
    ::BIO_free(bio);
    connection_.reset();
    return;
  }
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(connection_.get(), bio, bio);
  ::SSL_set_accept_state(connection_.get());
}

auto TlsStream::outcome(StreamStep const &step, std::size_t *moved) -> int {
  below_state_ = step.state;
  *moved = step.bytes;
  return step.state == State::done ? 1 : 0;
}

auto TlsStream::step_of(int outcome, std::size_t bytes) -> StreamStep {
  if (outcome == 1) return {State::done, bytes};
  auto const why = ::SSL_get_error(connection_.get(), outcome);
  wants_to_write_ = why == SSL_ERROR_WANT_WRITE;
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {State::would_block, 0};
  if (why == SSL_ERROR_ZERO_RETURN) return {State::closed, 0};
  if (below_state_ == State::closed || below_state_ == State::failed) {
    ::ERR_clear_error();
    return {below_state_, 0};
  }
  problem_ = take_openssl_reason();
  return {State::failed, 0};
}

auto TlsStream::handshake() -> StreamStep {
  if (!problem_.empty()) return {State::failed, 0};
  ::ERR_clear_error();
  return step_of(::SSL_do_handshake(connection_.get()), 0);
}

auto TlsStream::try_read(char *to, std::size_t size) -> StreamStep {
  if (!problem_.empty()) return {State::failed, 0};
  ::ERR_clear_error();
  auto moved = std::size_t{0};
  auto const outcome = ::SSL_read_ex(connection_.get(), to, size, &moved);
  return step_of(outcome, moved);
}

auto TlsStream::try_write(std::string_view bytes) -> StreamStep {
  if (!problem_.empty()) return {State::failed, 0};
  ::ERR_clear_error();
  auto moved = std::size_t{0};
  auto const outcome = ::SSL_write_ex(connection_.get(), bytes.data(), bytes.size(), &moved);
  return step_of(outcome, moved);
}

void TlsStream::say_goodbye() {
  if (!problem_.empty() || ::SSL_is_init_finished(connection_.get()) != 1) return;
  ::ERR_clear_error();
  (void)::SSL_shutdown(connection_.get());
  ::ERR_clear_error();
}

auto TlsStream::agreed() const -> Agreed {
  if (connection_ == nullptr) return {};
  auto const *alpn = static_cast<unsigned char const *>(nullptr);
  auto size = 0U;
  ::SSL_get0_alpn_selected(connection_.get(), &alpn, &size);
  return {::SSL_get_version(connection_.get()),
          ::SSL_get_cipher_name(connection_.get()),
          {reinterpret_cast<char const *>(alpn), size},
          ::SSL_session_reused(connection_.get()) == 1};
}

void TlsStream::wait(StreamWaiter &waiter) {
  if (wants_to_write_)
    below_->when_writable(waiter);
  else
    below_->when_readable(waiter);
}

}  // namespace noroshi::sense
