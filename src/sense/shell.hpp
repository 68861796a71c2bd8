// The shell behind telnet (and later SSH): understands what a loader types, answers as a small BusyBox machine would,
// runs nothing. What matters is noted in the visit: commands, downloads asked for, files left behind.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/shell_words.hpp"
#include "sense/persona.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// The machine that the shell pretends to be; read from the persona's [host] once.
struct ShellMachine {
  std::string host_name;
  std::string architecture;  // mips, mipsel, arm, aarch64, x86, x86_64, powerpc, sh4
  std::string kernel;
  std::string kernel_build;
  std::string busybox;
  std::string cpu;
  std::string elf;  // the first bytes of every program of that machine
  static auto create(Persona const &persona) -> Result<ShellMachine>;
};

/// One visitor's shell. `machine` outlives it.
class Shell {
public:
  explicit Shell(ShellMachine const &machine) : machine_(machine) {}

  /// Answers one typed line; lines end with "\n". Notes what the visitor did.
  auto run(std::string_view line, Visit &visit) -> std::string;
  /// True after exit, logout…
  [[nodiscard]] auto left() const -> bool { return left_; }
  /// Notes the files that were left behind. Call it once, when the visitor goes.
  void finish(Visit &visit);

private:
  using Words = std::vector<std::string>;
  /// One command's surroundings.
  struct Call {
    Words const &words;
    std::string_view input;  // of a pipe or "<"
    Visit &visit;
    std::string output;
  };
  using Applet = auto (Shell::*)(Call &) -> int;
  struct File {
    std::string bytes;
    std::uint64_t size = 0;  // also of what was not kept
    bool noted = false;
  };

  auto run_command(codec::ShellCommand const &command, std::string_view input, Visit &visit, std::string &output)
      -> int;
  auto dispatch(Call &call) -> int;
  auto redirect(codec::ShellCommand const &command, std::string &output) -> bool;
  static auto applets() -> std::map<std::string_view, Applet> const &;
  static auto builtins() -> std::map<std::string_view, Applet> const &;

  // Files (shell_files.cpp)
  [[nodiscard]] auto absolute(std::string_view path) const -> std::string;
  [[nodiscard]] auto read(std::string_view path) const -> std::optional<std::string>;
  auto write(std::string_view path, std::string_view bytes, bool append) -> bool;
  void note_file(std::string const &path, File &file, Visit &visit);
  auto cat(Call &call) -> int;
  auto dd(Call &call) -> int;
  auto echo(Call &call) -> int;
  auto cp(Call &call) -> int;
  auto rm(Call &call) -> int;
  auto chmod(Call &call) -> int;
  auto ls(Call &call) -> int;
  auto mkdir(Call &call) -> int;
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
  std::string folder_ = "/";
  std::map<std::string, File, std::less<>> files_;
  std::size_t kept_bytes_ = 0;
  bool left_ = false;
};

}  // namespace noroshi::sense
