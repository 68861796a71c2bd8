#include "sense/shell.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace noroshi::sense {
namespace {

/// A line's answer: a megabyte of `cat` would only feed the visitor.
constexpr auto kMaxOutput = std::size_t{64} << 10;

/// e_machine, class and byte order (ELF specification, System V ABI; elf.h).
struct Machine {
  std::string_view name;
  std::uint16_t number;
  bool wide;
  bool big_endian;
};
constexpr auto kMachines = std::to_array<Machine>({{"mips", 8, false, true},
                                                   {"mipsel", 8, false, false},
                                                   {"arm", 40, false, false},
                                                   {"aarch64", 183, true, false},
                                                   {"x86", 3, false, false},
                                                   {"x86_64", 62, true, false},
                                                   {"powerpc", 20, false, true},
                                                   {"sh4", 42, false, false}});

/// The header that a loader reads to choose its binary, and some bytes behind it.
auto elf_of(Machine const &machine) -> std::string {
  auto bytes = std::string{
      "\x7f"
      "ELF"};
  bytes += machine.wide ? '\2' : '\1';
  bytes += machine.big_endian ? '\2' : '\1';
  bytes += '\1';
  bytes.resize(16);
  auto const half = [&](std::uint16_t number) {
    if (machine.big_endian)
      append_be(bytes, number);
    else
      append_le(bytes, number);
  };
  auto const word = [&](std::uint32_t number) {
    if (machine.wide && machine.big_endian) append_be(bytes, std::uint32_t{0});
    if (machine.big_endian)
      append_be(bytes, number);
    else
      append_le(bytes, number);
    if (machine.wide && !machine.big_endian) append_le(bytes, std::uint32_t{0});
  };
  half(2);  // executable
  half(machine.number);
  half(machine.big_endian ? 0 : 1);  // the version is a word in both classes
  half(machine.big_endian ? 1 : 0);
  word(0x0040'0260);             // entry
  word(machine.wide ? 64 : 52);  // program headers
  word(0);                       // section headers: stripped
  half(0), half(0);              // flags
  half(machine.wide ? 64 : 52);  // header size
  half(machine.wide ? 56 : 32), half(3);
  half(0), half(0), half(0);
  bytes.resize(512);
  return bytes;
}

void note_command(Visit &visit, std::string_view line) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::command;
  seen.set(model::Field::command, line);
  visit.note(seen);
}

/// Whether a command reads the shell's own standard input: it is one that can, and neither a pipe, a file nor a word
/// gives it something else to read.
auto takes_input(codec::ShellCommand const &command) -> bool {
  constexpr auto kReaders = std::to_array<std::string_view>({"cat", "dd", "head", "tail", "sh", "ash", "bash", "tee"});
  if (command.words.empty() || command.join == codec::ShellJoin::pipe) return false;
  for (auto const &redirection : command.redirections)
    if (redirection.kind == codec::ShellRedirection::Kind::read) return false;
  auto const first = std::string_view{command.words.front()};
  auto const name = first.substr(first.rfind('/') + 1);
  if (std::ranges::find(kReaders, name) == kReaders.end()) return false;
  auto const names_file = [&](std::string const &word) {
    return name == "dd" ? word.starts_with("if=") : name != "tee" && word != "-" && !word.starts_with('-');
  };
  return std::none_of(command.words.begin() + 1, command.words.end(), names_file);
}

}  // namespace

auto ShellMachine::create(Persona const &persona) -> Result<ShellMachine> {
  auto machine = ShellMachine{};
  machine.host_name = persona.text("host.name", "localhost");
  machine.architecture = persona.text("host.arch", "arm");
  machine.kernel = persona.text("host.kernel", "3.10.14");
  machine.kernel_build = persona.text("host.kernel_build", "#1 SMP Mon Jan 7 08:12:44 UTC 2019");
  machine.busybox = persona.text("host.busybox", "BusyBox v1.22.1 (2019-01-07 08:10:02 UTC)");
  machine.cpu = persona.text("host.cpu", "ARMv7 Processor rev 5 (v7l)");
  // Like its host keys, a machine's age is its own: some day of the first half of 2025.
  constexpr auto kFirstInstalled = std::int64_t{1'735'776'000};
  constexpr auto kInstallSeconds = std::uint64_t{180} * 24 * 3600;
  machine.is_writable = persona.text("host.root", "read-only") == "writable";
  machine.installed = Time{
      std::chrono::seconds{kFirstInstalled + static_cast<std::int64_t>(persona.keyed("installed") % kInstallSeconds)}};
  // The same at every start of this node: between three weeks and half a year without a restart.
  constexpr auto kDay = std::uint64_t{24} * 3600;
  machine.boots_every = std::chrono::seconds{21 * kDay + persona.keyed("boots every") % (160 * kDay)};
  machine.boots_at = std::chrono::seconds{persona.keyed("boots at") % (180 * kDay)};
  machine.user = persona.drawn("user", persona.list("host.users"));
  auto const known = std::ranges::find(kMachines, machine.architecture, &Machine::name);
  if (known == kMachines.end())
    return fail(ErrorCode::malformed,
                "persona {}: host.arch \"{}\" is unknown; known are mips, mipsel, arm, aarch64, x86, "
                "x86_64, powerpc, sh4",
                persona.name(), machine.architecture);
  machine.elf = elf_of(*known);
  return machine;
}

auto ShellMachine::uptime(Time now) const -> std::chrono::seconds {
  auto const since = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  return (since - boots_at) % boots_every;
}

auto Shell::run(std::string_view line, Visit &visit, ShellInput input) -> std::string {
  note_command(visit, line);
  auto output = std::string{};
  auto const parsed = codec::split_shell_line(line);
  if (!parsed) return output;  // a flood: noted, not answered
  input_ = std::move(input);
  auto status = 0;
  auto piped = std::string{};
  for (auto i = std::size_t{0}; i < parsed->commands.size() && !left_; ++i) {
    auto const &command = parsed->commands[i];
    if (command.join == codec::ShellJoin::if_ok && status != 0) continue;
    if (command.join == codec::ShellJoin::if_failed && status == 0) continue;
    auto const from_pipe = command.join == codec::ShellJoin::pipe ? std::exchange(piped, {}) : std::string{};
    auto const feeds_pipe = i + 1 < parsed->commands.size() && parsed->commands[i + 1].join == codec::ShellJoin::pipe;
    status = run_command(command, from_pipe, visit, feeds_pipe ? piped : output);
    if (output.size() > kMaxOutput) output.resize(kMaxOutput);
  }
  if (!parsed->commands.empty()) status_ = status;
  input_ = {};
  return output;
}

auto Shell::reads_input(std::string_view line) -> bool {
  auto const parsed = codec::split_shell_line(line);
  return parsed && std::ranges::any_of(parsed->commands, [](auto const &command) { return takes_input(command); });
}

auto Shell::run_command(codec::ShellCommand const &command, std::string_view piped, Visit &visit, std::string &output)
    -> int {
  auto call = Call{command.words, piped, visit, {}};
  auto own = ShellInput{};
  if (takes_input(command)) {  // what one command has read is gone for the next
    own = std::exchange(input_, {});
    call.input = own.bytes;
    call.lost = own.lost;
  }
  auto file = std::string{};
  for (auto const &redirection : command.redirections) {
    if (redirection.kind != codec::ShellRedirection::Kind::read) continue;
    auto const bytes = read(redirection.target);
    if (!bytes) {
      output += fmt::format("-sh: can't open {}: no such file\n", redirection.target);
      return 1;
    }
    file = *bytes;
    call.input = file;
  }
  auto const status = command.words.empty() ? 0 : dispatch(call);
  if (!redirect(command, call)) return 1;
  output += call.output;
  return status;
}

auto Shell::dispatch(Call &call) -> int {
  auto name = std::string_view{call.words.front()};
  if (auto const found = builtins().find(name); found != builtins().end()) return (this->*found->second)(call);
  for (auto const folder : {"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"})
    if (name.starts_with(folder)) name.remove_prefix(std::string_view{folder}.size());
  if (auto const found = applets().find(name); found != applets().end()) return (this->*found->second)(call);
  if (auto const assignment = name.find('='); assignment != std::string_view::npos && assignment > 0) return 0;
  if (read(name)) {  // a file that the visitor made, or a program of ours: it "runs"
    files_.note(absolute(name), call.visit);
    return 0;
  }
  call.visit.note_unknown_command(name);
  call.output = fmt::format("-sh: {}: not found\n", call.words.front());
  return 127;
}

/// Sends output where the redirections say, and empties it then. False where the file cannot be made.
auto Shell::redirect(codec::ShellCommand const &command, Call &call) -> bool {
  auto redirected = false;
  for (auto const &[kind, target] : command.redirections) {
    if (kind == codec::ShellRedirection::Kind::read || target.starts_with('&')) continue;
    redirected = true;
    if (target == "/dev/null") continue;
    if (!write(target, call.output, kind == codec::ShellRedirection::Kind::append, call.visit)) {
      call.output = fmt::format("-sh: can't create {}: nonexistent directory\n", target);
      return true;
    }
    files_.count_lost(absolute(target), call.lost);
  }
  if (redirected) call.output.clear();
  return true;
}

auto Shell::programs() -> std::vector<std::string_view> {
  auto names = std::vector<std::string_view>{};
  for (auto const &[name, applet] : applets()) names.push_back(name);
  return names;
}

auto Shell::builtins() -> std::map<std::string_view, Applet> const & {
  static auto const table = std::map<std::string_view, Applet>{
      {"cd", &Shell::cd},
      {"exit", &Shell::exit},
      {"logout", &Shell::exit},
      {"quit", &Shell::exit},
      {"enable", &Shell::fails},
      {"system", &Shell::fails},
      {"linuxshell", &Shell::fails},
      {"shell", &Shell::fails},
      {"config", &Shell::fails},
      {"terminal", &Shell::fails},
      {"start", &Shell::fails},
      {"development", &Shell::fails},
      {"export", &Shell::quiet},
      {"unset", &Shell::quiet},
      {"ulimit", &Shell::quiet},
      {"set", &Shell::quiet},
      {"alias", &Shell::quiet},
      {"umask", &Shell::quiet},
      {"history", &Shell::quiet},
      {":", &Shell::quiet},
  };
  return table;
}

auto Shell::applets() -> std::map<std::string_view, Applet> const & {
  static auto const table = std::map<std::string_view, Applet>{
      {"busybox", &Shell::busybox}, {"sh", &Shell::shell},
      {"ash", &Shell::shell},       {"bash", &Shell::shell},
      {"cat", &Shell::cat},         {"dd", &Shell::dd},
      {"echo", &Shell::echo},       {"printf", &Shell::echo},
      {"cp", &Shell::cp},           {"mv", &Shell::cp},
      {"rm", &Shell::rm},           {"chmod", &Shell::chmod},
      {"ls", &Shell::ls},           {"mkdir", &Shell::mkdir},
      {"head", &Shell::head},       {"tail", &Shell::head},
      {"pwd", &Shell::pwd},         {"ps", &Shell::ps},
      {"uname", &Shell::uname},     {"id", &Shell::id},
      {"whoami", &Shell::whoami},   {"hostname", &Shell::hostname},
      {"mount", &Shell::mount},     {"free", &Shell::free},
      {"kill", &Shell::kill},       {"killall", &Shell::quiet},
      {"pkill", &Shell::quiet},     {"sleep", &Shell::quiet},
      {"true", &Shell::quiet},      {"touch", &Shell::touch},
      {"sync", &Shell::quiet},      {"iptables", &Shell::quiet},
      {"nohup", &Shell::quiet},     {"ifconfig", &Shell::quiet},
      {"nproc", &Shell::nproc},     {"uptime", &Shell::uptime},
      {"which", &Shell::which},     {"wget", &Shell::wget},
      {"curl", &Shell::curl},       {"tftp", &Shell::tftp},
      {"ftpget", &Shell::ftpget},
  };
  return table;
}

}  // namespace noroshi::sense
