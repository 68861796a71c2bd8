// An SSH channel's program without SSH: what the scripted visitor sends is the channel's data, what it reads the
// program's output.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "scripted_visit.hpp"
#include "sense/shell.hpp"
#include "sense/ssh_program.hpp"
#include "sense/visit_files.hpp"

namespace noroshi::sense::test {

inline auto program_machine() -> ShellMachine const & {
  static auto const machine = *ShellMachine::create(*Persona::parse("test", R"(
    [host]
    name = "debian"
    arch = "x86_64"
    root = "writable"
  )"));
  return machine;
}

/// `make` is called when the visit begins, with files that live as long as it.
class ProgramDecoy final : public Decoy {
public:
  using Make = std::function<std::unique_ptr<SshProgram>(VisitFiles &, Visit &)>;
  explicit ProgramDecoy(Make make) : make_(std::move(make)) {}

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    auto files = VisitFiles{program_machine()};
    auto const program = make_(files, visit);
    auto talking = talk(visit, *program);
    auto const outcome = co_await std::move(talking);
    program->finish(visit);
    files.note_all(visit);
    co_return outcome;
  }

  mutable SshReply last = {};       // its status, and what went to standard error
  mutable std::size_t largest = 0;  // bytes that it said in one go

private:
  auto talk(Visit &visit, SshProgram &program) const -> Task<Result<void>> {
    auto unread = std::string{};
    while (!last.is_over) {
      while (true) {
        auto const taken = program.take(unread, last, visit);
        unread.erase(0, taken);
        auto const said = std::exchange(last.output, {});
        largest = std::max(largest, said.size());
        if (!said.empty()) CO_TRY_VOID(co_await visit.reply(said));
        if (last.is_over || (taken == 0 && said.empty())) break;
      }
      if (last.is_over) break;
      auto const bytes = co_await visit.read_some();
      if (!bytes) {
        program.take_end(last, visit);
        co_return bytes.error();
      }
      unread += *bytes;
    }
    co_return ok;
  }

  Make make_;
};

}  // namespace noroshi::sense::test
