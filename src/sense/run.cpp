#include "sense/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include <fmt/format.h>

#include "base/log.hpp"
#include "sense/event_loop.hpp"
#include "sense/node_secret.hpp"
#include "sense/status.hpp"

namespace noroshi::sense {
namespace {

ConfigKey<std::vector<std::string>> const listen_key{
    "sense.listen", "telnet:127.0.0.1:2323,http:127.0.0.1:8081,any:127.0.0.1:9999", "",
    "Decoys and where they listen: decoy[@persona]:address:port, IPv6 addresses in brackets; a prefix as address, and "
    "personas with + between, one of which answers at each address."};
ConfigKey<bool> const port_fallback_key{"sense.port_fallback", "false", "",
                                        "Move a listener to a free port where its own is taken, instead of failing."};
ConfigKey<std::string> const hostname_key{"sense.hostname", "", "",
                                          "Host name that decoys show; empty: the one of each persona."};
ConfigKey<std::int64_t> const loops_key{"sense.loops", "0", "threads", "Event loops; 0: one a core."};
ConfigKey<std::int64_t> const max_sessions_key{"sense.max_sessions", "10000", "sessions", "Visits held at once."};
ConfigKey<std::int64_t> const source_sessions_key{"sense.source_sessions", "64", "sessions",
                                                  "Visits that one source (IPv4 address, IPv6 /64) may hold at once."};
ConfigKey<std::int64_t> const source_rate_key{"sense.source_rate", "600", "visits a minute",
                                              "Visits that one source may begin; 0: no limit."};
ConfigKey<std::int64_t> const datagram_rate_key{
    "sense.datagram_rate", "2000", "datagrams a second",
    "UDP datagrams recorded; further ones are counted. Senders can be forged, so no limit by source holds them."};
ConfigKey<Duration> const visit_time_key{"sense.visit_time", "10min", "", "Longest visit."};
ConfigKey<Duration> const visit_idle_key{"sense.visit_idle", "60s", "", "Longest silence within a visit."};
ConfigKey<ByteSize> const visit_in_key{"sense.visit_bytes_in", "4MiB", "", "Bytes that one visitor may send."};
ConfigKey<ByteSize> const visit_out_key{"sense.visit_bytes_out", "1MiB", "", "Bytes that one visitor is sent."};
ConfigKey<ByteSize> const visit_notes_key{"sense.visit_notes", "2MiB", "",
                                          "Spool bytes that one visit may take; further notes are counted."};
ConfigKey<ByteSize> const spool_cap_key{"sense.spool_cap", "1GiB", "",
                                        "Size of the spool; past it the oldest segments are dropped and counted."};

/// Descriptors that are not visits: spool segments, listeners, logs, event loops.
constexpr auto kReservedDescriptors = std::int64_t{128};
/// A machine with more cores than this is not waiting for decoys.
constexpr auto kMaxLoops = std::int64_t{64};
// The decoys of a node that was killed hold their ports until they hear of it; under load, while they start.
constexpr auto kPortPatience = std::chrono::seconds{3};
/// Below this a cap would drop segments faster than any node can take them.
constexpr auto kMinSpoolCap = std::uint64_t{1} << 20;

auto loops_wanted(Config const &config) -> Result<unsigned> {
  auto const asked = config.get(loops_key);
  if (asked < 0 || asked > kMaxLoops)
    return fail(ErrorCode::malformed, "sense.loops = {}; write a number from 0 (one a core) to {}", asked, kMaxLoops);
  return asked > 0 ? static_cast<unsigned>(asked) : std::max(1U, std::thread::hardware_concurrency());
}

auto spool_cap(Config const &config) -> Result<std::uint64_t> {
  auto const cap = config.get(spool_cap_key).bytes;
  if (cap < kMinSpoolCap) return fail(ErrorCode::malformed, "sense.spool_cap = {} bytes; write 1MiB or more", cap);
  return cap;
}

auto read_specs(Config const &config, Cast const &cast) -> Result<std::vector<ListenerSpec>> {
  auto specs = std::vector<ListenerSpec>{};
  for (auto const &text : config.get(listen_key)) {
    TRY(auto spec, ListenerSpec::parse(text));
    for (auto const &persona : spec.personas())
      if (cast.find(spec.decoy, persona) == nullptr)
        return fail(ErrorCode::not_found, "sense.listen \"{}\": the decoy {} has no persona \"{}\"; it has {}", text,
                    spec.decoy, persona, fmt::join(cast.personas_of(spec.decoy), ", "));
    specs.push_back(std::move(spec));
  }
  return specs;
}

auto bind_all(Config const &config, std::vector<ListenerSpec> specs, unsigned loops, int activated)
    -> Result<std::vector<Listener>> {
  TRY(auto listeners, take_activated(specs, activated));
  auto const if_taken = config.get(port_fallback_key) ? PortTaken::moves : PortTaken::fails;
  auto const until = std::chrono::steady_clock::now() + kPortPatience;
  for (auto &spec : specs) {
    auto const asked = spec.endpoint.port;
    TRY(auto listener, bind_listener(std::move(spec), loops, if_taken, until));
    auto const &bound = listener.spec;
    if (asked != 0 && bound.endpoint.port != asked)
      log_warning("port {} is taken: the decoy {} listens on {} instead", asked, bound.decoy, bound.where());
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

auto limits_of(Config const &config) -> VisitLimits {
  return {config.get(visit_time_key), config.get(visit_idle_key), config.get(visit_in_key).bytes,
          config.get(visit_out_key).bytes, config.get(visit_notes_key).bytes};
}

/// As many sessions as descriptors allow; the soft limit is raised to the hard one.
auto session_cap(Config const &config) -> std::int64_t {
  auto const wanted = config.get(max_sessions_key);
  auto limit = rlimit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  auto const room = static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_max, 1'000'000)) - kReservedDescriptors;
  if (room < wanted)
    log_warning(
        "sense.max_sessions = {}, but this process may open {} files: {} sessions at most; raise its file limit",
        wanted, limit.rlim_max, room);
  return std::min(wanted, room);
}

/// SIGTERM and SIGINT as a descriptor; blocked in all threads made later.
auto catch_signals() -> Result<FileDescriptor> {
  auto signals = sigset_t{};
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (::pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) return system_error(errno, "blocking signals");
  (void)std::signal(SIGPIPE, SIG_IGN);
  auto caught = FileDescriptor{::signalfd(-1, &signals, SFD_CLOEXEC)};
  if (!caught.valid()) return system_error(errno, "catching signals");
  return caught;
}

void wait_for_end(FileDescriptor const &signals, int lifeline, FileDescriptor const &loop_failed) {
  auto waits =
      std::array{pollfd{signals.get(), POLLIN, 0}, pollfd{lifeline, POLLIN, 0}, pollfd{loop_failed.get(), POLLIN, 0}};
  while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
}

auto specs_of(std::vector<Listener> const &listeners) -> std::vector<ListenerSpec> {
  auto specs = std::vector<ListenerSpec>{};
  for (auto const &listener : listeners) specs.push_back(listener.spec);
  return specs;
}

/// What the listeners name, and what a visit may be handed to.
auto prepare(Cast &cast, std::vector<ListenerSpec> const &specs) -> Result<void> {
  for (auto const &spec : specs)
    for (auto const &persona : spec.personas()) TRY_VOID(cast.prepare(spec.decoy, persona));
  for (auto const &decoy : Registry<Decoy>::instance().names()) TRY_VOID(cast.prepare(decoy, {}));
  return ok;
}

/// Each loop gets its own socket of a listener, or all wait at the one that systemd gave.
void give_listeners(std::vector<Listener> const &listeners, std::vector<std::unique_ptr<EventLoop>> &loops) {
  for (auto const &listener : listeners)
    for (auto i = std::size_t{0}; i < loops.size(); ++i)
      loops[i]->add_listener(listener.sockets[i % listener.sockets.size()].get(), listener.spec);
}

/// The last place where an exception of a loop may stop. One loop less would go unnoticed, so all end.
void run_loop(EventLoop &loop, FileDescriptor const &failed) {
  try {
    loop.run();
  } catch (std::exception const &error) {
    log_error("an event loop failed: {}", error.what());
    (void)::eventfd_write(failed.get(), 1);
  }
}

auto hold_visits(Grounds &grounds, std::vector<Listener> const &listeners, unsigned count,
                 FileDescriptor const &signals, int lifeline) -> Result<void> {
  auto const failed = FileDescriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!failed.valid()) return system_error(errno, "making an event descriptor");
  auto loops = std::vector<std::unique_ptr<EventLoop>>{};
  for (auto i = 0U; i < count; ++i) loops.push_back(EventLoop::create(grounds, i));
  give_listeners(listeners, loops);
  auto threads = std::vector<std::thread>{};
  for (auto &loop : loops) threads.emplace_back([&loop, &failed] { run_loop(*loop, failed); });
  wait_for_end(signals, lifeline, failed);
  for (auto &loop : loops) loop->stop();
  for (auto &thread : threads) thread.join();
  auto times = eventfd_t{};
  if (::eventfd_read(failed.get(), &times) == 0)
    return fail(ErrorCode::internal, "an event loop of the decoys failed (see the log); start them again");
  return ok;
}

}  // namespace

auto check_decoys(Config const &config, std::string const &packs_folder) -> Result<void> {
  TRY_VOID(loops_wanted(config));
  TRY_VOID(spool_cap(config));
  TRY(auto const cast, Cast::create(packs_folder + "/personas", config.get(hostname_key)));
  TRY_VOID(read_specs(config, cast));
  return ok;
}

auto run_decoys(Config const &config, RunOptions const &options) -> Result<void> {
  TRY(auto const count, loops_wanted(config));
  TRY(auto const cap, spool_cap(config));
  TRY(auto const secret, load_node_secret(options.spool_folder));
  TRY(auto cast,
      Cast::create(options.packs_folder + "/personas", config.get(hostname_key), secret, options.kept_folder));
  TRY(auto specs, read_specs(config, cast));
  TRY_VOID(prepare(cast, specs));
  TRY(auto const listeners, bind_all(config, std::move(specs), count, options.activated));
  auto const max_sessions = session_cap(config);
  TRY(auto const signals, catch_signals());
  TRY(auto folder, open_file(options.spool_folder, O_RDONLY | O_DIRECTORY));
  auto protections = std::vector<Protection>{};
  if (options.confined) protections = confine({{options.spool_folder}, options.run_as});

  // From here on this process may be another user, so all files of the spool are made by the one who will go on.
  TRY(auto const spool, Spool::create(std::move(folder), {cap, count}));
  auto sources =
      SourceLimits{{static_cast<std::uint32_t>(std::clamp<std::int64_t>(config.get(source_sessions_key), 1, 1'000'000)),
                    static_cast<std::uint32_t>(std::clamp<std::int64_t>(config.get(source_rate_key), 0, 60'000))}};
  auto unknown = UnknownCommands{};
  auto grounds = Grounds{cast, *spool, sources, unknown, limits_of(config), max_sessions};
  grounds.secret = secret;
  grounds.datagram_rate = std::max<std::int64_t>(config.get(datagram_rate_key) / count, 1);
  auto const facts = StatusFacts{options.version, specs_of(listeners), protections, cap};
  spool->start([&] { return status_json(facts, *spool, unknown); });
  if (options.ready) options.ready(facts.listeners, protections);
  for (auto const &spec : facts.listeners) log_info("decoy {} on {}", spec.decoy, spec.where());
  auto const outcome = hold_visits(grounds, listeners, count, signals, options.lifeline);
  spool->stop();  // while what its status speaks of is still there
  return outcome;
}

}  // namespace noroshi::sense
