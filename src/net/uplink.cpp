#include "net/uplink.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/log.hpp"
#include "base/metrics.hpp"

namespace noroshi::net {

namespace {

// The writer seals a segment every 200 ms or few MiB; a file beyond this is not of its making.
constexpr auto kMaxSegmentBytes = std::uint64_t{48} << 20;
// inotify tells of new segments at once; this bounds the wait should an event be lost.
constexpr auto kPollInterval = std::chrono::milliseconds{1000};
constexpr auto kFirstRetry = std::chrono::milliseconds{200};
constexpr auto kLastRetry = std::chrono::milliseconds{10'000};
// Damaged segments are kept for inspection, but not without bound.
constexpr auto kSetAsideLimit = 16;
constexpr auto kSetAsideSuffix = std::string_view{".damaged"};

Counter const sent{"noroshi_uplink_segments_total", "spool segments that the node acknowledged"};
Counter const repeated{"noroshi_uplink_repeated_total", "spool segments that the node had already"};
Counter const damaged{"noroshi_uplink_damaged_total", "spool segments with a damaged part"};

auto names_in(int folder) -> std::vector<std::string> {
  auto names = std::vector<std::string>{};
  auto const copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return names;
  auto *const stream = ::fdopendir(copy);
  if (stream == nullptr) {
    ::close(copy);
    return names;
  }
  while (auto const *const entry = ::readdir(stream)) names.emplace_back(entry->d_name);
  ::closedir(stream);
  return names;
}

auto is_final(ErrorCode code) -> bool { return code == ErrorCode::malformed || code == ErrorCode::too_large; }

}  // namespace

auto read_untrusted_file(FileDescriptor const &folder, std::string const &name, std::uint64_t limit)
    -> Result<std::string> {
  // O_NONBLOCK: opening a FIFO put there in place of a file must not hang.
  auto const file =
      FileDescriptor{::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  // A link, a device, or a file that its writer shut against us: nothing that it should have left there.
  if (!file.valid() && (errno == ELOOP || errno == ENXIO || errno == EACCES))
    return fail(ErrorCode::malformed, "{} in the spool is not a regular file", name);
  if (!file.valid()) return system_error(errno, fmt::format("cannot open {} in the spool", name));
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return system_error(errno, fmt::format("cannot look at {} in the spool", name));
  if (!S_ISREG(about.st_mode)) return fail(ErrorCode::malformed, "{} in the spool is not a regular file", name);
  if (static_cast<std::uint64_t>(about.st_size) > limit)
    return fail(ErrorCode::too_large, "{} in the spool has {} bytes; at most {} are read", name, about.st_size, limit);
  auto bytes = std::string(static_cast<std::size_t>(about.st_size), '\0');
  auto filled = std::size_t{0};
  while (filled < bytes.size()) {
    auto const got = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, fmt::format("cannot read {} in the spool", name));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Uplink::Uplink(UplinkOptions options, FileDescriptor folder, FileDescriptor watch)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      watch_(std::move(watch)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

auto Uplink::create(UplinkOptions options) -> Result<std::unique_ptr<Uplink>> {
  auto folder = FileDescriptor{::open(options.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.valid()) return system_error(errno, fmt::format("cannot open the spool folder {}", options.folder));
  auto watch = FileDescriptor{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!watch.valid() || ::inotify_add_watch(watch.get(), options.folder.c_str(), IN_MOVED_TO | IN_CREATE) < 0)
    log_warning("cannot watch the spool folder {} for new segments; looking once a second instead", options.folder);
  return std::unique_ptr<Uplink>{new Uplink{std::move(options), std::move(folder), std::move(watch)}};
}

Uplink::~Uplink() { stop(); }

void Uplink::start() {
  thread_ = std::thread{[this] { run(); }};
}

void Uplink::stop() {
  stopping_ = true;
  auto const one = std::uint64_t{1};
  (void)!::write(wake_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  stopping_ = false;  // drain() may still be called
}

void Uplink::run() {
  auto retry = kFirstRetry;
  while (!stopping_) {
    auto const drained = drain();
    if (drained) {
      set_trouble({});
      retry = kFirstRetry;
      if (*drained == 0) wait_for_segments();
      continue;
    }
    set_trouble(drained.error().sentence);
    log_warning("batches wait in the spool: {}; next try in {} ms", drained.error().sentence, retry.count());
    auto wake = pollfd{wake_.get(), POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(retry.count()));
    retry = std::min(retry * 2, kLastRetry);
  }
}

void Uplink::wait_for_segments() {
  pollfd events[] = {{wake_.get(), POLLIN, 0}, {watch_.get(), POLLIN, 0}};
  ::poll(events, 2, static_cast<int>(kPollInterval.count()));
  // The events only wake us; the folder itself says what is there.
  char ignored[4096];
  while (::read(watch_.get(), ignored, sizeof ignored) > 0) {
  }
}

auto Uplink::sealed() const -> std::vector<model::SegmentName> {
  auto segments = std::vector<model::SegmentName>{};
  for (auto const &name : names_in(folder_.get()))
    if (auto const segment = model::SegmentName::parse(name); segment && !immovable_.contains(*segment))
      segments.push_back(*segment);
  std::ranges::sort(segments);
  return segments;
}

auto Uplink::drain() -> Result<std::size_t> {
  auto acknowledged = std::size_t{0};
  for (auto const &name : sealed()) {
    if (stopping_) break;
    TRY_VOID(hand_over(name));
    ++acknowledged;
  }
  return acknowledged;
}

auto Uplink::hand_over(model::SegmentName const &name) -> Result<void> {
  auto const file = name.to_string();
  auto bytes = read_untrusted_file(folder_, file, kMaxSegmentBytes);
  if (!bytes && bytes.error().code == ErrorCode::not_found) return ok;  // dropped by the writer: its cap counts it
  if (!bytes && is_final(bytes.error().code)) return set_aside(name, bytes.error().sentence);
  if (!bytes) return bytes.error();
  auto const epoch = model::read_segment_header(*bytes);
  if (!epoch) return set_aside(name, epoch.error().sentence);

  auto const frames = std::string_view{*bytes}.substr(model::kSegmentHeaderBytes);
  auto const counted = model::count_frames(frames);
  // The file's name names the batch: after a crash the writer seals its leftovers under a new epoch.
  auto const batch =
      model::Batch{options_.sensor, name.epoch, name.sequence, std::string{frames.substr(0, counted.bytes)}};
  if (counted.frames > 0) {
    auto const answer = options_.send(batch);
    if (!answer && is_final(answer.error().code)) return set_aside(name, answer.error().sentence);
    if (!answer) return answer.error();
    (*answer ? sent : repeated).add(1);
  }
  if (counted.damaged || counted.frames < name.frames)
    return set_aside(name, fmt::format("damaged after {} of {} observations; the sound ones were handed over",
                                       counted.frames, name.frames));
  if (::unlinkat(folder_.get(), file.c_str(), 0) != 0 && errno != ENOENT)
    return system_error(errno, fmt::format("cannot delete {}/{} after its acknowledgement", options_.folder, file));
  return ok;
}

auto Uplink::set_aside(model::SegmentName const &name, std::string_view why) -> Result<void> {
  damaged.add(1);
  auto const file = name.to_string();
  auto const kept = file + std::string{kSetAsideSuffix};
  auto const before = std::ranges::count_if(names_in(folder_.get()),
                                            [](auto const &other) { return other.ends_with(kSetAsideSuffix); });
  if (before < kSetAsideLimit && ::renameat(folder_.get(), file.c_str(), folder_.get(), kept.c_str()) == 0) {
    log_error("spool segment {}/{}: {}; kept as {} for inspection", options_.folder, file, why, kept);
    return ok;
  }
  log_error("spool segment {}/{}: {}; deleted, {} damaged ones are kept already", options_.folder, file, why, before);
  if (::unlinkat(folder_.get(), file.c_str(), 0) != 0 && errno != ENOENT &&
      ::unlinkat(folder_.get(), file.c_str(), AT_REMOVEDIR) != 0) {
    log_error("{}/{} cannot be deleted and is passed over from now on", options_.folder, file);
    immovable_.insert(name);  // it must not hold up those behind it
  }
  return ok;
}

auto Uplink::trouble() const -> std::string {
  auto const lock = std::lock_guard{trouble_mutex_};
  return trouble_;
}

void Uplink::set_trouble(std::string sentence) {
  auto const lock = std::lock_guard{trouble_mutex_};
  trouble_ = std::move(sentence);
}

}  // namespace noroshi::net
