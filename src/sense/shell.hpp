// The shell behind telnet (and later SSH): understands what a loader types, answers as a small BusyBox machine would,
// runs nothing. What matters is noted in the visit: commands, downloads asked for, files left behind.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shell_words.hpp"
#include "sense/persona.hpp"
#include "sense/visit.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense {

/// The machine that the shell pretends to be; read from the persona's [host] once.
struct ShellMachine {
  std::string host_name;
  std::string architecture;  // mips, mipsel, arm, aarch64, x86, x86_64, powerpc, sh4
  std::string kernel;
  std::string kernel_build;
  std::string busybox;
  std::string cpu;
  std::string elf;                     // the first bytes of every program of that machine
  bool is_writable = false;            // everywhere; otherwise programs lie on a read-only file system
  Time installed{};                    // when its own files were written
  std::string user;                    // who works there besides root; may be empty
  std::chrono::seconds boots_every{};  // it seems to start anew after so long
  std::chrono::seconds boots_at{};     // some moment at which it did, since 1970
  [[nodiscard]] auto uptime(Time now) const -> std::chrono::seconds;
  static auto create(Persona const &persona) -> Result<ShellMachine>;
};

/// What commands can read that read their standard input.
struct ShellInput {
  std::string bytes;
  std::uint64_t lost = 0;  // that came behind them and were not kept
};

/// One visitor's shell. `machine` outlives it.
class Shell {
public:
  explicit Shell(ShellMachine const &machine)
      : machine_(machine), own_files_(std::make_unique<VisitFiles>(machine)), files_(*own_files_) {}
  /// On files that others use as well, and that outlive it; it begins in `folder`.
  Shell(ShellMachine const &machine, VisitFiles &files, std::string folder)
      : machine_(machine), files_(files), folder_(std::move(folder)) {}

  /// Answers one typed line; lines end with "\n". Notes what the visitor did.
  auto run(std::string_view line, Visit &visit, ShellInput input = {}) -> std::string;
  /// Whether a command of the line reads standard input that no pipe and no file gives it.
  static auto reads_input(std::string_view line) -> bool;
  /// The status of the last command.
  [[nodiscard]] auto status() const -> int { return status_; }
  /// True after exit, logout…
  [[nodiscard]] auto left() const -> bool { return left_; }
  /// Programs of the machine, in order.
  static auto programs() -> std::vector<std::string_view>;
  static auto is_program(std::string_view name) -> bool { return applets().contains(name); }
  /// Notes the files that were left behind. Call it once, when the visitor goes.
  void finish(Visit &visit);

private:
  using Words = std::vector<std::string>;
  /// One command's surroundings.
  struct Call {
    Words const &words;
    std::string_view input;  // of a pipe or "<", or the shell's own
    Visit &visit;
    std::string output;
    std::uint64_t lost = 0;  // of the input, behind it
  };
  using Applet = auto (Shell::*)(Call &) -> int;

  auto run_command(codec::ShellCommand const &command, std::string_view piped, Visit &visit, std::string &output)
      -> int;
  auto dispatch(Call &call) -> int;
  auto redirect(codec::ShellCommand const &command, Call &call) -> bool;
  static auto applets() -> std::map<std::string_view, Applet> const &;
  static auto builtins() -> std::map<std::string_view, Applet> const &;

  // Files (shell_files.cpp)
  [[nodiscard]] auto absolute(std::string_view path) const -> std::string;
  [[nodiscard]] auto read(std::string_view path) const -> std::optional<std::string>;
  auto write(std::string_view path, std::string_view bytes, bool append, Visit &visit) -> bool;
  [[nodiscard]] auto is_folder(std::string const &path) const -> bool;
  auto cat(Call &call) -> int;
  auto dd(Call &call) -> int;
  auto echo(Call &call) -> int;
  auto cp(Call &call) -> int;
  auto rm(Call &call) -> int;
  auto chmod(Call &call) -> int;
  auto ls(Call &call) -> int;
  auto mkdir(Call &call) -> int;
  auto touch(Call &call) -> int;
  auto head(Call &call) -> int;
  auto cd(Call &call) -> int;
  auto pwd(Call &call) -> int;

  // The machine (shell_system.cpp)
  auto busybox(Call &call) -> int;
  auto ps(Call &call) -> int;
  auto uname(Call &call) -> int;
  auto id(Call &call) -> int;
  auto whoami(Call &call) -> int;
  auto hostname(Call &call) -> int;
  auto mount(Call &call) -> int;
  auto free(Call &call) -> int;
  auto kill(Call &call) -> int;
  auto shell(Call &call) -> int;
  auto quiet(Call &call) -> int;
  auto fails(Call &call) -> int;
  auto exit(Call &call) -> int;
  auto nproc(Call &call) -> int;
  auto uptime(Call &call) -> int;
  auto which(Call &call) -> int;

  // Fetching (shell_fetch.cpp): nothing is fetched
  auto wget(Call &call) -> int;
  auto curl(Call &call) -> int;
  auto tftp(Call &call) -> int;
  auto ftpget(Call &call) -> int;
  static void note_download(Call &call, std::string_view url);

  ShellMachine const &machine_;
  std::unique_ptr<VisitFiles> own_files_;
  VisitFiles &files_;
  std::string folder_ = "/";
  ShellInput input_;  // until a command has read it
  int status_ = 0;
  bool left_ = false;
};

}  // namespace noroshi::sense
