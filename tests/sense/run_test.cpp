#include "sense/run.hpp"

#include <algorithm>

#include "running_server.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

auto kinds(std::vector<Seen> const &all) -> std::vector<std::string> {
  auto words = std::vector<std::string>{};
  for (auto const &seen : all) words.emplace_back(model::to_string(seen->kind));
  return words;
}

}  // namespace

TEST_CASE("a telnet visitor logs in, types, and all of it is in the spool") {
  auto server = RunningServer{{"sense.listen=telnet:127.0.0.1:0"}};
  {
    auto const socket = server.connect();
    CHECK(read_until(socket, "login: ").find("\xff\xfd\x01") == 0);
    send_all(socket, "root\r\n");
    read_until(socket, "Password: ");
    send_all(socket, "root\r\n");
    CHECK(read_until(socket, "# ").find("BusyBox") != std::string::npos);
    send_all(socket, "/bin/busybox ECCHI\r\n");
    CHECK(read_until(socket, "# ").find("ECCHI: applet not found\r\n") != std::string::npos);
    send_all(socket, "exit\r\n");
    CHECK(read_until(socket, "never").ends_with("exit\r\n"));
  }
  server.stop();
  auto const all = read_spool(server.spool());
  CHECK(kinds(all) == std::vector<std::string>{"opened", "login", "command", "command", "closed"});
  CHECK(all[1]->text(model::Field::username) == "root");
  CHECK(all[1]->text(model::Field::password) == "root");
  CHECK(all[1]->number(model::Field::accepted) == 1);
  CHECK(all[2]->text(model::Field::command) == "/bin/busybox ECCHI");
  CHECK(all[0]->service == "telnet");
  CHECK(all[0]->destination == server.listeners()[0].endpoint);
  for (auto i = std::size_t{0}; i < all.size(); ++i) {
    CHECK(all[i]->sequence == i);
    CHECK(all[i]->visit == all[0]->visit);
  }
}

TEST_CASE("an HTTP visitor of the any-port decoy over IPv6 is handed over with its first bytes") {
  auto server = RunningServer{{"sense.listen=any:[::1]:0"}};
  {
    auto const socket = server.connect();
    send_all(socket, "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: probe\r\nConnection: close\r\n\r\n");
    auto const answer = read_until(socket, "never");
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nServer: nginx"));
  }
  server.stop();
  auto const all = read_spool(server.spool());
  CHECK(kinds(all) == std::vector<std::string>{"opened", "hello", "request", "closed"});
  CHECK(all[2]->service == "http");
  CHECK(all[2]->text(model::Field::user_agent) == "probe");
  CHECK(all[2]->source.address == *model::IpAddress::parse("::1"));
}
