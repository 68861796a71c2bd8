// What a visit's bytes pass through: the wire with its counts and caps, and TLS on top of it once a decoy begins that.
#include <algorithm>

#include "sense/tls_stream.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// The wire as TLS sees it: what a peer makes OpenSSL read or write counts as what a decoy reads and writes.
class Visit::Wire final : public Stream {
public:
  explicit Wire(Visit &visit) : visit_(visit) {}
  auto try_read(char *to, std::size_t size) -> StreamStep override { return visit_.read_wire(to, size); }
  auto try_write(std::string_view bytes) -> StreamStep override { return visit_.write_wire(bytes); }
  void when_readable(StreamWaiter &waiter) override { visit_.stream_.when_readable(waiter); }
  void when_writable(StreamWaiter &waiter) override { visit_.stream_.when_writable(waiter); }

private:
  Visit &visit_;
};

auto Visit::read_wire(char *to, std::size_t size) -> StreamStep {
  auto const allowed = std::min<std::uint64_t>(size, limits_.bytes_in - bytes_in_);
  if (allowed == 0) {
    end(Ending::bytes_in);
    return {StreamStep::State::failed, 0};
  }
  auto const step = stream_.try_read(to, allowed);
  if (step.state == StreamStep::State::done) {
    bytes_in_ += step.bytes;
    active_ = host_.clock().steady();
  }
  return step;
}

auto Visit::write_wire(std::string_view bytes) -> StreamStep {
  if (bytes_out_ + bytes.size() > limits_.bytes_out) {
    end(Ending::bytes_out);
    return {StreamStep::State::failed, 0};
  }
  auto const step = stream_.try_write(bytes);
  if (step.state == StreamStep::State::done) {
    bytes_out_ += step.bytes;
    active_ = host_.clock().steady();
  }
  return step;
}

auto Visit::top() -> Stream & { return tls_ == nullptr ? stream_ : *tls_; }

auto Visit::read_top(char *to, std::size_t size) -> StreamStep {
  return tls_ == nullptr ? read_wire(to, size) : tls_->try_read(to, size);
}

auto Visit::write_top(std::string_view bytes) -> StreamStep {
  return tls_ == nullptr ? write_wire(bytes) : tls_->try_write(bytes);
}

auto Visit::start_tls(TlsContext const &context) -> TlsWait {
  put_on_tls(context);
  return TlsWait{*this};
}

void Visit::put_on_tls(TlsContext const &context) {
  auto received = std::string{unread()};
  unread_.clear();
  consumed_ = 0;
  peer_closed_ = false;  // seen again behind what it sent before
  tls_ = std::make_unique<TlsStream>(context, std::make_unique<Wire>(*this), std::move(received));
}

auto Visit::handshake_settled() -> bool {
  auto const step = tls_->handshake();
  if (step.state == StreamStep::State::would_block) return false;
  if (step.state == StreamStep::State::closed) end(Ending::visitor);
  if (step.state == StreamStep::State::failed && tls_->problem().empty()) end(Ending::reset);
  return true;
}

auto Visit::TlsWait::await_resume() -> Result<void> {
  if (visit_.ending_ != Ending::none) return visit_.end_error();
  auto const &problem = visit_.tls_->problem();
  if (!problem.empty()) return Error{ErrorCode::malformed, problem};
  return ok;
}

}  // namespace noroshi::sense
