// The shell's files: a few of the machine's own, and what the visitor leaves, kept up to a cap and never run.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "sense/sha256.hpp"
#include "sense/shell.hpp"

namespace noroshi::sense {
namespace {

/// A dropper sent by echo is one to three kilobytes, a bot up to a few hundred; all files of a visit together.
constexpr auto kMaxKeptBytes = std::size_t{512} << 10;
constexpr auto kMaxFiles = std::size_t{64};
constexpr auto kMaxPath = std::size_t{256};
constexpr auto kMaxNotedBytes = std::size_t{4} << 10;

constexpr auto kFolders = std::to_array<std::string_view>({"/", "/bin", "/dev", "/dev/shm", "/etc", "/home", "/lib",
                                                           "/mnt", "/proc", "/root", "/sbin", "/sys", "/tmp", "/usr",
                                                           "/usr/bin", "/usr/sbin", "/var", "/var/run", "/var/tmp"});

constexpr auto kMounts =
    "rootfs / rootfs rw 0 0\n"
    "/dev/root / squashfs ro,relatime 0 0\n"
    "proc /proc proc rw,relatime 0 0\n"
    "sysfs /sys sysfs rw,relatime 0 0\n"
    "tmpfs /tmp tmpfs rw,relatime 0 0\n"
    "tmpfs /var tmpfs rw,relatime 0 0\n"
    "tmpfs /dev tmpfs rw,relatime,mode=755 0 0\n"
    "devpts /dev/pts devpts rw,relatime,mode=622 0 0\n";

auto is_folder(std::string_view path) -> bool { return std::ranges::find(kFolders, path) != kFolders.end(); }

auto is_writable_folder(std::string_view path) -> bool {
  return is_folder(path) && !path.starts_with("/proc") && !path.starts_with("/sys") && !path.starts_with("/bin") &&
         !path.starts_with("/usr") && !path.starts_with("/sbin") && !path.starts_with("/lib");
}

auto parent(std::string_view path) -> std::string_view {
  auto const slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view{"/"} : path.substr(0, slash);
}

auto digit_of(char character, unsigned base) -> int {
  auto const digit = character >= '0' && character <= '9'   ? character - '0'
                     : character >= 'a' && character <= 'f' ? character - 'a' + 10
                     : character >= 'A' && character <= 'F' ? character - 'A' + 10
                                                            : 99;
  return digit < static_cast<int>(base) ? digit : -1;
}

/// Reads up to `most` digits behind `at`, which moves to the last one.
auto number_behind(std::string_view text, std::size_t &at, unsigned base, int most) -> char {
  auto number = 0;
  for (auto i = 0; i < most && at + 1 < text.size() && digit_of(text[at + 1], base) >= 0; ++i)
    number = number * static_cast<int>(base) + digit_of(text[++at], base);
  return static_cast<char>(number);
}

/// The escapes of echo -e (POSIX XSI echo, and BusyBox's \xHH).
auto unescape(std::string_view text) -> std::string {
  auto bytes = std::string{};
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      bytes += text[at];
      continue;
    }
    auto const letter = text[++at];
    switch (letter) {
      case 'n': bytes += '\n'; break;
      case 'r': bytes += '\r'; break;
      case 't': bytes += '\t'; break;
      case 'a': bytes += '\a'; break;
      case '\\': bytes += '\\'; break;
      case 'x': bytes += number_behind(text, at, 16, 2); break;
      case '0': bytes += number_behind(text, at, 8, 3); break;
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
        --at;
        bytes += number_behind(text, at, 8, 3);
        break;
      default: bytes += '\\', bytes += letter;
    }
  }
  return bytes;
}

auto size_of(std::string_view text) -> std::size_t {
  auto size = std::size_t{0};
  std::from_chars(text.data(), text.data() + text.size(), size);
  return size;
}

}  // namespace

auto Shell::absolute(std::string_view path) const -> std::string {
  auto whole = path.starts_with('/') ? std::string{} : folder_ == "/" ? std::string{} : folder_;
  while (!path.empty()) {
    auto const end = std::min(path.find('/'), path.size());
    auto const part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == "..")
      whole.resize(whole.empty() ? 0 : whole.rfind('/'));
    else if (!part.empty() && part != "." && whole.size() + part.size() < kMaxPath)
      whole.append("/").append(part);
  }
  return whole.empty() ? "/" : whole;
}

auto Shell::read(std::string_view path) const -> std::optional<std::string> {
  auto const whole = absolute(path);
  if (auto const file = files_.find(whole); file != files_.end()) return file->second.bytes;
  if (whole == "/proc/mounts" || whole == "/proc/self/mounts" || whole == "/etc/mtab") return kMounts;
  if (whole == "/proc/version") return fmt::format("Linux version {} {}\n", machine_.kernel, machine_.kernel_build);
  if (whole == "/proc/cpuinfo")
    return fmt::format("system type\t\t: {0}\nprocessor\t\t: 0\ncpu model\t\t: {0}\nBogoMIPS\t\t: 385.84\n",
                       machine_.cpu);
  if (whole == "/etc/passwd") return "root:x:0:0:root:/root:/bin/sh\n";
  if (whole == "/proc/self/exe") return machine_.elf;
  auto const folder = parent(whole);
  auto const name = std::string_view{whole}.substr(whole.rfind('/') + 1);
  if ((folder == "/bin" || folder == "/sbin" || folder == "/usr/bin" || folder == "/usr/sbin") &&
      applets().contains(name))
    return machine_.elf;
  return std::nullopt;
}

auto Shell::write(std::string_view path, std::string_view bytes, bool append) -> bool {
  auto const whole = absolute(path);
  if (!is_writable_folder(parent(whole)) || is_folder(whole)) return false;
  if (!files_.contains(whole) && files_.size() >= kMaxFiles) return true;  // seems to work, is not kept
  auto &file = files_[whole];
  if (!append) {
    kept_bytes_ -= file.bytes.size();
    file = {};
  }
  auto const kept = bytes.substr(0, kMaxKeptBytes - kept_bytes_);
  file.bytes.append(kept);
  kept_bytes_ += kept.size();
  file.size += bytes.size();
  file.noted = false;
  return true;
}

void Shell::note_file(std::string const &path, File &file, Visit &visit) {
  if (file.noted || file.size == 0) return;
  file.noted = true;
  auto digest = Sha256{};
  digest.add(file.bytes);
  auto const sha256 = digest.hex();
  auto const extra = fmt::format(R"({{"size":{},"kept":{}}})", file.size, file.bytes.size());
  auto seen = model::Observation{};
  seen.kind = model::Kind::file;
  seen.extra = extra;
  seen.set(model::Field::file_name, std::string_view{path})
      .set(model::Field::payload, std::string_view{file.bytes}.substr(0, kMaxNotedBytes));
  // A hash of a part would name a file that nobody has.
  if (file.bytes.size() == file.size) seen.set(model::Field::sha256, std::string_view{sha256});
  visit.note(seen);
}

void Shell::finish(Visit &visit) {
  for (auto &[path, file] : files_) note_file(path, file, visit);
}

auto Shell::cat(Call &call) -> int {
  auto status = 0;
  if (call.words.size() == 1) call.output = call.input;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i) {
    if (auto const bytes = read(call.words[i])) {
      call.output += *bytes;
    } else {
      call.output += fmt::format("cat: can't open '{}': No such file or directory\n", call.words[i]);
      status = 1;
    }
  }
  return status;
}

auto Shell::dd(Call &call) -> int {
  auto input = std::optional<std::string>{call.input};
  auto name = std::string{};
  auto target = std::string{};
  auto block = std::size_t{512};
  auto count = std::string::npos;
  for (auto const &word : call.words) {
    auto const value = std::string_view{word}.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("if=")) name = value;
    if (word.starts_with("of=")) target = value;
    if (word.starts_with("bs=")) block = size_of(value);
    if (word.starts_with("count=")) count = size_of(value);
  }
  if (!name.empty()) input = read(name);
  if (!input) {
    call.output = fmt::format("dd: can't open '{}': No such file or directory\n", name);
    return 1;
  }
  auto const wanted = block == 0 || count > input->size() / block ? input->size() : block * count;
  auto const bytes = input->substr(0, wanted);
  auto const records = block == 0 ? 0 : bytes.size() / block;
  auto const partial = block != 0 && bytes.size() % block != 0 ? 1 : 0;
  if (target.empty())
    call.output = bytes;
  else
    write(target, bytes, false);
  call.output += fmt::format("{0}+{1} records in\n{0}+{1} records out\n", records, partial);
  return 0;
}

auto Shell::echo(Call &call) -> int {
  auto at = std::size_t{1};
  auto newline = call.words.front() != "printf";
  auto escapes = !newline;
  for (; at < call.words.size() && call.words.front() != "printf"; ++at) {
    auto const &word = call.words[at];
    if (word.size() < 2 || word.front() != '-' || word.find_first_not_of("neE", 1) != std::string::npos) break;
    newline &= word.find('n') == std::string::npos;
    escapes |= word.find('e') != std::string::npos;
  }
  for (auto first = true; at < call.words.size(); ++at) {
    if (!std::exchange(first, false)) call.output += ' ';
    call.output += escapes ? unescape(call.words[at]) : call.words[at];
  }
  if (newline) call.output += '\n';
  return 0;
}

auto Shell::cp(Call &call) -> int {
  auto const moves = call.words.front().ends_with("mv");
  if (call.words.size() < 3) return fails(call);
  auto const &from = call.words[call.words.size() - 2];
  auto to = absolute(call.words.back());
  auto const bytes = read(from);
  if (!bytes) {
    call.output = fmt::format("{}: can't stat '{}': No such file or directory\n", moves ? "mv" : "cp", from);
    return 1;
  }
  if (is_folder(to)) to += from.substr(std::min(from.rfind('/'), from.size()) == from.size() ? 0 : from.rfind('/') + 1);
  if (!write(to, *bytes, false)) {
    call.output = fmt::format("{}: can't create '{}': Read-only file system\n", moves ? "mv" : "cp", call.words.back());
    return 1;
  }
  return 0;
}

auto Shell::rm(Call &call) -> int {
  auto forced = false;
  auto status = 0;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i) {
    auto const &word = call.words[i];
    if (word.starts_with('-')) {
      forced |= word.find('f') != std::string::npos;
      continue;
    }
    auto const file = files_.find(absolute(word));
    if (file != files_.end()) {
      note_file(file->first, file->second, call.visit);  // it was here, and it is evidence
      kept_bytes_ -= file->second.bytes.size();
      files_.erase(file);
    } else if (!forced && word.find('*') == std::string::npos) {
      call.output += fmt::format("rm: can't remove '{}': No such file or directory\n", word);
      status = 1;
    }
  }
  return status;
}

auto Shell::chmod(Call &call) -> int {
  for (auto i = std::size_t{2}; i < call.words.size(); ++i) {
    if (auto const file = files_.find(absolute(call.words[i])); file != files_.end()) {
      note_file(file->first, file->second, call.visit);  // about to be run, so it is whole
    } else if (!read(call.words[i]) && call.words[i].find('*') == std::string::npos) {
      call.output += fmt::format("chmod: {}: No such file or directory\n", call.words[i]);
      return 1;
    }
  }
  return 0;
}

auto Shell::ls(Call &call) -> int {
  auto folder = folder_;
  for (auto i = std::size_t{1}; i < call.words.size(); ++i)
    if (!call.words[i].starts_with('-')) folder = absolute(call.words[i]);
  if (!is_folder(folder)) {
    if (read(folder)) return call.output = call.words.back() + "\n", 0;
    call.output = fmt::format("ls: {}: No such file or directory\n", call.words.back());
    return 1;
  }
  for (auto const path : kFolders)
    if (path != "/" && parent(path) == folder) call.output.append(path.substr(path.rfind('/') + 1)).append("\n");
  for (auto const &[path, file] : files_)
    if (parent(path) == folder) call.output.append(path.substr(path.rfind('/') + 1)).append("\n");
  return 0;
}

auto Shell::mkdir(Call & /*call*/) -> int { return 0; }

auto Shell::head(Call &call) -> int {
  call.output = call.input;
  if (call.words.size() > 1 && !call.words.back().starts_with('-')) call.output = read(call.words.back()).value_or("");
  return 0;
}

auto Shell::cd(Call &call) -> int {
  auto const target = call.words.size() > 1 ? absolute(call.words[1]) : std::string{"/root"};
  if (!is_folder(target)) {
    call.output = fmt::format("-sh: cd: can't cd to {}\n", call.words[1]);
    return 1;
  }
  folder_ = target;
  return 0;
}

auto Shell::pwd(Call &call) -> int {
  call.output = folder_ + "\n";
  return 0;
}

}  // namespace noroshi::sense
