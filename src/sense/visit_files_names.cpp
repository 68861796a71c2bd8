// The names of a visit's files: what the machine has of its own, what goes, what gets another name.
#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "sense/shell.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense {
namespace {

/// Every machine's, and those of one with a whole Linux.
constexpr auto kFolders = std::to_array<std::string_view>({"/", "/bin", "/dev", "/dev/shm", "/etc", "/home", "/lib",
                                                           "/mnt", "/proc", "/root", "/sbin", "/sys", "/tmp", "/usr",
                                                           "/usr/bin", "/usr/sbin", "/var", "/var/run", "/var/tmp"});
constexpr auto kMoreFolders = std::to_array<std::string_view>({"/boot",
                                                               "/etc/cron.d",
                                                               "/etc/cron.daily",
                                                               "/etc/init.d",
                                                               "/etc/ld.so.conf.d",
                                                               "/etc/profile.d",
                                                               "/etc/ssh",
                                                               "/etc/systemd",
                                                               "/etc/systemd/system",
                                                               "/media",
                                                               "/opt",
                                                               "/root/.ssh",
                                                               "/run",
                                                               "/srv",
                                                               "/usr/lib",
                                                               "/usr/local",
                                                               "/usr/local/bin",
                                                               "/usr/share",
                                                               "/var/cache",
                                                               "/var/lib",
                                                               "/var/log",
                                                               "/var/spool",
                                                               "/var/spool/cron",
                                                               "/var/spool/cron/crontabs"});
constexpr auto kFiles =
    std::to_array<std::string_view>({"/etc/mtab", "/etc/passwd", "/proc/cpuinfo", "/proc/mounts", "/proc/version"});
constexpr auto kProgramFolders = std::to_array<std::string_view>({"/bin", "/sbin", "/usr/bin", "/usr/sbin"});

constexpr auto kMounts =
    "rootfs / rootfs rw 0 0\n"
    "/dev/root / squashfs ro,relatime 0 0\n"
    "proc /proc proc rw,relatime 0 0\n"
    "sysfs /sys sysfs rw,relatime 0 0\n"
    "tmpfs /tmp tmpfs rw,relatime 0 0\n"
    "tmpfs /var tmpfs rw,relatime 0 0\n"
    "tmpfs /dev tmpfs rw,relatime,mode=755 0 0\n"
    "devpts /dev/pts devpts rw,relatime,mode=622 0 0\n";

auto holds(std::span<std::string_view const> list, std::string_view name) -> bool {
  return std::ranges::find(list, name) != list.end();
}

auto is_below(std::string_view path, std::string_view folder) -> bool {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

/// A device knows root alone; a server has its services' accounts, and somebody who works there.
auto passwd_of(ShellMachine const &machine) -> std::string {
  if (!machine.is_writable) return "root:x:0:0:root:/root:/bin/sh\n";
  auto text = std::string{
      "root:x:0:0:root:/root:/bin/bash\n"
      "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
      "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
      "sys:x:3:3:sys:/dev:/usr/sbin/nologin\n"
      "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
      "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n"};
  if (!machine.user.empty()) text += fmt::format("{0}:x:1000:1000::/home/{0}:/bin/bash\n", machine.user);
  return text;
}

auto mode_of_folder(std::string_view path) -> std::uint32_t {
  if (path == "/tmp" || path == "/var/tmp" || path == "/dev/shm") return 01'777;
  if (path == "/root" || path == "/root/.ssh") return 0700;
  return path == "/proc" || path == "/sys" ? 0555 : 0755;
}

}  // namespace

auto VisitFiles::own_bytes(std::string_view path) const -> std::string {
  if (path == "/proc/mounts" || path == "/proc/self/mounts" || path == "/etc/mtab") return kMounts;
  if (path == "/proc/version") return fmt::format("Linux version {} {}\n", machine_.kernel, machine_.kernel_build);
  if (path == "/proc/cpuinfo")
    return fmt::format("system type\t\t: {0}\nprocessor\t\t: 0\ncpu model\t\t: {0}\nBogoMIPS\t\t: 385.84\n",
                       machine_.cpu);
  if (path == "/etc/passwd") return passwd_of(machine_);
  if (path == "/proc/self/exe") return machine_.elf;
  return holds(kProgramFolders, folder_of(path)) && Shell::is_program(name_of(path)) ? machine_.elf : std::string{};
}

auto VisitFiles::own_status(std::string_view path, FileStatus &found) const -> bool {
  auto const is_folder = holds(kFolders, path) || (machine_.is_writable && holds(kMoreFolders, path));
  auto const bytes = is_folder ? std::string{} : own_bytes(path);
  if (!is_folder && bytes.empty()) return false;
  auto const in_proc = is_below(path, "/proc") || is_below(path, "/sys");
  found = {};
  found.type = is_folder ? FileType::folder : FileType::file;
  found.mode = is_folder                                 ? mode_of_folder(path)
               : holds(kProgramFolders, folder_of(path)) ? 0755U
               : in_proc                                 ? 0444U
                                                         : 0644U;
  found.size = in_proc ? 0 : is_folder ? 4'096 : bytes.size();
  found.accessed = found.modified = machine_.installed;
  return true;
}

auto VisitFiles::is_fixed(std::string_view path) const -> bool {
  if (is_below(path, "/proc") || is_below(path, "/sys")) return true;
  if (machine_.is_writable) return false;
  return is_below(path, "/bin") || is_below(path, "/usr") || is_below(path, "/sbin") || is_below(path, "/lib");
}

auto VisitFiles::names(std::string_view path, std::vector<std::string> &found) const -> FileFault {
  auto seen = FileStatus{};
  if (auto const fault = status(path, seen); fault != FileFault{}) return fault;
  if (seen.type != FileType::folder) return FileFault::not_a_directory;
  auto real = std::string{};
  (void)resolve(std::string{path}, Last::followed, real);
  auto const take = [&](std::string_view name) {
    if (name != "/" && folder_of(name) == real && find(name) == nullptr) found.emplace_back(name_of(name));
  };
  std::ranges::for_each(kFolders, take);
  if (machine_.is_writable) std::ranges::for_each(kMoreFolders, take);
  std::ranges::for_each(kFiles, take);
  if (holds(kProgramFolders, real))
    for (auto const program : Shell::programs())
      if (find(fmt::format("{}/{}", real, program)) == nullptr) found.emplace_back(program);
  for (auto const &[name, node] : nodes_)
    if (name != "/" && folder_of(name) == real && !node.is_gone) found.emplace_back(name_of(name));
  std::ranges::sort(found);
  return {};
}

auto VisitFiles::set_mode(std::string_view path, std::uint32_t mode) -> FileFault {
  auto seen = FileStatus{};
  auto real = std::string{};
  if (auto const fault = status(path, seen); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::followed, real);
  if (is_fixed(real)) return FileFault::read_only_file_system;
  if (auto *const node = change(real)) node->status.mode = mode & 07'777U;
  return {};
}

auto VisitFiles::set_owner(std::string_view path, std::uint32_t owner, std::uint32_t group) -> FileFault {
  auto seen = FileStatus{};
  auto real = std::string{};
  if (auto const fault = status(path, seen); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::followed, real);
  if (is_fixed(real)) return FileFault::read_only_file_system;
  if (auto *const node = change(real)) node->status.owner = owner, node->status.group = group;
  return {};
}

auto VisitFiles::set_times(std::string_view path, Time accessed, Time modified) -> FileFault {
  auto seen = FileStatus{};
  auto real = std::string{};
  if (auto const fault = status(path, seen); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::followed, real);
  if (is_fixed(real)) return FileFault::read_only_file_system;
  if (auto *const node = change(real)) node->status.accessed = accessed, node->status.modified = modified;
  return {};
}

auto VisitFiles::copy(std::string_view from, std::string_view to, Time now) -> FileFault {
  auto bytes = std::string{};
  auto seen = FileStatus{};
  if (auto const fault = read(from, bytes); fault != FileFault{}) return fault;
  if (status(to, seen, Last::itself) == FileFault{}) return FileFault::file_exists;
  (void)status(from, seen);
  if (auto const fault = create(to, seen.mode, now); fault != FileFault{}) return fault;
  return write(to, 0, bytes, now);
}

auto VisitFiles::rename(std::string_view from, std::string_view to) -> FileFault {
  auto source = std::string{};
  auto target = std::string{};
  auto moved = FileStatus{};
  auto there = FileStatus{};
  if (auto const fault = status(from, moved, Last::itself); fault != FileFault{}) return fault;
  (void)resolve(std::string{from}, Last::itself, source);
  if (auto const fault = resolve(std::string{to}, Last::itself, target); fault != FileFault{}) return fault;
  if (auto const fault = may_change(target); fault != FileFault{}) return fault;
  if (is_fixed(source)) return FileFault::read_only_file_system;
  if (source == target) return {};
  auto const is_folder = moved.type == FileType::folder;
  if (is_folder && is_below(target, source)) return FileFault::invalid_argument;
  if (status(target, there, Last::itself) == FileFault{}) {
    auto inside = std::vector<std::string>{};
    if (is_folder && there.type != FileType::folder) return FileFault::not_a_directory;
    if (!is_folder && there.type == FileType::folder) return FileFault::is_a_directory;
    if (is_folder && names(target, inside) == FileFault{} && !inside.empty()) return FileFault::directory_not_empty;
    take_away(target);
  }
  // What is the machine's own below a folder stays behind unseen; such folders are not what visitors rename.
  if (change(source) == nullptr) return FileFault::no_space_on_device;
  auto moving = std::vector<std::pair<std::string, Node>>{};
  for (auto node = nodes_.lower_bound(source); node != nodes_.end() && node->first.starts_with(source);) {
    auto const goes = is_below(node->first, source);
    if (goes) moving.emplace_back(target + node->first.substr(source.size()), std::move(node->second));
    node = goes ? nodes_.erase(node) : std::next(node);
  }
  for (auto &[name, node] : moving) nodes_.insert_or_assign(name, std::move(node));
  take_away(source);
  return {};
}

auto VisitFiles::remove(std::string_view path, Visit &visit) -> FileFault {
  auto seen = FileStatus{};
  auto real = std::string{};
  if (auto const fault = status(path, seen, Last::itself); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::itself, real);
  if (seen.type == FileType::folder) return FileFault::is_a_directory;
  if (is_fixed(real)) return FileFault::read_only_file_system;
  if (auto const node = nodes_.find(real); node != nodes_.end()) note(real, node->second, visit);  // it is evidence
  take_away(real);
  return {};
}

void VisitFiles::remove_all(std::string_view path, Visit &visit) {
  auto below = std::vector<std::string>{};
  for (auto const &[name, node] : nodes_)
    if (!node.is_gone && is_below(name, path)) below.push_back(name);
  for (auto const &name : below) (void)remove(name, visit);
  std::ranges::reverse(below);  // what is inside goes before what is around it
  for (auto const &name : below) (void)remove_folder(name);
  (void)remove_folder(path);
}

auto VisitFiles::remove_folder(std::string_view path) -> FileFault {
  auto seen = FileStatus{};
  auto real = std::string{};
  if (auto const fault = status(path, seen, Last::itself); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::itself, real);
  if (seen.type != FileType::folder) return FileFault::not_a_directory;
  if (is_fixed(real)) return FileFault::read_only_file_system;
  if (real == "/") return FileFault::device_or_resource_busy;
  auto inside = std::vector<std::string>{};
  if (names(real, inside) == FileFault{} && !inside.empty()) return FileFault::directory_not_empty;
  take_away(real);
  return {};
}

}  // namespace noroshi::sense
