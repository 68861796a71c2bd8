#include "sense/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "base/queue.hpp"
#include "model/batch.hpp"

namespace noroshi::sense {
namespace {

/// Segments that wait for the disk. Past it lanes let their segments grow instead.
constexpr auto kMaxJobs = std::size_t{64};
/// A segment is one batch on the wire, so it stays well below what a node accepts in one request.
constexpr auto kMaxSegment = std::uint64_t{4} << 20;
/// A file takes whole blocks; many small segments must not fill a disk below the cap.
constexpr auto kBlock = std::uint64_t{4096};
constexpr auto kStatusEvery = std::chrono::seconds{1};

auto on_disk(std::uint64_t bytes) -> std::uint64_t { return (bytes + kBlock - 1) / kBlock * kBlock; }

}  // namespace

/// The thread that waits for the disk, so that no event loop does.
struct Spool::Syncer {
  BoundedQueue<Job> jobs{kMaxJobs};
  std::function<std::string()> status;
  std::thread thread;

  void run(Spool &spool);
};

Spool::Spool(FileDescriptor folder, SpoolOptions options)
    : folder_(std::move(folder)), options_(options), syncer_(std::make_unique<Syncer>()) {
  for (auto i = 0U; i < options.lanes; ++i) lanes_.push_back(std::make_unique<SpoolLane>(*this, i));
}

Spool::~Spool() { stop(); }

void Spool::stop() {
  syncer_->jobs.close();
  if (syncer_->thread.joinable()) syncer_->thread.join();
}

void Spool::start(std::function<std::string()> status) {
  syncer_->status = std::move(status);
  syncer_->thread = std::thread{[this] { syncer_->run(*this); }};
}

void Spool::Syncer::run(Spool &spool) {
  auto next_status = std::chrono::steady_clock::now();
  while (true) {
    auto const last = jobs.closed();
    if (auto job = jobs.pop_until(next_status)) {
      do spool.seal(*job);
      while ((job = jobs.try_pop()));
      if (::fsync(spool.folder_.get()) != 0) ++spool.counters_.failures;
    }
    spool.forget_taken();
    spool.enforce_cap();
    if (last || std::chrono::steady_clock::now() >= next_status) {
      spool.report_dropped();
      spool.write_status(status());
      next_status = std::chrono::steady_clock::now() + kStatusEvery;
    }
    if (last) return;
  }
}

auto Spool::hand_over(Job &job) -> bool { return syncer_->jobs.try_push(std::move(job)); }

void Spool::seal(Job &job) {
  if (::fdatasync(job.file.get()) != 0) ++counters_.failures;
  job.file.reset();
  open_bytes_ -= job.bytes;
  auto const name = model::SegmentName{epoch_, ++sequence_, job.frames}.to_string();
  if (::renameat(folder_.get(), job.name.c_str(), folder_.get(), name.c_str()) != 0) {
    ++counters_.failures;  // it stays open, and the next start seals it
    return;
  }
  ++counters_.sealed;
  remember({name, job.bytes, job.frames});
}

void Spool::remember(Sealed sealed) {
  sealed_bytes_ += on_disk(sealed.bytes);
  sealed_.push_back(std::move(sealed));
  counters_.bytes = sealed_bytes_ + open_bytes_;
}

/// The reader deletes what was acknowledged, oldest first.
void Spool::forget_taken() {
  struct stat facts{};
  while (!sealed_.empty() && ::fstatat(folder_.get(), sealed_.front().name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
    forget_oldest();
  counters_.bytes = sealed_bytes_ + open_bytes_;
}

void Spool::enforce_cap() {
  while (!sealed_.empty() && sealed_bytes_ + open_bytes_ > options_.cap_bytes) {
    auto const &oldest = sealed_.front();
    if (::unlinkat(folder_.get(), oldest.name.c_str(), 0) == 0) counters_.dropped += oldest.frames;
    forget_oldest();
  }
  counters_.bytes = sealed_bytes_ + open_bytes_;
}

/// Once a second at most: while a node is away every sealed segment drops another.
void Spool::report_dropped() {
  auto const dropped = counters_.dropped.load();
  if (dropped == reported_dropped_) return;
  log_warning(
      "spool: {} observations dropped unread ({} since the start): the folder is past sense.spool_cap, {} bytes; "
      "check that the node takes what the sensor sends",
      dropped - reported_dropped_, dropped, options_.cap_bytes);
  reported_dropped_ = dropped;
}

void Spool::forget_oldest() {
  sealed_bytes_ -= on_disk(sealed_.front().bytes);
  sealed_.pop_front();
}

auto Spool::segment_limit() const -> std::uint64_t { return std::min(kMaxSegment, options_.cap_bytes / 8); }

void Spool::write_status(std::string_view text) {
  auto const file =
      FileDescriptor{::openat(folder_.get(), "status.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
  // Not synced: a status that is a second old is worth no disk wait. A full disk keeps the last one.
  if (!file.valid() || !write_all(file, text, "status.json") ||
      ::renameat(folder_.get(), "status.tmp", folder_.get(), "status.json") != 0)
    ++counters_.failures;
}

}  // namespace noroshi::sense
