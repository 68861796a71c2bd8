// noroshi export: observations and indicators in the formats of other programs, page by page, so that memory stays
// small whatever the size.
#include <fcntl.h>

#include <cstdio>

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "apps/noroshi/client.hpp"
#include "apps/noroshi/output.hpp"
#include "base/file.hpp"
#include "share/writer.hpp"

namespace noroshi::apps {

namespace {

/// A header of the answer; over a socket names come in lower case.
auto header_of(net::HttpResponse const &response, std::string_view name) -> std::string {
  auto const same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (auto const &[key, value] : response.headers)
    if (std::ranges::equal(key, name, same)) return value;
  return {};
}

/// Where an export goes: standard output, or a file that appears under its name when it is whole.
class Target {
public:
  explicit Target(std::string path) : path_(std::move(path)) {}
  Target(Target const &) = delete;
  auto operator=(Target const &) -> Target & = delete;
  ~Target() {
    if (file_.valid()) (void)std::remove(partial().c_str());
  }

  auto write(std::string_view text) -> Result<void> {
    if (path_.empty()) {
      print(text);
      return ok;
    }
    if (!file_.valid()) {
      // What attackers wrote is in it, log-in secrets perhaps: for its owner only.
      TRY(file_, open_file(partial(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    }
    return write_all(file_, text, partial());
  }
  auto finish() -> Result<void> {
    if (path_.empty()) return ok;
    TRY_VOID(write(""));
    if (std::rename(partial().c_str(), path_.c_str()) != 0) return file_error(errno, "making", path_);
    file_ = {};
    return ok;
  }

private:
  [[nodiscard]] auto partial() const -> std::string { return path_ + ".part"; }
  std::string path_;
  FileDescriptor file_;
};

auto format_lines() -> std::string {
  auto lines = std::string{};
  auto const &registry = Registry<share::Writer>::instance();
  for (auto const &name : registry.names())
    lines += fmt::format("  {:<16} {}\n", name, registry.create(name)->about().summary);
  return lines;
}

class Export final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "observations and indicators in other programs' formats";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    static auto const text =
        "noroshi export FORMAT [--since TIME] [--until TIME] [-o FILE]\n"
        "noroshi export FORMAT --kind KIND --service SERVICE --source IP     some observations only\n"
        "noroshi export FORMAT --keep-sensors --with-secrets                 for one's own use\n\n"
        "Formats:\n" +
        format_lines() +
        "\nSensor addresses are taken out, also inside payloads, and log-in secrets are left out.\n\n"
        "Examples:\n"
        "  noroshi export csv --since 2026-11-20 -o observations.csv\n"
        "  noroshi export stix -o indicators.json";
    return text;
  }

  void set_up(CLI::App &app) override {
    app.add_option("FORMAT", format_, "one of those above")
        ->required()
        ->check(CLI::IsMember(Registry<share::Writer>::instance().names()).description(""));
    app.add_option("--since", since_, "what was received (indicators: last seen) since this time (RFC 3339)");
    app.add_option("--until", until_, "and before this time");
    app.add_option("--kind", kind_, "of observation: login, command, request…");
    app.add_option("--service", service_, "that held the conversation: telnet, http…");
    app.add_option("--source", source_, "address of the visitor");
    app.add_option("-o,--output", output_, "file; it appears when it is whole (default: standard output)");
    app.add_flag("--keep-sensors", keep_sensors_, "leave addresses and names of sensors in");
    app.add_flag("--with-secrets", with_secrets_, "with passwords and posted bodies (analysts only)");
  }

  auto run(Global const &global) -> Result<Exit> override {
    TRY(auto client, Client::open(global));
    auto target = Target{output_};
    auto progress = Progress{"entries exported:"};
    auto written = std::uint64_t{0}, left_out = std::uint64_t{0};
    auto cursor = std::string{};
    do {
      auto request = net::HttpRequest{};
      request.method = "GET";
      request.path = "/api/v1/export/" + format_;
      request.query = query(cursor);
      TRY(auto const page, client.ask(std::move(request)));
      TRY_VOID(target.write(page.body));
      written += number_of(header_of(page, "noroshi-written"));
      left_out += number_of(header_of(page, "noroshi-left-out"));
      cursor = header_of(page, "noroshi-next");
      progress.show(written);
    } while (!cursor.empty());
    TRY_VOID(target.finish());
    if (left_out > 0)
      fmt::print(stderr, "{} entries written; {} have no place in {} and are left out\n", written, left_out, format_);
    return Exit::done;
  }

private:
  static auto number_of(std::string const &text) -> std::uint64_t {
    return text.empty() ? 0 : std::strtoull(text.c_str(), nullptr, 10);
  }
  [[nodiscard]] auto query(std::string const &cursor) const -> net::HttpFields {
    auto fields = net::HttpFields{};
    for (auto const &[name, value] :
         {std::pair{"since", &since_}, std::pair{"before", &until_}, std::pair{"kind", &kind_},
          std::pair{"service", &service_}, std::pair{"source", &source_}, std::pair{"cursor", &cursor}})
      if (!value->empty()) fields.emplace_back(name, *value);
    if (keep_sensors_) fields.emplace_back("keep_sensors", "true");
    if (with_secrets_) fields.emplace_back("with_secrets", "true");
    return fields;
  }

  std::string format_, since_, until_, kind_, service_, source_, output_;
  bool keep_sensors_ = false;
  bool with_secrets_ = false;
};

}  // namespace

Registered<Command, Export> const export_command{"export"};

}  // namespace noroshi::apps
