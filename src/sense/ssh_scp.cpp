#include "sense/ssh_scp.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include "codec/ssh/scp.hpp"

namespace noroshi::sense {
namespace {

namespace ssh = codec::ssh;
using Kind = ssh::ScpRecord::Kind;

/// Folders in folders; deeper ones are a flood.
constexpr auto kMaxDepth = std::size_t{64};
/// Files and folders that one `scp -f` gives.
constexpr auto kMaxGiven = std::size_t{1'024};
// Linux' longest name, and a path that no folder of a visit is as deep as: links that lead round end there.
constexpr auto kMaxName = std::size_t{255};
constexpr auto kMaxPath = std::size_t{1'024};

/// A line off the front; nothing where it has not ended. Past OpenSSH's buffer it is cut.
auto take_line(std::string_view bytes, std::size_t &taken) -> std::optional<std::string_view> {
  auto const end = bytes.find('\n');
  if (end == std::string_view::npos && bytes.size() < ssh::kMaxScpLine) return std::nullopt;
  auto const size = std::min(end, ssh::kMaxScpLine - 1);
  taken += size == end ? size + 1 : size;
  return bytes.substr(0, size);
}

/// `scp -t`: says an empty byte for all that went well.
class Sink final : public SshProgram {
public:
  Sink(VisitFiles &files, std::string home, ssh::ScpCommand command)
      : files_(files), home_(std::move(home)), command_(std::move(command)) {}

  auto take(std::string_view bytes, SshReply &reply, Visit &visit) -> std::size_t override {
    if (!std::exchange(has_begun_, true)) begin(reply);
    auto taken = std::size_t{0};
    while (taken < bytes.size() && !reply.is_over && reply.output.size() < kPiece)
      if (!step(bytes.substr(taken), taken, reply, visit)) break;
    return taken;
  }

  void take_end(SshReply &reply, Visit & /*visit*/) override {
    reply.end(awaits_ != Awaits::line || troubles_ > 0 ? 1 : 0);
  }

  void finish(Visit &visit) override {
    if (awaits_ != Awaits::line) files_.note(file_, visit);  // what came of it
  }

private:
  enum class Awaits : std::uint8_t { line, bytes, word };

  void begin(SshReply &reply) {
    if (command_.paths.size() != 1) return give_up(reply, "ambiguous target");
    auto const target = VisitFiles::absolute(command_.paths.front(), home_);
    auto status = FileStatus{};
    auto const fault = files_.status(target, status);
    auto const is_folder = fault == FileFault{} && status.type == FileType::folder;
    if (command_.wants_folder && !is_folder) {
      auto const reason = fault == FileFault{} ? FileFault::not_a_directory : fault;
      return give_up(reply, fmt::format("{}: {}", command_.paths.front(), sentence_of(reason)));
    }
    levels_.push_back({target, command_.paths.front(), is_folder, {}});
    reply.output.push_back('\0');
  }

  /// False where more bytes must come.
  auto step(std::string_view bytes, std::size_t &taken, SshReply &reply, Visit &visit) -> bool {
    if (awaits_ == Awaits::bytes) return take_bytes(bytes, taken, visit);
    if (awaits_ == Awaits::word) return take_word(bytes, taken, reply, visit);
    auto const line = take_line(bytes, taken);
    if (line) take_record(*line, reply, visit);
    return line.has_value();
  }

  auto take_bytes(std::string_view bytes, std::size_t &taken, Visit &visit) -> bool {
    auto const part = bytes.substr(0, left_);
    auto const fault = part.empty() ? FileFault{} : files_.write(file_, written_, part, visit.now());
    if (fault != FileFault{} && trouble_.empty()) trouble_ = fmt::format("{}: {}", shown_, sentence_of(fault));
    written_ += part.size();
    left_ -= part.size();
    taken += part.size();
    if (left_ == 0) awaits_ = Awaits::word;
    return true;
  }

  /// Behind a file the source says whether it could read all of it.
  auto take_word(std::string_view bytes, std::size_t &taken, SshReply &reply, Visit &visit) -> bool {
    if (bytes.front() == '\0') {
      ++taken;
    } else {
      auto const line = take_line(bytes, taken);
      if (!line) return false;
      ++troubles_;
      if (bytes.front() != '\1') reply.end(1);
    }
    awaits_ = Awaits::line;
    if (times_) (void)files_.set_times(file_, times_->accessed, times_->modified);
    times_.reset();
    files_.note(file_, visit);
    if (reply.is_over) return true;
    if (trouble_.empty())
      reply.output.push_back('\0');
    else
      complain(reply, std::exchange(trouble_, {}));
    return true;
  }

  void take_record(std::string_view line, SshReply &reply, Visit &visit) {
    auto const is_first = std::exchange(is_first_, false);
    auto const record = ssh::parse_scp_record(line);
    if (!record) {
      auto const is_other = record.error().sentence == "expected control record";
      // What a shell says instead of a program comes first and unmarked.
      return give_up(reply, is_first && is_other ? std::string{line} : "protocol error: " + record.error().sentence);
    }
    switch (record->kind) {
      case Kind::trouble: ++troubles_; return;
      case Kind::last_trouble: return reply.end(1);
      case Kind::times:
        times_ = Times{Time{std::chrono::seconds{clamp(record->accessed)}},
                       Time{std::chrono::seconds{clamp(record->modified)}}};
        return reply.output.push_back('\0');
      case Kind::end_of_folder: return leave(reply);
      default: return take_entry(*record, reply, visit);
    }
  }

  static auto clamp(std::int64_t seconds) -> std::int64_t {
    return std::clamp(seconds, std::int64_t{0}, std::int64_t{0xffff'ffff});
  }

  void take_entry(ssh::ScpRecord const &record, SshReply &reply, Visit &visit) {
    if (!ssh::is_scp_name(record.text))
      return give_up(reply, fmt::format("error: unexpected filename: {}", record.text));
    if (record.text.size() > kMaxName) return complain(reply, fmt::format("{}: File name too long", record.text));
    auto const &level = levels_.back();
    auto const path = level.is_folder ? VisitFiles::absolute(record.text, level.path) : level.path;
    auto const shown =
        level.is_folder ? fmt::format("{}/{}", level.shown == "/" ? "" : level.shown, record.text) : level.shown;
    if (record.kind == Kind::folder) return enter(path, shown, record.mode, reply, visit);
    auto status = FileStatus{};
    auto const is_there = files_.status(path, status) == FileFault{};
    // Without -p the sink's umask counts.
    auto const mode = command_.keeps_times ? record.mode : record.mode & ~022U;
    auto fault = files_.create(path, mode, visit.now());
    if (fault == FileFault{} && is_there) fault = files_.resize(path, 0, visit.now());
    if (fault == FileFault{} && command_.keeps_times) fault = files_.set_mode(path, record.mode);
    if (fault != FileFault{}) return complain(reply, fmt::format("{}: {}", shown, sentence_of(fault)));
    file_ = path;
    shown_ = shown;
    left_ = record.size;
    written_ = 0;
    awaits_ = left_ == 0 ? Awaits::word : Awaits::bytes;
    reply.output.push_back('\0');
  }

  void enter(std::string const &path, std::string const &shown, std::uint32_t mode, SshReply &reply, Visit &visit) {
    if (!command_.is_recursive) return give_up(reply, "protocol error: received directory without -r");
    auto status = FileStatus{};
    auto fault = files_.status(path, status);
    if (fault == FileFault{} && status.type != FileType::folder)
      fault = FileFault::not_a_directory;
    else if (fault != FileFault{})
      fault = files_.make_folder(path, mode & ~022U, visit.now());
    if (fault != FileFault{}) return complain(reply, fmt::format("{}: {}", shown, sentence_of(fault)));
    if (levels_.size() > kMaxDepth) return reply.end(1);
    levels_.push_back({path, shown, true, std::exchange(times_, {})});
    reply.output.push_back('\0');
  }

  void leave(SshReply &reply) {
    reply.output.push_back('\0');
    auto const level = levels_.back();
    if (level.times) (void)files_.set_times(level.path, level.times->accessed, level.times->modified);
    levels_.pop_back();
    if (levels_.empty()) reply.end(troubles_ > 0 ? 1 : 0);
  }

  void complain(SshReply &reply, std::string_view text) {
    ++troubles_;
    reply.output += fmt::format("\1scp: {}\n", text);
  }
  void give_up(SshReply &reply, std::string_view text) {
    complain(reply, text);
    reply.end(1);
  }

  struct Times {
    Time accessed, modified;
  };
  struct Level {
    std::string path, shown;  // absolute, and as the client wrote it
    bool is_folder = false;
    std::optional<Times> times = {};
  };
  VisitFiles &files_;
  std::string home_;
  ssh::ScpCommand command_;
  std::vector<Level> levels_;
  std::optional<Times> times_;  // of what comes next
  std::string file_, shown_, trouble_;
  std::uint64_t left_ = 0, written_ = 0;
  int troubles_ = 0;
  Awaits awaits_ = Awaits::line;
  bool has_begun_ = false, is_first_ = true;
};

/// `scp -f`: says a line or a file's bytes whenever the sink said that it is ready.
class Source final : public SshProgram {
public:
  Source(VisitFiles &files, std::string home, ssh::ScpCommand command)
      : files_(files), home_(std::move(home)), command_(std::move(command)) {
    for (auto const &path : command_.paths) steps_.push_back({Do::name, path});
  }

  auto take(std::string_view bytes, SshReply &reply, Visit & /*visit*/) -> std::size_t override {
    auto taken = std::size_t{0};
    while (!reply.is_over && reply.output.size() < kPiece) {
      if (is_ready_ && steps_.empty())
        reply.end(troubles_ > 0 ? 1 : 0);
      else if (is_ready_)
        next(reply);
      else if (taken == bytes.size() || !take_word(bytes.substr(taken), taken, reply))
        break;
    }
    return taken;
  }

  void take_end(SshReply &reply, Visit & /*visit*/) override { reply.end(1); }

private:
  enum class Do : std::uint8_t { name, times, head, bytes, folder, end_of_folder };
  struct Step {
    Do what;
    std::string path;
    std::uint64_t offset = 0;
  };

  auto take_word(std::string_view bytes, std::size_t &taken, SshReply &reply) -> bool {
    if (bytes.front() == '\0') {
      ++taken;
    } else {
      auto const line = take_line(bytes, taken);
      if (!line) return false;
      ++troubles_;
      if (bytes.front() != '\1') reply.end(1);
      // What cannot be taken is left out, with all that belongs to it.
      if (bytes.front() == '\1' && !steps_.empty() && steps_.front().what == Do::bytes) steps_.pop_front();
      if (bytes.front() == '\1' && !steps_.empty() && steps_.front().what == Do::folder) steps_.pop_front();
    }
    is_ready_ = true;
    return true;
  }

  void next(SshReply &reply) {
    auto step = std::move(steps_.front());
    steps_.pop_front();
    auto const path = VisitFiles::absolute(step.path, home_);
    auto status = FileStatus{};
    switch (step.what) {
      case Do::name: return begin(step, path, reply);
      case Do::times:
        (void)files_.status(path, status);
        return ask(reply, fmt::format("T{} 0 {} 0\n", seconds_of(status.modified), seconds_of(status.accessed)));
      case Do::head: {
        auto bytes = std::string{};
        (void)files_.status(path, status);
        (void)files_.read(path, bytes);
        auto const is_folder = status.type == FileType::folder;
        return ask(reply, fmt::format("{}{:04o} {} {}\n", is_folder ? 'D' : 'C', status.mode,
                                      is_folder ? 0 : bytes.size(), name_of(path)));
      }
      case Do::bytes: return give(step, path, reply);
      case Do::folder: return open_folder(step, path);
      case Do::end_of_folder: return ask(reply, "E\n");
    }
  }

  void begin(Step const &step, std::string const &path, SshReply &reply) {
    auto status = FileStatus{};
    auto const fault = ++given_ > kMaxGiven          ? FileFault::too_many_files_open
                       : step.path.size() > kMaxPath ? FileFault::filename_too_long
                                                     : files_.status(path, status);
    auto const is_folder = fault == FileFault{} && status.type == FileType::folder;
    if (fault != FileFault{} || (is_folder && !command_.is_recursive)) {
      ++troubles_;
      reply.output += fault != FileFault{} ? fmt::format("\1scp: {}: {}\n", step.path, sentence_of(fault))
                                           : fmt::format("\1scp: {}: not a regular file\n", step.path);
      return;
    }
    steps_.push_front({is_folder ? Do::folder : Do::bytes, step.path});
    steps_.push_front({Do::head, step.path});
    if (command_.keeps_times) steps_.push_front({Do::times, step.path});
  }

  void open_folder(Step const &step, std::string const &path) {
    auto names = std::vector<std::string>{};
    (void)files_.names(path, names);
    steps_.push_front({Do::end_of_folder, step.path});
    for (auto name = names.rbegin(); name != names.rend() && steps_.size() < kMaxGiven; ++name)
      steps_.push_front({Do::name, fmt::format("{}/{}", step.path == "/" ? "" : step.path, *name)});
  }

  void give(Step &step, std::string const &path, SshReply &reply) {
    auto part = std::string{};
    (void)files_.read_part(path, step.offset, kPiece, part);
    reply.output += part;
    step.offset += part.size();
    if (part.size() == kPiece) return steps_.push_front(std::move(step));
    ask(reply, std::string_view{"\0", 1});
  }

  void ask(SshReply &reply, std::string_view line) {
    reply.output += line;
    is_ready_ = false;
  }

  static auto seconds_of(Time time) -> std::int64_t {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  }

  VisitFiles &files_;
  std::string home_;
  ssh::ScpCommand command_;
  std::deque<Step> steps_;
  std::size_t given_ = 0;
  int troubles_ = 0;
  bool is_ready_ = false;  // the sink said so
};

}  // namespace

auto make_scp(VisitFiles &files, std::string home, std::vector<std::string> const &words)
    -> std::unique_ptr<SshProgram> {
  auto command = ssh::parse_scp_command(words);
  if (command.is_sink) return std::make_unique<Sink>(files, std::move(home), std::move(command));
  if (command.is_source) return std::make_unique<Source>(files, std::move(home), std::move(command));
  return nullptr;
}

}  // namespace noroshi::sense
