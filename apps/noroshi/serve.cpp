// noroshi serve: run a node.
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/run_node.hpp"
#include "base/log.hpp"

namespace noroshi::apps {

namespace {

class Serve final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "run a node: decoys, stores, API"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi [--data DIR] serve [--set KEY=VALUE]…\n\n"
           "Examples:\n"
           "  noroshi serve --set sense.listen=telnet@router:127.0.0.1:2323,any:127.0.0.1:9999\n"
           "  noroshi config show            every key with its default, unit and meaning";
  }
  void set_up(CLI::App &) override {}
  auto run(Global const &global) -> Result<Exit> override {
    TRY_VOID(run_node(DataDirectory{global.data}, global.config, global.words()));
    return Exit::done;
  }
};

}  // namespace

Registered<Command, Serve> const serve_command{"serve"};

}  // namespace noroshi::apps
