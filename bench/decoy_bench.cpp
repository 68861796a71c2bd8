// Accept, answer, record: the telnet decoy beside a bare epoll server that sends the same bytes and closes.
// Server on core 0, client on core 1, turn by turn; results are compared first (connections served = openings and
// closings in the spool), then the median ratio of the rates is printed.
//
// decoy_bench [--connections N] [--rounds N]
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/loopback.hpp"
#include "model/batch.hpp"
#include "sense/run.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::bench;

constexpr auto kInFlight = 64;

/// accept, send, close: nothing else.
void serve_bare(int port_out, int lifeline, std::string const &banner) {
  pin_to_core(0);
  auto const listener = listen_on_loopback();
  auto const poller = ::epoll_create1(EPOLL_CLOEXEC);
  auto event = epoll_event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  ::epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  event.data.fd = lifeline;
  ::epoll_ctl(poller, EPOLL_CTL_ADD, lifeline, &event);
  send_port(port_out, port_of(listener));
  auto ready = std::array<epoll_event, 64>{};
  while (true) {
    auto const count = ::epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), -1);
    for (auto i = 0; i < count; ++i) {
      if (ready[static_cast<std::size_t>(i)].data.fd == lifeline) return;
      for (auto socket = -1; (socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        (void)!::send(socket, banner.data(), banner.size(), MSG_NOSIGNAL);
        ::close(socket);
      }
    }
  }
}

void serve_decoy(int port_out, int lifeline, std::string const &spool) {
  pin_to_core(0);
  auto const config = Config::load("", false,
                                   {"sense.listen=telnet:127.0.0.1:0", "sense.loops=1", "sense.source_rate=0",
                                    "sense.source_sessions=1000000", "log.level=error"});
  auto options = sense::RunOptions{};
  options.spool_folder = spool;
  options.packs_folder = NOROSHI_SOURCE_DIR "/packs";
  options.lifeline = lifeline;
  options.ready = [&](auto const &listeners, auto const &) { send_port(port_out, listeners[0].endpoint.port); };
  if (!config) std::exit(3);
  if (auto const outcome = sense::run_decoys(*config, options); !outcome) {
    std::fprintf(stderr, "%s\n", outcome.error().sentence.c_str());
    std::exit(3);
  }
}

/// `connections` visits, kInFlight at a time, each until the whole banner came; then reset, so that no port waits.
auto visit_many(std::uint16_t port, int connections, std::size_t banner) -> double {
  pin_to_core(1);
  auto const poller = ::epoll_create1(EPOLL_CLOEXEC);
  auto started = 0;
  auto done = 0;
  auto const begin = [&] {
    auto event = epoll_event{};
    event.events = EPOLLIN;
    event.data.fd = connect_to_loopback(port);
    ::epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
    ++started;
  };
  auto const from = std::chrono::steady_clock::now();
  while (started < std::min(kInFlight, connections)) begin();
  auto ready = std::array<epoll_event, 64>{};
  auto bytes = std::array<char, 512>{};
  while (done < connections) {
    auto const count = ::epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), 10'000);
    if (count <= 0) fail("no answer for 10 s");
    for (auto i = 0; i < count; ++i) {
      auto const socket = ready[static_cast<std::size_t>(i)].data.fd;
      if (::recv(socket, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(banner))
        fail("a banner came in pieces");
      reset_close(socket);
      ++done;
      if (started < connections) begin();
    }
  }
  auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  ::close(poller);
  return connections / took;
}

void compare(std::string const &spool, int connections) {
  auto openings = 0;
  auto closings = 0;
  for (auto const &entry : std::filesystem::directory_iterator{spool}) {
    if (entry.path().extension() != ".seg") continue;
    auto const bytes = read_file(entry.path().string(), std::uint64_t{1} << 30);
    auto reader = model::FrameReader{std::string_view{*bytes}.substr(model::kSegmentHeaderBytes)};
    for (auto seen = model::Observation{}; reader.next(seen) == model::FrameReader::Step::frame;) {
      openings += seen.kind == model::Kind::opened ? 1 : 0;
      closings += seen.kind == model::Kind::closed ? 1 : 0;
    }
  }
  if (openings != connections || closings != connections) {
    std::fprintf(stderr, "%d connections served, but %d openings and %d closings spooled\n", connections, openings,
                 closings);
    std::exit(1);
  }
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const connections = option(argc, argv, "--connections", 30'000);
  auto const rounds = option(argc, argv, "--rounds", 5);
  auto const banner = std::string{"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03\r\ngw-7f2c login: "};
  auto ratios = std::vector<double>{};
  auto bare_rates = std::vector<double>{};
  auto decoy_rates = std::vector<double>{};
  auto bare_cpu = std::vector<double>{};
  auto decoy_cpu = std::vector<double>{};
  for (auto round = 0; round < rounds; ++round) {
    auto const spool = temporary_folder();
    {
      auto bare = Server{[&](int port_out, int lifeline) { serve_bare(port_out, lifeline, banner); }};
      bare_rates.push_back(visit_many(bare.port(), connections, banner.size()));
      bare_cpu.push_back(bare.stop() / connections * 1e6);
    }
    {
      auto decoy = Server{[&](int port_out, int lifeline) { serve_decoy(port_out, lifeline, spool); }};
      decoy_rates.push_back(visit_many(decoy.port(), connections, banner.size()));
      decoy_cpu.push_back(decoy.stop() / connections * 1e6);
    }
    compare(spool, connections);
    std::filesystem::remove_all(spool);
    ratios.push_back(decoy_rates.back() / bare_rates.back());
    std::printf("round %d: bare %.0f/s, decoy %.0f/s, ratio %.3f\n", round + 1, bare_rates.back(), decoy_rates.back(),
                ratios.back());
  }
  std::printf("median: bare epoll %.0f/s, decoy (accept, answer, record) %.0f/s, ratio %.3f\n", median(bare_rates),
              median(decoy_rates), median(ratios));
  std::printf("server processor time a connection: bare %.1f us, decoy %.1f us\n", median(bare_cpu), median(decoy_cpu));
  return 0;
}
