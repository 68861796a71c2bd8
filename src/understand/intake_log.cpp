#include "understand/intake_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include <xxhash.h>

#include "base/bytes.hpp"
#include "base/log.hpp"

namespace noroshi::understand {

namespace fs = std::filesystem;

namespace {

constexpr auto kPrefix = std::string_view{"intake-"};
constexpr auto kSuffix = std::string_view{".log"};

auto segment_file(std::string const &folder, std::uint64_t first) -> std::string {
  return fmt::format("{}/{}{:016x}{}", folder, kPrefix, first, kSuffix);
}

/// The first position that a segment's file name carries, or 0 for other files.
auto first_position(std::string_view name) -> std::uint64_t {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  auto const digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  auto first = std::uint64_t{0};
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), first, 16);
  return error == std::errc{} && end == digits.data() + digits.size() && digits.size() == 16 ? first : 0;
}

// How long the first batch of a sync waits for others.
constexpr auto kGather = std::chrono::milliseconds{2};

// A sensor's clock may be hours off; a day is not a clock any more.
constexpr auto kEpochLead = std::chrono::seconds{86'400};
// Five segments a second for a million years.
constexpr auto kMaxSequence = std::uint64_t{1} << 48;

// One mark for so many bytes keeps the list short and a reader's detour small.
constexpr auto kMarkEvery = std::uint64_t{32} << 10;

void mark(std::vector<std::pair<std::uint64_t, std::uint64_t>> &marks, std::uint64_t position, std::uint64_t offset) {
  if (marks.empty() || offset - marks.back().second >= kMarkEvery) marks.emplace_back(position, offset);
}

auto write_all(int file, std::string_view bytes, std::uint64_t offset) -> int {
  while (!bytes.empty()) {
    auto const written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// The batch as the body of a record, or why it is not taken.
auto checked_body(model::Batch const &batch, Time received) -> Result<std::string> {
  auto const counted = model::count_frames(batch.frames);
  if (counted.damaged)
    return fail(ErrorCode::malformed,
                "batch {}/{} of sensor {}: damaged after {} observations; send the sound part only", batch.epoch,
                batch.sequence, batch.sensor.number, counted.frames);
  if (batch.frames.size() > kMaxRecordBytes - kBatchHeaderBytes)
    return fail(ErrorCode::too_large, "batch of {} bytes; at most {} are taken at once", batch.frames.size(),
                kMaxRecordBytes);
  // Epochs are the sensor's clock in seconds. One from the future would make every later batch look repeated.
  auto const now = std::chrono::duration_cast<std::chrono::seconds>(received.time_since_epoch()).count();
  if (batch.epoch > static_cast<std::uint64_t>(now + kEpochLead.count()) || batch.sequence > kMaxSequence)
    return fail(ErrorCode::malformed,
                "batch {}/{} of sensor {} is numbered beyond what its clock can have come to; check the sensor's clock",
                batch.epoch, batch.sequence, batch.sensor.number);
  return batch_body(batch, received, static_cast<std::uint32_t>(counted.frames));
}

}  // namespace

auto IntakeLog::open(IntakeLogOptions options, std::span<model::SensorProgress const> known)
    -> Result<std::unique_ptr<IntakeLog>> {
  auto error = std::error_code{};
  fs::create_directories(options.folder, error);
  if (error)
    return system_error(error.value(), fmt::format("cannot create the intake log's folder {}", options.folder));
  auto log = std::unique_ptr<IntakeLog>{new IntakeLog{std::move(options)}};
  for (auto const &sensor : known) log->delivered_[sensor.sensor.number] = Delivered{sensor.epoch, sensor.sequence};
  TRY_VOID(log->load());
  log->durable_delivered_ = log->delivered_;
  return log;
}

IntakeLog::~IntakeLog() {
  close();
  if (syncer_.joinable()) syncer_.join();
}

auto IntakeLog::load() -> Result<void> {
  auto names = std::map<std::uint64_t, std::string>{};
  for (auto const &entry : fs::directory_iterator{options_.folder}) {
    auto name = entry.path().filename().string();
    if (auto const first = first_position(name); first != 0) names.emplace(first, std::move(name));
  }
  for (auto const &[first, name] : names) TRY_VOID(load_segment(name, first, first == names.rbegin()->first));
  next_ = std::max(next_, options_.after_position + 1);
  durable_ = next_;
  return ok;
}

auto IntakeLog::load_segment(std::string const &name, std::uint64_t first, bool last) -> Result<void> {
  auto const path = options_.folder + "/" + name;
  auto file = FileDescriptor{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (file.get() < 0) return system_error(errno, fmt::format("cannot open the intake log's segment {}", path));
  TRY(auto const bytes, read_file(path, kMaxSegmentBytes));

  auto segment = std::make_shared<Segment>();
  segment->first = first;
  segment->next = first;
  auto scanner = RecordScanner{bytes};
  auto record = RecordView{};
  while (scanner.next(record)) {
    if (scanner.skipped() > 0) damage_.push_back({path, scanner.skipped_at(), scanner.skipped()});
    segment->next = record.position + 1;
    mark(segment->marks, record.position, scanner.record_start());
    if (record.type == RecordType::derived) {
      concluded_ = std::max(concluded_, ByteReader{record.body}.little<std::uint64_t>());
    } else if (auto const batch = parse_batch(record); batch) {
      remember(delivered_, batch->batch);
    }
  }
  auto const tail = bytes.size() - scanner.sound_end();
  if (tail > 0 && last) {
    // Nobody was told that these bytes are safe: the acknowledgement waits for the sync that did not come.
    if (::ftruncate(file.get(), static_cast<off_t>(scanner.sound_end())) != 0)
      return system_error(errno, fmt::format("cannot cut the torn end off {}", path));
    log_info("intake log: cut {} torn bytes off the end of {}", tail, path);
  } else if (tail > 0) {
    damage_.push_back({path, scanner.sound_end(), tail});
  }
  segment->bytes = last ? scanner.sound_end() : bytes.size();
  segment->file = std::move(file);
  next_ = std::max(next_, segment->next);
  segments_[first] = std::move(segment);
  return ok;
}

void IntakeLog::remember(std::map<std::int64_t, Delivered> &delivered, model::Batch const &batch) {
  auto &latest = delivered[batch.sensor.number];
  latest = std::max(latest, Delivered{batch.epoch, batch.sequence});
}

auto IntakeLog::start_segment() -> Result<void> {
  // A new segment is named after the first record it will hold: the first one not yet on disk.
  auto const path = segment_file(options_.folder, durable_);
  auto segment = std::make_shared<Segment>();
  segment->first = segment->next = durable_;
  segment->file = FileDescriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (segment->file.get() < 0)
    return system_error(errno, fmt::format("cannot create the intake log's segment {}", path));
  TRY_VOID(sync_folder(options_.folder));
  segments_[durable_] = std::move(segment);
  return ok;
}

auto IntakeLog::current_segment() -> Result<std::shared_ptr<Segment>> {
  if (segments_.empty() || segments_.rbegin()->second->bytes >= options_.segment_bytes ||
      segments_.rbegin()->second->next != durable_)
    TRY_VOID(start_segment());
  return segments_.rbegin()->second;
}

auto IntakeLog::add(RecordType type, std::string const &body) -> std::uint64_t {
  auto const position = next_++;
  append_record(pending_, position, type, body);
  return position;
}

auto IntakeLog::append(model::Batch const &batch, Time received) -> Result<bool> {
  TRY(auto const body, checked_body(batch, received));
  auto lock = std::unique_lock{mutex_};
  TRY(auto const place, admit(batch, body));
  TRY_VOID(make_durable(lock, place.position));
  return place.is_new;
}

void IntakeLog::append_later(model::Batch const &batch, Time received, Acknowledge done) {
  auto const body = checked_body(batch, received);
  if (!body) return done(body.error());
  auto lock = std::unique_lock{mutex_};
  auto const place = admit(batch, *body);
  if (!place || place->position < durable_) {
    lock.unlock();
    return done(place ? Result<bool>{place->is_new} : place.error());
  }
  waiting_.push_back({*place, generation_, std::move(done)});
  if (!syncer_.joinable()) syncer_ = std::thread{[this] { sync_for_waiting(); }};
  if (waiting_.size() == 1) wanted_.notify_one();
}

/// The thread of append_later: one sync for all who came while the one before ran.
void IntakeLog::sync_for_waiting() {
  auto lock = std::unique_lock{mutex_};
  while (true) {
    wanted_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    // Ten thousand sensors with a batch a second: some twenty share each sync, and none minds the moment.
    if (!closed_) wanted_.wait_for(lock, kGather, [this] { return closed_; });
    auto const waited = std::exchange(waiting_, {});
    auto const generation = generation_;
    auto const last = waited.back();
    auto const synced = last.generation == generation ? make_durable(lock, last.place.position) : last_failure_;
    auto const failure = last_failure_;
    lock.unlock();
    for (auto const &[place, of, done] : waited)
      done(of != generation ? failure : synced ? Result<bool>{place.is_new} : synced.error());
    lock.lock();
  }
}

/// Takes a batch in among what is pending, under the lock.
auto IntakeLog::admit(model::Batch const &batch, std::string const &body) -> Result<Place> {
  if (closed_) return fail(ErrorCode::unavailable, "the node is shutting down; the batch stays in the spool");
  auto const held = delivered_.find(batch.sensor.number);
  if (held != delivered_.end() && Delivered{batch.epoch, batch.sequence} <= held->second)
    return Place{next_ - 1, false};
  auto bytes_held = std::uint64_t{pending_.size()};
  for (auto const &[first, segment] : segments_) bytes_held += segment->bytes;
  if (bytes_held > options_.cap_bytes)
    return fail(ErrorCode::unavailable,
                "the intake log holds {} bytes that the stores have not taken; batches wait in the spool "
                "(see the log for why the stores lag, or raise intake.cap)",
                bytes_held);
  auto const position = add(RecordType::batch, body);
  remember(delivered_, batch);
  pending_delivered_.emplace_back(batch.sensor.number, delivered_[batch.sensor.number]);
  return Place{position, true};
}

auto IntakeLog::append_derived(std::uint64_t through, std::string_view contexts) -> Result<void> {
  if (contexts.size() > kMaxRecordBytes - sizeof through)
    return fail(ErrorCode::internal, "derived contexts of {} bytes do not fit a record of the intake log",
                contexts.size());
  auto body = std::string{};
  append_le(body, through);
  body.append(contexts);
  auto lock = std::unique_lock{mutex_};
  auto const position = add(RecordType::derived, body);
  TRY_VOID(make_durable(lock, position));
  concluded_ = std::max(concluded_, through);
  return ok;
}

/// Group commit: one of the waiting threads writes and syncs for all whose records are pending.
auto IntakeLog::make_durable(std::unique_lock<std::mutex> &lock, std::uint64_t position) -> Result<void> {
  auto const generation = generation_;
  while (durable_ <= position) {
    if (generation != generation_) return last_failure_;
    if (writing_) {
      changed_.wait(lock);
      continue;
    }
    TRY_VOID(write_pending(lock));
  }
  return ok;
}

auto IntakeLog::write_pending(std::unique_lock<std::mutex> &lock) -> Result<void> {
  if (broken_) {
    auto error =
        fail(ErrorCode::unavailable, "the intake log could not be cut back after a failed write; restart the node");
    give_up_pending(error);
    return error;
  }
  auto opened = current_segment();
  if (!opened) {
    give_up_pending(opened.error());
    return opened.error();
  }
  auto const segment = *opened;
  auto const bytes = std::exchange(pending_, {});
  auto const delivered = std::exchange(pending_delivered_, {});
  auto const next = next_;
  auto const offset = segment->bytes;
  writing_ = true;
  lock.unlock();
  auto failure = write_all(segment->file.get(), bytes, offset);
  if (failure == 0 && ::fdatasync(segment->file.get()) != 0) failure = errno;
  // What was written in part must not be found at the next start: it was not acknowledged, and its positions go to
  // others.
  auto const cut = failure == 0 || ::ftruncate(segment->file.get(), static_cast<off_t>(offset)) == 0;
  lock.lock();
  writing_ = false;
  if (failure != 0) {
    auto error = system_error(failure, fmt::format("cannot write the intake log in {}", options_.folder));
    error.sentence += "; nothing acknowledged is lost, batches wait in the spool; free space there";
    if (!cut) broken_ = true;  // positions would repeat: only a restart, which scans the file, is safe
    give_up_pending(error);
    return error;
  }
  mark(segment->marks, durable_, offset);
  segment->bytes += bytes.size();
  segment->next = durable_ = next;
  for (auto const &[sensor, latest] : delivered)
    durable_delivered_[sensor] = std::max(durable_delivered_[sensor], latest);
  changed_.notify_all();
  return ok;
}

void IntakeLog::give_up_pending(Error why) {
  pending_.clear();
  pending_delivered_.clear();
  next_ = durable_;
  delivered_ = durable_delivered_;
  last_failure_ = std::move(why);
  ++generation_;
  changed_.notify_all();
}

auto IntakeLog::read(std::uint64_t position, std::function<bool(LogRecord &&)> const &until) const -> Result<void> {
  struct Part {
    std::shared_ptr<Segment> segment;
    std::uint64_t from, to;
  };
  auto parts = std::vector<Part>{};
  {
    auto const lock = std::lock_guard{mutex_};
    for (auto const &[first, segment] : segments_) {
      if (segment->next <= position || segment->bytes == 0) continue;
      auto const behind =
          std::ranges::upper_bound(segment->marks, position, {}, [](auto const &mark) { return mark.first; });
      parts.push_back({segment, behind == segment->marks.begin() ? 0 : std::prev(behind)->second, segment->bytes});
    }
  }
  for (auto const &[segment, from, to] : parts) {
    auto reader = RecordReader{segment->file.get(), from, to};
    auto record = LogRecord{};
    while (true) {
      TRY(auto const more, reader.next(record, position));
      if (!more) break;
      if (!until(std::move(record))) return ok;
    }
  }
  return ok;
}

auto IntakeLog::delivered(model::SensorId sensor) const -> Result<model::SensorProgress> {
  auto const lock = std::lock_guard{mutex_};
  if (broken_)
    return fail(ErrorCode::unavailable, "the intake log could not be cut back after a failed write; restart the node");
  auto const found = durable_delivered_.find(sensor.number);
  auto const latest = found == durable_delivered_.end() ? Delivered{} : found->second;
  return model::SensorProgress{sensor, latest.epoch, latest.sequence};
}

auto IntakeLog::concluded_through() const -> std::uint64_t {
  auto const lock = std::lock_guard{mutex_};
  return concluded_;
}

auto IntakeLog::wait_for(std::uint64_t position, std::chrono::steady_clock::time_point deadline) const -> bool {
  auto lock = std::unique_lock{mutex_};
  changed_.wait_until(lock, deadline, [&] { return closed_ || holds_from(position); });
  return holds_from(position);
}

/// Positions alone do not tell: the last records may have left with their segment.
auto IntakeLog::holds_from(std::uint64_t position) const -> bool {
  return std::ranges::any_of(
      segments_, [&](auto const &entry) { return entry.second->bytes > 0 && entry.second->next > position; });
}

auto IntakeLog::empty_last(std::uint64_t position) -> Result<void> {
  auto const lock = std::lock_guard{mutex_};
  auto const busy = writing_ || !pending_.empty() || broken_;
  if (busy || segments_.empty() || segments_.rbegin()->second->bytes == 0 || durable_ > position + 1) return ok;
  return start_segment();
}

auto IntakeLog::trim(std::uint64_t position) -> Result<std::size_t> {
  auto dropped = std::size_t{0};
  auto const lock = std::lock_guard{mutex_};
  // The last segment stays: it says which position comes next.
  while (segments_.size() > 1 && segments_.begin()->second->next <= position + 1) {
    auto const path = segment_file(options_.folder, segments_.begin()->first);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return system_error(errno, fmt::format("cannot delete {}", path));
    segments_.erase(segments_.begin());
    ++dropped;
  }
  return dropped;
}

auto IntakeLog::end() const -> std::uint64_t {
  auto const lock = std::lock_guard{mutex_};
  return durable_;
}

auto IntakeLog::bytes() const -> std::uint64_t {
  auto const lock = std::lock_guard{mutex_};
  auto total = std::uint64_t{0};
  for (auto const &[first, segment] : segments_) total += segment->bytes;
  return total;
}

auto IntakeLog::closed() const -> bool {
  auto const lock = std::lock_guard{mutex_};
  return closed_;
}

void IntakeLog::close() {
  auto const lock = std::lock_guard{mutex_};
  closed_ = true;
  changed_.notify_all();
  wanted_.notify_all();
}

}  // namespace noroshi::understand
