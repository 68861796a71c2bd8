#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "model/batch.hpp"
#include "sense/spool.hpp"

namespace noroshi::sense {
namespace {

/// What waits in memory for a disk that takes no more: some 20,000 observations a loop.
constexpr auto kMaxPending = std::size_t{4} << 20;
/// A segment that the syncer cannot take yet grows no further than this: the uplink reads no larger ones.
constexpr auto kMaxGrown = std::size_t{32} << 20;
/// A failing disk is tried again at this pace, not with every batch.
constexpr auto kRetryAfter = std::chrono::milliseconds{200};

}  // namespace

SpoolLane::SpoolLane(Spool &spool, unsigned number) : spool_(spool), number_(number) {}

auto SpoolLane::append(std::string_view frames, std::uint64_t count) -> bool {
  if (pending_.size() + frames.size() > kMaxPending) {
    spool_.counters_.lost += count;
    return false;
  }
  pending_.append(frames);
  pending_frames_ += count;
  return true;
}

void SpoolLane::flush() {
  if (pending_.empty()) return;
  if (retry_at_ != std::chrono::steady_clock::time_point{}) {
    if (std::chrono::steady_clock::now() < retry_at_) return;
    retry_at_ = {};
  }
  if (file_.valid() && torn_bytes_ == 0 && whole_bytes_ > kMaxGrown) {
    hand_over();
    if (file_.valid()) return;  // the disk stalls: what comes now waits in memory, and past that it is counted as lost
  }
  if (!file_.valid() && !open_segment()) {
    ++spool_.counters_.failures;
    retry_at_ = std::chrono::steady_clock::now() + kRetryAfter;
    return;
  }
  write_pending();
}

auto SpoolLane::open_segment() -> bool {
  auto name = fmt::format("{:016x}-{}-{}.open", spool_.epoch_, number_, ++opened_);
  auto file = FileDescriptor{
      ::openat(spool_.folder_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640)};
  if (!file.valid()) return false;
  auto const header = model::segment_header(spool_.epoch_);
  if (::write(file.get(), header.data(), header.size()) != static_cast<ssize_t>(header.size())) {
    ::unlinkat(spool_.folder_.get(), name.c_str(), 0);
    return false;
  }
  file_ = std::move(file);
  name_ = std::move(name);
  frames_ = torn_bytes_ = 0;
  whole_bytes_ = header.size();
  spool_.open_bytes_ += header.size();
  opened_at_ = std::chrono::steady_clock::now();
  return true;
}

void SpoolLane::write_pending() {
  auto left = std::string_view{pending_}.substr(torn_bytes_);
  while (!left.empty()) {
    auto const written = ::write(file_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      torn_bytes_ = pending_.size() - left.size();
      ++spool_.counters_.failures;
      retry_at_ = std::chrono::steady_clock::now() + kRetryAfter;
      return;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  whole_bytes_ += pending_.size();
  frames_ += pending_frames_;
  spool_.open_bytes_ += pending_.size();
  spool_.counters_.frames += pending_frames_;
  pending_.clear();
  pending_frames_ = 0;
  torn_bytes_ = 0;
  if (whole_bytes_ > spool_.segment_limit()) hand_over();
}

void SpoolLane::seal_if_due(std::chrono::steady_clock::time_point now) {
  flush();
  if (torn_bytes_ > 0 || frames_ == 0) return;
  if (now >= opened_at_ + spool_.options_.seal_every) hand_over();
}

void SpoolLane::hand_over() {
  auto job = Spool::Job{std::move(file_), name_, frames_, whole_bytes_};
  if (spool_.hand_over(job)) {
    frames_ = 0;
  } else {
    file_ = std::move(job.file);  // the syncer is behind: this segment grows on, up to kMaxGrown
  }
}

void SpoolLane::close() {
  retry_at_ = {};
  flush();
  spool_.counters_.lost += pending_frames_;
  if (torn_bytes_ > 0 && ::ftruncate(file_.get(), static_cast<off_t>(whole_bytes_)) != 0) ++spool_.counters_.failures;
  pending_.clear();
  pending_frames_ = torn_bytes_ = 0;
  if (!file_.valid()) return;
  if (frames_ > 0) {
    auto job = Spool::Job{std::move(file_), name_, frames_, whole_bytes_};
    while (!spool_.hand_over(job)) ::usleep(1000);  // the syncer is alive and empties its queue
    frames_ = 0;
  } else {
    ::unlinkat(spool_.folder_.get(), name_.c_str(), 0);
    file_.reset();
  }
}

}  // namespace noroshi::sense
