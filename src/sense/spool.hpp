// The spool: where decoys leave what they saw, as sealed segment files in one folder (format: model/batch.hpp).
//
// A frame that flush() has written survives kill -9; a sealed segment survives power loss. Segments are sealed every
// 200 ms by one thread, so that power loss takes at most that. Open segments of a writer that died are recovered at
// start. The folder is used only through its descriptor: the process that writes it is confined and may have another
// user.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace noroshi::sense {

struct SpoolOptions {
  std::uint64_t cap_bytes = std::uint64_t{1} << 30;  // of all segments; past it the oldest are dropped and counted
  unsigned lanes = 1;
  std::chrono::milliseconds seal_every{200};
};

/// Since this writer's start. Read from any thread.
struct SpoolCounters {
  std::atomic<std::uint64_t> frames{0};     // written
  std::atomic<std::uint64_t> sealed{0};     // segments
  std::atomic<std::uint64_t> recovered{0};  // frames found in open segments of a dead writer
  std::atomic<std::uint64_t> dropped{0};    // frames of sealed segments that the size cap removed
  std::atomic<std::uint64_t> lost{0};       // frames that found no room (disk full, disk failing)
  std::atomic<std::uint64_t> failures{0};   // failed writes, syncs and renames
  std::atomic<std::uint64_t> bytes{0};      // in the folder now, open segments included
};

class Spool;

/// One event loop's way into the spool: an open segment of its own. Used by that loop's thread only.
class SpoolLane {
public:
  SpoolLane(Spool &spool, unsigned number);
  SpoolLane(SpoolLane const &) = delete;
  auto operator=(SpoolLane const &) -> SpoolLane & = delete;

  /// Takes whole frames into memory. False where memory is full because the disk does not take more: they are lost.
  auto append(std::string_view frames, std::uint64_t count) -> bool;
  /// Writes what was appended. Call it at the end of each batch of ready handlers.
  void flush();
  /// Hands the open segment to the syncer when it is old or large enough. Call it every 100 ms or so.
  void seal_if_due(std::chrono::steady_clock::time_point now);
  /// Flushes and hands over whatever there is. What cannot be written is counted as lost.
  void close();

private:
  auto open_segment() -> bool;
  void write_pending();
  void hand_over();

  Spool &spool_;
  unsigned number_;
  std::uint64_t opened_ = 0;  // segments so far: part of the open name
  FileDescriptor file_;
  std::string name_;
  std::string pending_;  // appended, not yet written
  std::uint64_t pending_frames_ = 0;
  std::uint64_t frames_ = 0;       // whole ones in the open segment
  std::uint64_t whole_bytes_ = 0;  // of the open segment, up to its last whole frame
  std::uint64_t torn_bytes_ = 0;   // written behind them: the front of pending_ is already in the file
  std::chrono::steady_clock::time_point opened_at_;
  std::chrono::steady_clock::time_point retry_at_;
};

class Spool {
public:
  /// Locks the folder (conflict where another writer holds it), raises the epoch durably, seals what a dead writer
  /// left.
  static auto create(FileDescriptor folder, SpoolOptions options) -> Result<std::unique_ptr<Spool>>;
  Spool(Spool const &) = delete;
  auto operator=(Spool const &) -> Spool & = delete;
  ~Spool();

  [[nodiscard]] auto lane(unsigned number) -> SpoolLane & { return *lanes_[number]; }
  [[nodiscard]] auto epoch() const -> std::uint64_t { return epoch_; }
  [[nodiscard]] auto counters() const -> SpoolCounters const & { return counters_; }
  /// Begins the syncer thread. `status` gives the text of status.json, every second and once now.
  void start(std::function<std::string()> status);
  /// Seals what the lanes handed over, writes the last status and ends the syncer. Lanes must be closed by now.
  void stop();

private:
  friend class SpoolLane;
  struct Sealed {
    std::string name;
    std::uint64_t bytes;
    std::uint64_t frames;
  };
  struct Job {
    FileDescriptor file;
    std::string name;
    std::uint64_t frames;
    std::uint64_t bytes;
  };
  struct Syncer;

  Spool(FileDescriptor folder, SpoolOptions options);
  auto lock() -> Result<void>;
  auto raise_epoch() -> Result<void>;
  auto recover() -> Result<void>;
  auto recover_segment(std::string const &name) -> Result<void>;
  auto list_sealed() -> Result<void>;
  auto hand_over(Job &job) -> bool;
  void seal(Job &job);
  void remember(Sealed sealed);
  void forget_oldest();
  void enforce_cap();
  void report_dropped();
  void forget_taken();
  void write_status(std::string_view text);
  [[nodiscard]] auto segment_limit() const -> std::uint64_t;

  FileDescriptor folder_;
  FileDescriptor lock_;
  SpoolOptions options_;
  SpoolCounters counters_;
  std::uint64_t epoch_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<std::unique_ptr<SpoolLane>> lanes_;
  std::atomic<std::uint64_t> open_bytes_{0};
  std::deque<Sealed> sealed_;  // oldest first; the syncer's alone once it runs
  std::uint64_t sealed_bytes_ = 0;
  std::uint64_t reported_dropped_ = 0;
  std::unique_ptr<Syncer> syncer_;
};

}  // namespace noroshi::sense
