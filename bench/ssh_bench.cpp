// The ssh decoy beside Cowrie and OpenSSH's sshd: log-ins and handshakes a second, the memory of a session that is
// held, and our side of each key exchange beside OpenSSL's operations alone.
//
// The same client visits all, in the same run and turn by turn: it is on core 1 and the server on core 0, and both say
// the same (kSshTerms). How fast the client can be at most is measured with a server that only says what was recorded
// (bench/ssh/replay.hpp): its rate is that of the kernel's two ends, and the client's own processor time says how much
// more it could do. Cowrie writes JSON only; sshd has MaxStartups 10000. What is counted is compared first: as
// many accepted log-ins in our spool as the client had.
//
// ssh_bench [--small] [--logins N] [--rounds N] [--sessions N]
#include <sys/resource.h>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "bench/kernel_memory.hpp"
#include "bench/loopback.hpp"
#include "bench/node_process.hpp"
#include "bench/ssh/client.hpp"
#include "bench/ssh/drive.hpp"
#include "bench/ssh/exchanges.hpp"
#include "bench/ssh/peers.hpp"
#include "bench/ssh/replay.hpp"
#include "model/batch.hpp"
#include "sense/run.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::bench;
namespace fs = std::filesystem;

/// The packs with a persona that lets the client in, whatever the shipped one thinks of its password, and that pretends
/// no work: what is measured is ours.
void copy_packs(fs::path const &to) {
  fs::copy(NOROSHI_SOURCE_DIR "/packs", to, fs::copy_options::recursive);
  auto const file = to / "personas/debian.toml";
  auto from = std::ifstream{file};
  auto text = std::string{};
  for (auto line = std::string{}; std::getline(from, line);)
    if (line.find("_delay_ms = ") == std::string::npos)
      text += line.starts_with("accept = ") ? fmt::format("accept = [\"{}:{}\"]\n", kUser, kPassword) : line + "\n";
  std::ofstream{file, std::ios::trunc} << text;
}

void serve_decoy(int port_out, int lifeline, std::string const &folder) {
  pin_to_core(0);
  auto const config = Config::load(
      "", false,
      {"sense.listen=ssh:127.0.0.1:0", "sense.loops=1", "sense.source_rate=0", "sense.source_sessions=1000000",
       "sense.max_sessions=1000000", "sense.visit_idle=10min", "log.level=error"});
  auto options = sense::RunOptions{};
  options.spool_folder = folder + "/spool";
  options.packs_folder = folder + "/packs";
  options.lifeline = lifeline;
  options.ready = [&](auto const &listeners, auto const &) { send_port(port_out, listeners[0].endpoint.port); };
  if (!config) std::exit(3);
  if (auto const outcome = sense::run_decoys(*config, options); !outcome) {
    fmt::print(stderr, "{}\n", outcome.error().sentence);
    std::exit(3);
  }
}

/// A folder for one decoy.
struct Folder {
  std::string path = temporary_folder();
  Folder() {
    fs::create_directory(path + "/spool");
    copy_packs(path + "/packs");
  }
  Folder(Folder const &) = delete;
  auto operator=(Folder const &) -> Folder & = delete;
  ~Folder() { fs::remove_all(path); }
};

void compare_spool(std::string const &folder, int logins) {
  auto accepted = 0;
  for (auto const &entry : fs::directory_iterator{folder + "/spool"}) {
    if (entry.path().extension() != ".seg") continue;
    auto const bytes = read_file(entry.path().string(), std::uint64_t{1} << 30);
    auto reader = model::FrameReader{std::string_view{*bytes}.substr(model::kSegmentHeaderBytes)};
    for (auto seen = model::Observation{}; reader.next(seen) == model::FrameReader::Step::frame;)
      accepted += seen.kind == model::Kind::login && seen.number(model::Field::accepted) == 1 ? 1 : 0;
  }
  if (accepted == logins) return;
  fmt::print(stderr, "{} log-ins, but {} of them spooled\n", logins, accepted);
  std::exit(1);
}

struct Sizes {
  int logins, peer_logins, rounds, sessions, peer_sessions;
  bool has_peers;
};

/// Rates of one server, a value a round.
struct Rates {
  std::vector<double> handshakes, logins;
  std::vector<double> client;  // its own processor time a visit, microseconds
  void take(std::uint16_t port, SshVisitor const &visitor, int count) {
    auto const before = use_of(::getpid()).cpu_seconds;
    handshakes.push_back(visits_a_second(port, visitor, SshGoal::handshake, count));
    logins.push_back(visits_a_second(port, visitor, SshGoal::login, count));
    client.push_back((use_of(::getpid()).cpu_seconds - before) / (2 * count) * 1e6);
  }
};

auto ratio(std::vector<double> const &ours, std::vector<double> const &theirs) -> double {
  auto ratios = std::vector<double>{};
  for (auto i = std::size_t{0}; i < ours.size(); ++i) ratios.push_back(ours[i] / theirs[i]);
  return median(ratios);
}

void measure_rates(SshVisitor const &visitor, Sizes const &sizes, Peer const *cowrie, Peer const *sshd) {
  auto rates = std::map<std::string, Rates>{};
  auto cpu = std::vector<double>{};
  for (auto round = 0; round < sizes.rounds; ++round) {
    {
      auto replay = Server{[&](int port_out, int lifeline) {
        pin_to_core(0);
        serve_replay(port_out, lifeline, visitor);
      }};
      rates["replay"].take(replay.port(), visitor, sizes.logins);
    }
    auto const folder = Folder{};
    auto decoy = Server{[&](int port_out, int lifeline) { serve_decoy(port_out, lifeline, folder.path); }};
    auto const before = use_of(decoy.process()).cpu_seconds;
    rates["ours"].take(decoy.port(), visitor, sizes.logins);
    cpu.push_back((use_of(decoy.process()).cpu_seconds - before) / (2 * sizes.logins) * 1e6);
    decoy.stop();
    compare_spool(folder.path, sizes.logins);
    if (cowrie != nullptr) rates["Cowrie"].take(cowrie->port(), visitor, sizes.peer_logins);
    if (sshd != nullptr) rates["sshd"].take(sshd->port(), visitor, sizes.peer_logins);
  }
  auto const &ours = rates["ours"];
  for (auto const &[name, each] : rates) {
    fmt::print("  {:<8} {:8.0f} handshakes/s, {:8.0f} log-ins/s", name, median(each.handshakes), median(each.logins));
    if (name == "replay")
      fmt::print(
          " (the ceiling of both ends: {:.2f} and {:.2f} times ours; the client needs {:.0f} us each, {:.2f} times)",
          ratio(each.handshakes, ours.handshakes), ratio(each.logins, ours.logins), median(each.client),
          1e6 / median(each.client) / median(ours.logins));
    else if (name != "ours")
      fmt::print(" (ours are {:.1f} and {:.1f} times that)", ratio(ours.handshakes, each.handshakes),
                 ratio(ours.logins, each.logins));
    else
      fmt::print(" ({:.0f} us of processor time each)", median(cpu));
    fmt::print("\n");
  }
}

struct Held {
  double process = 0, kernel = 0;  // bytes a session
};

auto hold(std::uint16_t port, pid_t process, SshVisitor const &visitor, int sessions) -> Held {
  for (auto const socket : hold_shells(port, visitor, std::max(1, sessions / 50))) reset_close(socket);  // warm
  std::this_thread::sleep_for(std::chrono::seconds{1});
  auto const resident = resident_bytes(process);
  auto const before = kernel_bytes();
  auto const sockets = hold_shells(port, visitor, sessions);
  std::this_thread::sleep_for(std::chrono::seconds{2});  // what handshakes used is given back
  auto const held = Held{static_cast<double>(resident_bytes(process) - resident) / sessions,
                         static_cast<double>(server_bytes_between(before, kernel_bytes())) / sessions};
  auto probe = std::array<char, 4096>{};
  for (auto const socket : sockets) {
    if (::recv(socket, probe.data(), probe.size(), MSG_DONTWAIT) == 0) fail("a session was not held");
    reset_close(socket);
  }
  return held;
}

void print_held(char const *name, Held const &held, int sessions) {
  fmt::print("  {:<8} {:9.0f} bytes each in the process, {:6.0f} in the kernel ({} sessions)\n", name, held.process,
             held.kernel, sessions);
}

/// Servers that nobody visited before: what earlier visits gave back would serve these, and they would seem to cost
/// less.
void measure_memory(SshVisitor const &visitor, Sizes const &sizes) {
  auto const folder = Folder{};
  auto decoy = Server{[&](int port_out, int lifeline) { serve_decoy(port_out, lifeline, folder.path); }};
  auto const ours = hold(decoy.port(), decoy.process(), visitor, sizes.sessions);
  print_held("ours", ours, sizes.sessions);
  auto const cowrie = sizes.has_peers ? start_cowrie() : nullptr;
  if (cowrie == nullptr) return;
  auto const theirs = hold(cowrie->port(), cowrie->process(), visitor, sizes.peer_sessions);
  print_held("Cowrie", theirs, sizes.peer_sessions);
  fmt::print("  ours is a {:.0f}th of that in the process, a {:.0f}th with the kernel's part\n",
             theirs.process / ours.process, (theirs.process + theirs.kernel) / (ours.process + ours.kernel));
}

void raise_open_files() {
  auto limit = rlimit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::string_view{argv[1]} == "--small";
  auto const sizes =
      Sizes{option(argc, argv, "--logins", small ? 40 : 6'000), option(argc, argv, "--peer-logins", 300),
            option(argc, argv, "--rounds", small ? 1 : 3),      option(argc, argv, "--sessions", small ? 40 : 5'000),
            option(argc, argv, "--peer-sessions", 1'000),       !small};
  raise_open_files();
  auto const cowrie = small ? nullptr : start_cowrie();
  auto const sshd = small ? nullptr : start_sshd();
  pin_to_core(1);
  auto const visitor = SshVisitor{kUser, kPassword};
  fmt::print("conversations with {}, medians of {} rounds\n", kSshTerms, sizes.rounds);
  measure_rates(visitor, sizes, cowrie.get(), sshd.get());
  fmt::print("memory of a session with an open shell, idle\n");
  measure_memory(visitor, sizes);
  fmt::print("our server's side of a key exchange, beside OpenSSL's keygen, derive and Ed25519 signature\n");
  compare_exchanges(small ? 1 : 11, small ? 2 : 200);
  return 0;
}
