// The intake log: what the node has acknowledged. Batches and the results derived from them, in order, durable before
// the acknowledgement; the applier reads it, and a segment goes when every store has passed it. Its files:
// log_record.hpp.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/ports/catalogue.hpp"
#include "understand/log_record.hpp"

namespace noroshi::understand {

struct IntakeLogOptions {
  std::string folder;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  /// Beyond this many bytes not yet applied, batches are refused (unavailable) and wait in the sensors' spools.
  std::uint64_t cap_bytes = std::uint64_t{8} << 30;
  /// The furthest position that any store has applied: new records come after it even where the folder was emptied.
  std::uint64_t after_position = 0;
};

/// Damage found while opening: bytes that no sound record covers. Torn tails (never acknowledged) are not damage.
struct LogDamage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Thread-safe. Appends from many threads share one fdatasync.
class IntakeLog {
public:
  /// Reads every record's frame (not its content), cuts off a torn tail, and remembers what each sensor has delivered.
  /// `known` is what the catalogue has of sensors whose batches have left the log already.
  static auto open(IntakeLogOptions options, std::span<model::SensorProgress const> known)
      -> Result<std::unique_ptr<IntakeLog>>;
  ~IntakeLog();

  /// Durable when it returns true. False: this (sensor, epoch, sequence) or a later one was acknowledged before.
  auto append(model::Batch const &batch, Time received) -> Result<bool>;
  /// Takes what append() returns, once: on the caller's thread, or on that which syncs for all who wait like this.
  using Acknowledge = std::function<void(Result<bool>)>;
  /// append() that holds no thread while the disk works: ten thousand sensors share a few threads and each sync.
  void append_later(model::Batch const &batch, Time received, Acknowledge done);
  /// Durable when it returns.
  auto append_derived(std::uint64_t through, std::string_view contexts) -> Result<void>;

  /// The last (epoch, sequence) that is durable of a sensor; (0, 0) where there is none. unavailable after a failed
  /// write that could not be cut back: only a restart can tell then.
  [[nodiscard]] auto delivered(model::SensorId sensor) const -> Result<model::SensorProgress>;

  /// Records from `position` on, in order, until `until` says stop (it gets each record; false ends the walk).
  auto read(std::uint64_t position, std::function<bool(LogRecord &&)> const &until) const -> Result<void>;

  /// The last batch position that any derived record covers.
  [[nodiscard]] auto concluded_through() const -> std::uint64_t;

  /// Waits until a record at `position` or beyond is durable, or `deadline`, or close(). True where one is held.
  auto wait_for(std::uint64_t position, std::chrono::steady_clock::time_point deadline) const -> bool;

  /// Starts a new segment where everything in the last one is applied, so that trim() can delete it: log-in secrets
  /// must not outlive their time here.
  auto empty_last(std::uint64_t position) -> Result<void>;

  /// Deletes segments whose every record is at or before `position`. Returns how many.
  auto trim(std::uint64_t position) -> Result<std::size_t>;

  /// The position the next record gets; records before it are durable.
  [[nodiscard]] auto end() const -> std::uint64_t;
  [[nodiscard]] auto bytes() const -> std::uint64_t;
  [[nodiscard]] auto damage() const -> std::vector<LogDamage> const & { return damage_; }

  /// Appends are refused from now on and waiters return.
  void close();
  [[nodiscard]] auto closed() const -> bool;

private:
  struct Segment {
    std::uint64_t first = 0;
    std::uint64_t next = 0;  // position behind its last record
    std::uint64_t bytes = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>>
        marks;  // (position, offset) now and then: where to start reading
    FileDescriptor file;
  };
  struct Delivered {
    std::uint64_t epoch = 0, sequence = 0;
    auto operator<=>(Delivered const &) const = default;
  };

  /// A record's position, and whether its batch is new: for a repeated one, the last position that may hold it.
  struct Place {
    std::uint64_t position = 0;
    bool is_new = true;
  };
  struct Waiting {
    Place place;
    std::uint64_t generation = 0;  // of the pending records that hold it: positions of given-up ones go to others
    Acknowledge done;
  };

  explicit IntakeLog(IntakeLogOptions options) : options_(std::move(options)) {}
  auto load() -> Result<void>;
  [[nodiscard]] auto holds_from(std::uint64_t position) const -> bool;
  auto load_segment(std::string const &name, std::uint64_t first, bool last) -> Result<void>;
  void remember(std::map<std::int64_t, Delivered> &delivered, model::Batch const &batch);
  auto start_segment() -> Result<void>;
  auto current_segment() -> Result<std::shared_ptr<Segment>>;
  auto add(RecordType type, std::string const &body) -> std::uint64_t;
  auto admit(model::Batch const &batch, std::string const &body) -> Result<Place>;
  void sync_for_waiting();
  auto make_durable(std::unique_lock<std::mutex> &lock, std::uint64_t position) -> Result<void>;
  auto write_pending(std::unique_lock<std::mutex> &lock) -> Result<void>;
  void give_up_pending(Error why);

  IntakeLogOptions options_;
  std::vector<LogDamage> damage_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::condition_variable wanted_;  // somebody waits in waiting_, or close()
  std::vector<Waiting> waiting_;    // bounded by the callers, each of whom has one batch on its way
  std::thread syncer_;              // for waiting_; started with the first
  std::map<std::uint64_t, std::shared_ptr<Segment>> segments_;  // by first position; shared: readers keep theirs open
  std::map<std::int64_t, Delivered> delivered_;                 // with what is pending
  std::map<std::int64_t, Delivered> durable_delivered_;         // on disk only
  std::string pending_;                                         // records not yet written
  std::vector<std::pair<std::int64_t, Delivered>> pending_delivered_;
  std::uint64_t next_ = 1;        // position of the next record; 0 means "nothing" to cursors
  std::uint64_t durable_ = 1;     // every record before this one is on disk
  std::uint64_t generation_ = 0;  // grows when pending records are given up
  Error last_failure_;
  std::uint64_t concluded_ = 0;
  bool writing_ = false;
  bool closed_ = false;
  bool broken_ = false;  // a failed write could not be cut back: positions would repeat, only a restart is safe
};

}  // namespace noroshi::understand
