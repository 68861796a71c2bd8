#include "sense/visit.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "model/batch.hpp"
#include "sense/decoy.hpp"
#include "sense/tls_stream.hpp"

namespace noroshi::sense {
namespace {

/// One read: a page, which is more than most visitors ever send at once.
constexpr auto kReadChunk = std::size_t{4096};
/// Frames of one turn of a conversation; a turn that notes more is a flood in one packet.
constexpr auto kMaxPendingNotes = std::size_t{256} << 10;
/// any-port to http to …: more would be a loop.
constexpr auto kMaxHandOvers = 4;
/// A decoy that goes on waiting after its visit has ended is defective; it is stopped here.
constexpr auto kMaxWaitsAfterEnd = 64;

}  // namespace

auto to_string(Ending ending) -> std::string_view {
  switch (ending) {
    case Ending::none: return "none";
    case Ending::decoy: return "decoy";
    case Ending::visitor: return "visitor";
    case Ending::reset: return "reset";
    case Ending::idle: return "idle";
    case Ending::deadline: return "deadline";
    case Ending::bytes_in: return "bytes_in";
    case Ending::bytes_out: return "bytes_out";
    case Ending::shutdown: return "shutdown";
    case Ending::defect: return "defect";
  }
  return "none";
}

Visit::Visit(VisitHost &host, Stream &stream, Encounter const &encounter, VisitLimits const &limits, Decoy const &decoy,
             std::string_view service)
    : host_(host), stream_(stream), encounter_(encounter), limits_(limits), decoy_(&decoy), service_(service) {}

Visit::~Visit() {
  task_.reset();  // before what its coroutine refers to
  if (unread_.capacity() > 0) host_.take_back(std::move(unread_));
  if (notes_.capacity() > 0) host_.take_back(std::move(notes_));
}

void Visit::start() {
  began_ = active_ = host_.clock().steady();
  note_opened();
  task_.emplace(converse());
  task_->start();
  if (task_->done()) host_.visit_ended(*this);
}

void Visit::stop() {
  end(Ending::shutdown);
  if (waiting_) resume();
}

void Visit::on_timer() {
  if (!waiting_) return;
  auto const now = host_.clock().steady();
  if (now >= began_ + limits_.total)
    end(Ending::deadline);
  else if (want_ != Want::pause && now >= active_ + limits_.idle)
    end(Ending::idle);
  else if ((want_ == Want::pause || want_ == Want::peek) && now >= wait_until_)
    wait_over_ = true;
  else
    return host_.wake(*this, wake_time());
  resume();
}

auto Visit::converse() -> Task<void> {
  for (auto turn = 0; turn <= kMaxHandOvers; ++turn) {
    try {
      auto conversation = decoy_->converse(*this);
      auto const outcome = co_await std::move(conversation);
      if (!outcome && ending_ == Ending::none) ending_ = Ending::decoy;
    } catch (std::exception const &) {
      end(Ending::defect);
    }
    auto const *const next = next_decoy_.empty() ? nullptr : host_.decoy(next_decoy_);
    if (ending_ != Ending::none || next == nullptr) break;
    decoy_ = next;
    service_ = std::exchange(next_decoy_, {});
  }
  if (tls_ != nullptr && ending_ <= Ending::decoy) tls_->say_goodbye();
  end(Ending::decoy);
  note_closed();
  flush_notes();
}

void Visit::stream_ready() {
  if (!waiting_) return;
  if (settled()) return resume();
  suspend(waiting_);
}

void Visit::resume() {
  std::exchange(waiting_, nullptr).resume();
  if (task_->done()) host_.visit_ended(*this);
}

auto Visit::begin(Want want, std::size_t size, std::string_view text, Duration within) -> bool {
  flush_notes();
  want_ = want;
  size_ = size;
  text_ = text;
  scanned_ = 0;
  wait_over_ = false;
  if (ending_ != Ending::none && ++waits_after_end_ > kMaxWaitsAfterEnd)
    throw std::logic_error{"a decoy goes on after its visit has ended"};
  if (want == Want::peek || want == Want::pause) wait_until_ = host_.clock().steady() + within;
  if (want == Want::reply && bytes_out_ + text.size() > limits_.bytes_out) end(Ending::bytes_out);
  if (want != Want::reply && want != Want::pause && want != Want::handshake && consumed_ == unread_.size()) {
    unread_.clear();
    consumed_ = 0;
  }
  return settled();
}

void Visit::suspend(std::coroutine_handle<> waiting) {
  waiting_ = waiting;
  if (unread_.empty() && unread_.capacity() > 0) host_.take_back(std::exchange(unread_, {}));
  host_.wake(*this, wake_time());
  if (want_ == Want::reply)
    top().when_writable(*this);
  else if (want_ != Want::pause)
    top().when_readable(*this);
}

auto Visit::wake_time() const -> SteadyTime {
  auto when = began_ + limits_.total;
  if (want_ != Want::pause) when = std::min(when, active_ + limits_.idle);
  if (want_ == Want::pause || want_ == Want::peek) when = std::min(when, wait_until_);
  return when;
}

auto Visit::settled() -> bool {
  if (ending_ != Ending::none) return true;
  if (want_ == Want::pause) return wait_over_;
  if (want_ == Want::handshake) return handshake_settled();
  return want_ == Want::reply ? reply_settled() : read_settled();
}

auto Visit::reply_settled() -> bool {
  while (!text_.empty()) {
    auto const step = write_top(text_);
    if (step.state == StreamStep::State::would_block) return false;
    if (step.state != StreamStep::State::done) {
      end(Ending::reset);
      return true;
    }
    text_.remove_prefix(step.bytes);
  }
  return true;
}

auto Visit::read_settled() -> bool {
  while (!enough_unread()) {
    if (want_ == Want::peek && (wait_over_ || (peer_closed_ && !unread().empty()))) return true;
    auto const state = peer_closed_ ? StreamStep::State::closed : fill();
    if (state == StreamStep::State::would_block) return false;
    if (state == StreamStep::State::done) continue;
    if (state == StreamStep::State::failed) end(Ending::reset);
    if (state == StreamStep::State::closed && peer_closed_) end(Ending::visitor);
    peer_closed_ = true;
    if (ending_ != Ending::none) return true;
  }
  return true;
}

auto Visit::enough_unread() -> bool {
  auto const bytes = unread();
  if (want_ == Want::until) {
    auto const found = bytes.find(text_, scanned_);
    if (found != std::string_view::npos) {
      scanned_ = found + text_.size();
      return true;
    }
    scanned_ = bytes.size() < text_.size() ? 0 : bytes.size() - text_.size() + 1;
  }
  return bytes.size() >= size_;
}

auto Visit::fill() -> StreamStep::State {
  if (consumed_ > 0) {
    unread_.erase(0, consumed_);
    consumed_ = 0;
  }
  if (unread_.capacity() < kReadChunk && unread_.empty()) unread_ = host_.lend_buffer();
  auto const before = unread_.size();
  auto step = StreamStep{};
  unread_.resize_and_overwrite(before + kReadChunk, [&](char *bytes, std::size_t) {
    step = read_top(bytes + before, kReadChunk);
    return before + (step.state == StreamStep::State::done ? step.bytes : 0);
  });
  return step.state;
}

auto Visit::read_result() -> Result<std::string_view> {
  if (ending_ != Ending::none) return end_error();
  auto const bytes = unread();
  if (want_ == Want::peek) return bytes.substr(0, size_);
  auto size = want_ == Want::some ? bytes.size() : size_;
  if (want_ == Want::until) {
    auto const found = scanned_ >= text_.size() && bytes.substr(scanned_ - text_.size()).starts_with(text_);
    if (!found || scanned_ > size_) return Error{ErrorCode::too_large, "no delimiter"};
    size = scanned_;
  }
  consumed_ += size;
  return bytes.substr(0, size);
}

auto Visit::ReplyWait::await_resume() -> Result<void> {
  if (visit_.ending_ != Ending::none) return visit_.end_error();
  return ok;
}

auto Visit::PauseWait::await_resume() -> Result<void> {
  if (visit_.ending_ != Ending::none) return visit_.end_error();
  visit_.active_ = visit_.host_.clock().steady();  // a pause is ours, so the visitor was not idle
  return ok;
}

auto Visit::end_error() -> Error {
  auto const code = ending_ == Ending::idle || ending_ == Ending::deadline        ? ErrorCode::timed_out
                    : ending_ == Ending::bytes_in || ending_ == Ending::bytes_out ? ErrorCode::too_large
                                                                                  : ErrorCode::unavailable;
  return Error{code, std::string{to_string(ending_)}};
}

void Visit::end(Ending ending) {
  if (ending_ == Ending::none) ending_ = ending;
}

void Visit::note(model::Observation &seen) {
  auto const before = notes_.size();
  keep(seen);
  if (notes_.size() > kMaxPendingNotes || noted_bytes_ > limits_.noted_bytes) {
    noted_bytes_ -= notes_.size() - before;
    notes_.resize(before);
    --pending_notes_;
    ++lost_notes_;
  }
}

void Visit::keep(model::Observation &seen) {
  seen.time = now();
  seen.visit = encounter_.id;
  seen.sequence = sequence_++;
  seen.source = encounter_.source;
  seen.destination = encounter_.destination;
  seen.transport = encounter_.transport;
  seen.service = service_;
  if (notes_.capacity() < kReadChunk && notes_.empty()) notes_ = host_.lend_buffer();
  auto const before = notes_.size();
  model::append_frame(notes_, seen);
  noted_bytes_ += notes_.size() - before;
  ++pending_notes_;
}

void Visit::note_opened() {
  auto seen = model::Observation{};
  seen.kind = model::Kind::opened;
  if (!encounter_.persona.empty()) seen.set(model::Field::persona, encounter_.persona);
  keep(seen);
}

void Visit::note_closed() {
  auto seen = model::Observation{};
  if (lost_notes_ > 0) {
    seen.kind = model::Kind::limit;
    auto const extra = fmt::format(R"({{"notes_lost":{}}})", lost_notes_);
    seen.extra = extra;
    seen.set(model::Field::reason, std::string_view{"notes"});
    keep(seen);
    seen = {};
  }
  seen.kind = model::Kind::closed;
  auto const duration = std::chrono::duration_cast<std::chrono::milliseconds>(host_.clock().steady() - began_);
  seen.set(model::Field::bytes_in, static_cast<std::int64_t>(bytes_in_))
      .set(model::Field::bytes_out, static_cast<std::int64_t>(bytes_out_))
      .set(model::Field::duration_ms, std::int64_t{duration.count()})
      .set(model::Field::reason, to_string(ending_));
  keep(seen);
}

void Visit::flush_notes() {
  if (pending_notes_ == 0) return;
  if (!host_.spool(notes_, pending_notes_)) lost_notes_ += pending_notes_;
  pending_notes_ = 0;
  notes_.clear();
  host_.take_back(std::exchange(notes_, {}));
}

}  // namespace noroshi::sense
