#include "sense/ssh_shell.hpp"

#include <algorithm>
#include <array>

#include "codec/shell_words.hpp"
#include "sense/ssh_scp.hpp"
#include "sense/ssh_sftp.hpp"
#include "sense/typed_line.hpp"

namespace noroshi::sense {
namespace {

/// Of what a command reads; as much as a visit's files keep.
constexpr auto kMaxInput = std::size_t{2} << 20;
constexpr auto kHome = "/root";

/// The words of a command that is one program with its arguments; empty: it is more than that.
auto plain_words(std::string_view command) -> std::vector<std::string> {
  auto parsed = codec::split_shell_line(command);
  if (!parsed || parsed->commands.size() != 1 || !parsed->commands.front().redirections.empty()) return {};
  return std::move(parsed->commands.front().words);
}

void say(SshReply &reply, SshTerminal terminal, std::string_view text) {
  reply.output += terminal == SshTerminal::present ? as_terminal(text) : std::string{text};
}

/// What a shell without a terminal says about a command that it does not know is no output.
auto is_complaint(Shell const &shell, SshTerminal terminal, std::string_view line) -> bool {
  constexpr auto kNotFound = 127;
  return terminal == SshTerminal::none && shell.status() == kNotFound && !plain_words(line).empty();
}

class LoginShell final : public SshProgram {
public:
  LoginShell(SshPersona const &persona, VisitFiles &files, SshTerminal terminal, SshGreeting greeting)
      : persona_(persona), terminal_(terminal), greeting_(greeting), shell_(persona.machine, files, kHome) {}

  auto take(std::string_view bytes, SshReply &reply, Visit &visit) -> std::size_t override {
    greet(reply);
    auto taken = std::size_t{0};
    while (taken < bytes.size() && !reply.is_over && reply.output.size() < kPiece) type(bytes[taken++], reply, visit);
    return taken;
  }

  void take_end(SshReply &reply, Visit & /*visit*/) override { reply.end(static_cast<std::uint32_t>(shell_.status())); }
  void finish(Visit &visit) override { shell_.finish(visit); }

private:
  void greet(SshReply &reply) {
    if (std::exchange(has_greeted_, true)) return;
    if (terminal_ == SshTerminal::present)
      reply.output += as_terminal(persona_.greeting) + persona_.prompt;
    else if (greeting_ == SshGreeting::always)
      reply.output += persona_.greeting;
  }

  void type(char character, SshReply &reply, Visit &visit) {
    auto const is_terminal = terminal_ == SshTerminal::present;
    if (is_terminal && character == '\x04' && line_.text().empty()) {  // Ctrl-D
      reply.output += "logout\r\n";
      return reply.end(static_cast<std::uint32_t>(shell_.status()));
    }
    auto echo = std::string{};
    auto const complete = line_.key(character, TypedLine::Echo::shown, codec::kMaxShellLine, echo);
    if (is_terminal) reply.output += echo;
    if (!complete) return;
    auto const line = line_.take();
    if (!line.empty()) {
      auto const said = shell_.run(line, visit);
      if (is_complaint(shell_, terminal_, line))
        reply.errors += said;
      else
        say(reply, terminal_, said);
    }
    if (shell_.left()) return reply.end(static_cast<std::uint32_t>(shell_.status()));
    if (is_terminal) reply.output += persona_.prompt;
  }

  SshPersona const &persona_;
  SshTerminal terminal_;
  SshGreeting greeting_;
  Shell shell_;
  TypedLine line_;
  bool has_greeted_ = false;
};

/// Runs at once, or when all is there that a command of it wants to read.
class OneCommand final : public SshProgram {
public:
  OneCommand(SshPersona const &persona, VisitFiles &files, SshTerminal terminal, std::string command)
      : terminal_(terminal),
        shell_(persona.machine, files, kHome),
        command_(std::move(command)),
        waits_(Shell::reads_input(command_)) {}

  auto take(std::string_view bytes, SshReply &reply, Visit &visit) -> std::size_t override {
    if (!waits_) {
      run(reply, visit);
      return bytes.size();
    }
    auto const kept = bytes.substr(0, kMaxInput - input_.bytes.size());
    input_.bytes += kept;
    input_.lost += bytes.size() - kept.size();
    auto const ends = terminal_ == SshTerminal::present && kept.find('\x04') != std::string_view::npos;
    if (ends) input_.bytes.resize(input_.bytes.size() - kept.size() + kept.find('\x04'));
    if (ends) run(reply, visit);
    return bytes.size();
  }

  void take_end(SshReply &reply, Visit &visit) override { run(reply, visit); }
  [[nodiscard]] auto held() const -> std::size_t override { return input_.bytes.size(); }

  void finish(Visit &visit) override {
    auto unheard = SshReply{};
    run(unheard, visit);  // what came so far is kept, as a file would keep it
    shell_.finish(visit);
  }

private:
  void run(SshReply &reply, Visit &visit) {
    if (std::exchange(has_run_, true)) return;
    auto output = std::string{};
    for (auto rest = std::string_view{command_}; !rest.empty() && !shell_.left();) {
      auto const line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.empty()) continue;
      auto input = Shell::reads_input(line) ? std::exchange(input_, {}) : ShellInput{};
      auto const said = shell_.run(line.substr(0, codec::kMaxShellLine), visit, std::move(input));
      (is_complaint(shell_, terminal_, line) ? reply.errors : output) += said;
      if (output.size() > kMaxInput) break;
    }
    say(reply, terminal_, output);
    reply.end(static_cast<std::uint32_t>(shell_.status()));
  }

  SshTerminal terminal_;
  Shell shell_;
  std::string command_;
  ShellInput input_;
  bool waits_;
  bool has_run_ = false;
};

void note_command(Visit &visit, std::string_view line) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::command;
  seen.set(model::Field::command, line);
  visit.note(seen);
}

auto is_shell(std::vector<std::string> const &words) -> bool {
  constexpr auto kShells = std::to_array<std::string_view>({"sh", "ash", "bash", "dash"});
  return std::ranges::find(kShells, name_of(words.front())) != kShells.end() &&
         std::all_of(words.begin() + 1, words.end(),
                     [](auto const &word) { return word.starts_with('-') && word.find('c') == std::string::npos; });
}

}  // namespace

auto make_ssh_shell(SshPersona const &persona, VisitFiles &files, SshTerminal terminal, SshGreeting greeting)
    -> std::unique_ptr<SshProgram> {
  return std::make_unique<LoginShell>(persona, files, terminal, greeting);
}

auto make_ssh_command(SshPersona const &persona, VisitFiles &files, SshTerminal terminal, std::string command,
                      Visit &visit) -> std::unique_ptr<SshProgram> {
  auto const words = plain_words(command);
  auto program = std::unique_ptr<SshProgram>{};
  if (!words.empty() && name_of(words.front()) == "scp") program = make_scp(files, kHome, words);
  if (!words.empty() && name_of(words.front()) == "sftp-server" && persona.has_sftp) program = make_sftp(files, kHome);
  if (!words.empty() && is_shell(words))
    program = make_ssh_shell(persona, files, SshTerminal::none, SshGreeting::on_terminals);
  if (!program) return std::make_unique<OneCommand>(persona, files, terminal, std::move(command));
  note_command(visit, command);
  return program;
}

}  // namespace noroshi::sense
