// A visit without sockets: the test is the visitor, turns the clock, and reads what the decoy noted.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.hpp"
#include "sense/decoy.hpp"
#include "sense/frame_pool.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense::test {

class ScriptedVisit final : public VisitHost, public Stream {
public:
  explicit ScriptedVisit(Decoy const &decoy, std::string_view service, VisitLimits limits = {})
      : limits_(limits), clock_(*parse_rfc3339("2026-11-21T09:30:00Z")) {
    static auto sources = std::uint32_t{0};  // each visitor is somebody else: decoys remember who guessed what
    auto const encounter = Encounter{{model::IpAddress::v4(0x0a00'0000 + ++sources), 40000},
                                     {model::IpAddress::v4(0xc633'6401), 23},
                                     model::Uuid::v7(clock_.now(), 1, 2)};
    visit_ = std::make_unique<Visit>(*this, *this, encounter, limits_, decoy, service);
  }
  ~ScriptedVisit() override { visit_.reset(); }

  // What the test does.
  void start() {
    visit_->start();
    pump();
  }
  void send(std::string_view bytes) {
    input_.append(bytes);
    pump();
  }
  /// The visitor closes its side.
  void close() {
    closed_ = true;
    pump();
  }
  void reset() {
    broken_ = true;
    pump();
  }
  /// Time passes, in steps no longer than the visit's own next deadline.
  void pass(Duration duration) {
    auto const until = clock_.steady() + duration;
    while (!ended_ && wake_ && *wake_ <= until) {
      if (*wake_ > clock_.steady()) clock_.advance(std::chrono::duration_cast<Duration>(*wake_ - clock_.steady()));
      wake_.reset();
      visit_->on_timer();
      pump();
    }
    if (until > clock_.steady()) clock_.advance(std::chrono::duration_cast<Duration>(until - clock_.steady()));
  }
  void stop() {
    visit_->stop();
    pump();
  }
  /// From now on writes take at most so many bytes, with a wait after each.
  void write_at_most(std::size_t bytes) { write_piece_ = bytes; }
  void know(std::string_view name, Decoy const &decoy) { decoys_.emplace(name, &decoy); }

  [[nodiscard]] auto ended() const -> bool { return ended_; }
  [[nodiscard]] auto ending() const -> Ending { return visit_->ending(); }
  [[nodiscard]] auto output() const -> std::string const & { return output_; }
  [[nodiscard]] auto unknown() const -> std::vector<std::string> const & { return unknown_; }
  [[nodiscard]] auto buffers_lent() const -> int { return buffers_lent_; }
  [[nodiscard]] auto frames() const -> std::string const & { return frames_; }
  /// All notes so far. They point into this object.
  [[nodiscard]] auto notes() const -> std::vector<model::Observation> {
    auto all = std::vector<model::Observation>{};
    auto reader = model::FrameReader{frames_};
    for (auto seen = model::Observation{}; reader.next(seen) == model::FrameReader::Step::frame;) all.push_back(seen);
    return all;
  }
  [[nodiscard]] auto notes(model::Kind kind) const -> std::vector<model::Observation> {
    auto all = notes();
    std::erase_if(all, [kind](auto const &seen) { return seen.kind != kind; });
    return all;
  }

  // VisitHost
  [[nodiscard]] auto clock() const -> Clock const & override { return clock_; }
  auto frame_arena() -> FrameArena & override { return frame_pool_; }
  auto lend_buffer() -> std::string override {
    ++buffers_lent_;
    auto buffer = std::string{};
    buffer.reserve(4096);
    return buffer;
  }
  void take_back(std::string) override { --buffers_lent_; }
  auto spool(std::string_view frames, std::uint64_t) -> bool override {
    frames_.append(frames);
    return true;
  }
  void wake(Visit &, std::chrono::steady_clock::time_point when) override { wake_ = when; }
  void visit_ended(Visit &) override { ended_ = true; }
  auto random() -> std::uint64_t override { return ++random_; }
  [[nodiscard]] auto decoy(std::string_view name) const -> Decoy const * override {
    auto const found = decoys_.find(name);
    return found == decoys_.end() ? nullptr : found->second;
  }
  void unknown_command(std::string_view command) override { unknown_.emplace_back(command); }

  // Stream
  auto try_read(char *to, std::size_t size) -> StreamStep override {
    if (broken_) return {StreamStep::State::failed, 0};
    if (input_.empty()) return {closed_ ? StreamStep::State::closed : StreamStep::State::would_block, 0};
    auto const moved = input_.copy(to, size);
    input_.erase(0, moved);
    return {StreamStep::State::done, moved};
  }
  auto try_write(std::string_view bytes) -> StreamStep override {
    if (broken_) return {StreamStep::State::failed, 0};
    if (write_piece_ != 0 && std::exchange(write_blocked_, !write_blocked_)) return {StreamStep::State::would_block, 0};
    auto const moved = write_piece_ == 0 ? bytes.size() : std::min(write_piece_, bytes.size());
    output_.append(bytes.substr(0, moved));
    return {StreamStep::State::done, moved};
  }
  void when_readable(StreamWaiter &waiter) override { reader_ = &waiter; }
  void when_writable(StreamWaiter &waiter) override { writer_ = &waiter; }

private:
  void pump() {
    while (!ended_ && (writer_ != nullptr || (reader_ != nullptr && (!input_.empty() || closed_ || broken_)))) {
      auto *const waiter = writer_ != nullptr ? std::exchange(writer_, nullptr) : std::exchange(reader_, nullptr);
      waiter->stream_ready();
    }
  }

  VisitLimits limits_;
  ManualClock clock_;
  FramePool frame_pool_;
  std::map<std::string, Decoy const *, std::less<>> decoys_;
  std::string input_;
  std::string output_;
  std::string frames_;
  std::vector<std::string> unknown_;
  StreamWaiter *reader_ = nullptr;
  StreamWaiter *writer_ = nullptr;
  std::optional<std::chrono::steady_clock::time_point> wake_;
  std::size_t write_piece_ = 0;
  std::uint64_t random_ = 0;
  int buffers_lent_ = 0;
  bool write_blocked_ = false;
  bool closed_ = false;
  bool broken_ = false;
  bool ended_ = false;
  std::unique_ptr<Visit> visit_;
};

}  // namespace noroshi::sense::test
