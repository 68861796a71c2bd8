// The server under pressure, over real sockets.
#include <sys/resource.h>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <random>

#include "running_server.hpp"

#ifndef __has_feature  // g++ names its sanitizer otherwise
#define __has_feature(name) defined(__SANITIZE_ADDRESS__)
#endif
#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

/// Memory in use. The address sanitizer keeps freed memory for a while, so there only the live heap counts.
auto used_bytes() -> std::int64_t {
#if __has_feature(address_sanitizer)
  return static_cast<std::int64_t>(__sanitizer_get_current_allocated_bytes());
#endif
  auto stream = std::ifstream{"/proc/self/status"};
  for (auto line = std::string{}; std::getline(stream, line);)
    if (line.starts_with("VmRSS:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  return 0;
}

auto load_time() -> std::chrono::seconds {
  return std::chrono::seconds{std::getenv("NOROSHI_LONG") != nullptr ? 120 : 5};
}

/// Connects, sends noise in pieces, sometimes reads, leaves in order or not; over and over.
void visit_at_random(RunningServer const &server, unsigned seed, std::chrono::steady_clock::time_point until) {
  auto random = std::mt19937{seed};
  auto const openings = std::vector<std::string>{"",
                                                 "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                                 "root\r\nroot\r\n",
                                                 "\xff\xfb\x1f",
                                                 "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                                 "\x16\x03\x01"};
  while (std::chrono::steady_clock::now() < until) {
    auto const socket = server.connect(random() % server.listeners().size());
    send_all(socket, openings[random() % openings.size()]);
    for (auto pieces = random() % 8; pieces > 0; --pieces) {
      auto bytes = std::string(random() % 2'000, '\0');
      for (auto &byte : bytes) byte = static_cast<char>(random());
      send_all(socket, bytes);
      auto answer = std::array<char, 512>{};
      if (random() % 2 == 0) (void)::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    }
    auto const hard = linger{1, 0};
    if (random() % 2 == 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
}

void load(RunningServer const &server, std::chrono::seconds time) {
  auto const until = std::chrono::steady_clock::now() + time;
  auto threads = std::vector<std::thread>{};
  for (auto i = 0U; i < 24; ++i) threads.emplace_back([&server, i, until] { visit_at_random(server, i, until); });
  for (auto &thread : threads) thread.join();
}

}  // namespace

TEST_CASE("24 visitors who send random bytes leave nothing behind but what was noted") {
  auto server = RunningServer{
      // Room for all that is noted: two minutes make more than the usual limit, past which the oldest is dropped.
      {"sense.listen=telnet:127.0.0.1:0,http:127.0.0.1:0,any:127.0.0.1:0,http@router:[::1]:0", "sense.visit_idle=2s",
       "sense.spool_cap=8GiB"}};
  load(server, std::chrono::seconds{1});  // pools and allocator arenas reach their size
  auto const before = used_bytes();
  load(server, load_time());
  auto const grown = used_bytes() - before;
  CHECK(grown < 16 << 20);
  server.stop();
  auto openings = 0;
  auto closings = 0;
  for (auto const &seen : read_spool(server.spool())) {
    openings += seen->kind == model::Kind::opened ? 1 : 0;
    closings += seen->kind == model::Kind::closed ? 1 : 0;
    CHECK(seen->text(model::Field::reason) != "defect");
  }
  CHECK(openings > 100);
  CHECK(openings == closings);
}

TEST_CASE("sessions past the cap of a source and of the process are closed at once, and others are held") {
  auto server = RunningServer{{"sense.listen=telnet:127.0.0.1:0", "sense.source_sessions=3"}};
  auto held = std::vector<FileDescriptor>{};
  for (auto i = 0; i < 3; ++i) {
    held.push_back(server.connect());
    CHECK(!read_until(held.back(), "login: ").empty());
  }
  auto const refused = server.connect();
  CHECK(read_until(refused, "login: ").empty());
  held.pop_back();  // its place is free once the server has noticed
  auto admitted = false;
  for (auto tries = 0; tries < 1'000 && !admitted; ++tries) admitted = !read_until(server.connect(), "login: ").empty();
  CHECK(admitted);
}

TEST_CASE("status.json tells listeners, counters and what no decoy knew") {
  auto server = RunningServer{{"sense.listen=telnet:127.0.0.1:0"}};
  {
    auto const socket = server.connect();
    send_all(socket, "root\r\nroot\r\nfrobnicate\r\nfrobnicate\r\nexit\r\n");
    read_until(socket, "never");
  }
  server.stop();
  auto const status = read_file(server.spool() + "/status.json", 1 << 20);
  REQUIRE(status);
  auto const port = std::to_string(server.listeners()[0].endpoint.port);
  CHECK(status->find(R"("decoy":"telnet","persona":"","transport":"tcp","address":"127.0.0.1","port":)" + port) !=
        std::string::npos);
  CHECK(status->find(R"({"command":"frobnicate","count":2})") != std::string::npos);
  CHECK(status->find(R"("version":"test")") != std::string::npos);
  CHECK(status->find(R"("name":"noroshi_visits_total")") != std::string::npos);
  CHECK(status->find(R"("lost":0)") != std::string::npos);
}

TEST_CASE("without descriptors accepting pauses, and goes on when there are some again") {
  auto const child = ::fork();  // the limit is the whole process's
  REQUIRE(child >= 0);
  if (child == 0) {
    auto outcome = 1;
    {
      auto server = RunningServer{{"sense.listen=telnet:127.0.0.1:0"}};
      auto const first = server.connect();
      read_until(first, "login: ");
      auto second = FileDescriptor{::socket(AF_INET, SOCK_STREAM, 0)};
      auto before = rlimit{};
      ::getrlimit(RLIMIT_NOFILE, &before);
      auto const none = rlimit{3, before.rlim_max};  // the standard ones only: none that the spool closes comes free
      ::setrlimit(RLIMIT_NOFILE, &none);
      auto const address = SocketAddress::of(server.listeners()[0].endpoint);
      auto const timeout = timeval{0, 300'000};
      ::setsockopt(second.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
      auto const connected = ::connect(second.get(), address.get(), address.size());
      auto const silent = read_until(second, "login: ").empty();
      auto usage = rusage{};
      ::getrusage(RUSAGE_SELF, &usage);
      auto const busy_ms = usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
      ::setrlimit(RLIMIT_NOFILE, &before);
      auto const longer = timeval{5, 0};
      ::setsockopt(second.get(), SOL_SOCKET, SO_RCVTIMEO, &longer, sizeof longer);
      auto const answered = !read_until(second, "login: ").empty();
      outcome = (connected == 0 ? 0 : 2) | (silent ? 0 : 4) | (answered ? 0 : 8) | (busy_ms < 200 ? 0 : 16);
    }
    ::_exit(outcome);
  }
  auto status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
