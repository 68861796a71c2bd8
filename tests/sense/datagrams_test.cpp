#include "sense/datagrams.hpp"

#include <poll.h>

#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "running_server.hpp"

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;
using model::Field;
using model::Kind;

namespace {

auto udp_socket(bool is_v4) -> FileDescriptor {
  return FileDescriptor{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
}

void send_to(FileDescriptor const &socket, model::Endpoint const &to, std::string_view bytes) {
  auto const address = SocketAddress::of(to);
  REQUIRE(::sendto(socket.get(), bytes.data(), bytes.size(), 0, address.get(), address.size()) ==
          static_cast<ssize_t>(bytes.size()));
}

auto payloads(std::vector<Seen> const &all) -> std::vector<Seen> {
  auto found = std::vector<Seen>{};
  for (auto const &seen : all)
    if (seen->kind == Kind::payload) found.push_back(seen);
  return found;
}

/// What the kernel still holds for the port, in bytes, from /proc/net/udp (proc(5)).
auto bytes_waiting(model::Endpoint const &to) -> unsigned long {
  auto table = std::ifstream{to.address.is_v4() ? "/proc/net/udp" : "/proc/net/udp6"};
  auto const port = fmt::format(":{:04X}", to.port);
  auto all = 0UL;
  for (auto line = std::string{}; std::getline(table, line);) {
    auto words = std::istringstream{line};
    auto number = std::string{}, local = std::string{}, remote = std::string{}, state = std::string{},
         queues = std::string{};
    words >> number >> local >> remote >> state >> queues;
    if (local.ends_with(port)) all += std::stoul(queues.substr(queues.find(':') + 1), nullptr, 16);
  }
  return all;
}

/// When the server stops then, all of it is recorded.
void wait_until_read(model::Endpoint const &to) {
  for (auto i = 0; i < 5000 && bytes_waiting(to) > 0; ++i) ::poll(nullptr, 0, 1);
  CHECK(bytes_waiting(to) == 0);
}

}  // namespace

TEST_CASE("a token bucket gives a second's worth at once, and fills at its rate") {
  auto bucket = TokenBucket{10};
  auto now = std::chrono::steady_clock::time_point{} + std::chrono::hours{1};
  auto taken = 0;
  while (bucket.take(now)) ++taken;
  CHECK(taken == 10);
  now += std::chrono::milliseconds{250};
  while (bucket.take(now)) ++taken;
  CHECK(taken == 12);
  now += std::chrono::hours{1};
  while (bucket.take(now)) ++taken;
  CHECK(taken == 22);
}

TEST_CASE("each datagram is a visit with its destination, its protocol and its bytes, and none is answered") {
  auto server = RunningServer{{"sense.listen=udp:0.0.0.0:0,udp:[::1]:0"}};
  auto const port = server.listeners()[0].endpoint.port;
  CHECK(server.listeners()[0].transport == model::Transport::udp);
  auto const four = udp_socket(true);
  auto const six = udp_socket(false);
  send_to(four, {*model::IpAddress::parse("127.0.0.9"), port}, "OPTIONS sip:100@127.0.0.9 SIP/2.0\r\n\r\n");
  send_to(four, {*model::IpAddress::parse("127.0.0.10"), port}, std::string(2000, 'x'));
  send_to(four, {*model::IpAddress::parse("127.0.0.10"), port}, "");
  send_to(six, server.listeners()[1].endpoint, std::string_view{"\x17\x00\x03\x2a\x00\x00\x00\x00", 8});
  wait_until_read({model::IpAddress::v4(0), port});
  wait_until_read(server.listeners()[1].endpoint);
  server.stop();
  auto const seen = read_spool(server.spool());
  auto const found = payloads(seen);
  REQUIRE(found.size() == 3);
  for (auto const &each : seen) CHECK(each->transport == model::Transport::udp);
  auto const with = [&](std::string_view destination) {
    auto const at =
        std::ranges::find(found, destination, [](Seen const &each) { return each->destination.address.to_string(); });
    REQUIRE(at != found.end());
    return *at;
  };
  auto const sip = with("127.0.0.9");
  CHECK(sip->text(Field::protocol) == "sip");
  CHECK(sip->destination.port == port);
  CHECK(sip->source.address.to_string() == "127.0.0.1");
  CHECK(sip->extra.find(R"("asks":"options")") != std::string_view::npos);
  auto const noise = with("127.0.0.10");
  CHECK(noise->text(Field::payload) == std::string(2000, 'x'));
  CHECK(!noise->has(Field::protocol));
  CHECK(with("::1")->text(Field::protocol) == "ntp");
  auto waits = std::array{pollfd{four.get(), POLLIN, 0}, pollfd{six.get(), POLLIN, 0}};
  CHECK(::poll(waits.data(), waits.size(), 0) == 0);  // the server is gone, and nothing came
}

TEST_CASE("past the rate datagrams are counted, not recorded") {
  auto server = RunningServer{{"sense.listen=udp:127.0.0.1:0", "sense.datagram_rate=5"}};
  auto const socket = udp_socket(true);
  for (auto i = 0; i < 50; ++i) send_to(socket, server.listeners()[0].endpoint, "x");
  wait_until_read(server.listeners()[0].endpoint);
  server.stop();
  auto const count = payloads(read_spool(server.spool())).size();
  CHECK(count >= 5);
  CHECK(count < 20);
}
