#include "codec/ssh/manners.hpp"
#include "codec/ssh/transport.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace noroshi;
using namespace codec::ssh;

namespace {

auto settings() -> TransportSettings const & {
  static auto const key = *HostKey::generate("ed25519");
  static auto const made = [] {
    auto all = TransportSettings{};
    all.version = "SSH-2.0-dropbear_2022.83";
    all.proposal[List::kex] = "curve25519-sha256,kexguess2@matt.ucc.asn.au,kex-strict-s-v00@openssh.com";
    all.proposal[List::host_keys] = "ssh-ed25519";
    all.proposal[List::ciphers_in] = all.proposal[List::ciphers_out] = "aes128-ctr";
    all.proposal[List::macs_in] = all.proposal[List::macs_out] = "hmac-sha2-256";
    all.proposal[List::compression_in] = all.proposal[List::compression_out] = "none";
    all.host_keys = {&key};
    all.manners = &dropbear_manners();
    return all;
  }();
  return made;
}

struct Server {
  std::mt19937 engine{5};
  Transport transport{settings(), [this](std::span<char> to) {
                        for (auto &byte : to) byte = static_cast<char>(engine());
                      }};
  /// What it says to `bytes`.
  auto hear(std::string_view bytes) -> std::string {
    transport.feed(bytes);
    while (transport.next()) {
    }
    return transport.take_output();
  }
};

auto packet(std::string const &payload) -> std::string {
  auto wire = std::string{};
  PacketWriter{[](std::span<char> to) { std::ranges::fill(to, '\0'); }, dropbear_manners().packets()}.write(payload,
                                                                                                            wire);
  return wire;
}

auto proposal(std::string_view kex) -> std::string {
  auto client = settings().proposal;
  client[List::kex] = kex;
  return packet(to_payload(client));
}

}  // namespace

TEST_CASE("dropbear sends its version and KEXINIT before it has read a byte") {
  auto server = Server{};
  auto const said = server.hear("");
  CHECK(said.starts_with("SSH-2.0-dropbear_2022.83\r\n"));
  CHECK(said.contains("kexguess2@matt.ucc.asn.au"));
  CHECK(server.hear("SSH-2.0-x\n").empty());
  CHECK_FALSE(server.transport.is_over());
}

TEST_CASE("dropbear's version line ends at a line feed or at 255 characters, returns not counted") {
  auto const &manners = dropbear_manners();
  CHECK(manners.read_version("SSH-2.0-").state == VersionLine::State::incomplete);
  CHECK(manners.read_version("S\rSH-2.0-x\r\nrest").text == "SSH-2.0-x");
  CHECK(manners.read_version("S\rSH-2.0-x\r\nrest").taken == 12);
  CHECK(manners.read_version(std::string_view{"SSH-2.0-a\0b\n", 12}).text == "SSH-2.0-a");
  auto const long_line = manners.read_version(std::string(400, 'a'));
  CHECK(long_line.text.size() == 255);
  CHECK(long_line.taken == 255);
  CHECK_FALSE(manners.judge_version("SSH-2.x"));
  CHECK_FALSE(manners.judge_version("SSH-1.99-x"));
  CHECK(manners.judge_version("SSH-1.5-x"));
}

TEST_CASE("dropbear ends without a word, and what it left unread resets the connection") {
  auto server = Server{};
  (void)server.hear("SSH-2.0-x\r\n");
  CHECK(server.hear(packet("\x05") + "more").empty());  // a service before any keys
  CHECK(server.transport.is_over());
  CHECK(server.transport.ends_in_reset());
  auto other = Server{};
  (void)other.hear("SSH-2.0-x\r\n" + packet("\x05"));
  CHECK(other.transport.is_over());
  CHECK_FALSE(other.transport.ends_in_reset());
}

TEST_CASE("during dropbear's key exchange most messages are not implemented, and strictly none is") {
  for (auto const *const strict : {"", ",kex-strict-c-v00@openssh.com"}) {
    auto server = Server{};
    (void)server.hear("SSH-2.0-x\r\n");
    (void)server.hear(proposal("curve25519-sha256" + std::string{strict}));
    auto const said = server.hear(packet("\x15"));
    CHECK(server.transport.is_over() == (*strict != '\0'));
    CHECK(said.empty() == (*strict != '\0'));
  }
}

TEST_CASE("a guess by dropbear's second rule is right where the client's own first choices are taken") {
  auto server = KexInit{};
  server[List::kex] = "curve25519-sha256,ecdh-sha2-nistp256,kexguess2@matt.ucc.asn.au";
  server[List::host_keys] = "ssh-ed25519,ssh-rsa";
  for (auto const list : {List::ciphers_in, List::ciphers_out}) server[list] = "aes128-ctr";
  for (auto const list : {List::macs_in, List::macs_out}) server[list] = "hmac-sha1";
  for (auto const list : {List::compression_in, List::compression_out}) server[list] = "none";
  auto client = server;
  client.first_follows = true;
  client[List::host_keys] = "ssh-rsa";
  client[List::kex] = "ecdh-sha2-nistp256";
  CHECK(choose(client, server)->drops_guess);
  client[List::kex] = "ecdh-sha2-nistp256,kexguess2@matt.ucc.asn.au";
  CHECK_FALSE(choose(client, server)->drops_guess);
  client[List::kex] = "foo,ecdh-sha2-nistp256,kexguess2@matt.ucc.asn.au";
  CHECK(choose(client, server)->drops_guess);
}

TEST_CASE("no packet of dropbear's is shorter than sixteen bytes, and its readers take any padding") {
  auto const sizes = sizes_of("chacha20-poly1305@openssh.com", "");
  auto const protection = [&](Direction direction) {
    return *make_protection("chacha20-poly1305@openssh.com", "", {std::string(sizes->cipher, 'k'), "", ""}, direction);
  };
  for (auto const *const habits : {&dropbear_manners().packets(), &(*manners_of("openssh"))->packets()}) {
    auto writer = PacketWriter{[](std::span<char> to) { std::ranges::fill(to, '\0'); }, *habits};
    writer.use(protection(Direction::out), false);
    auto wire = std::string{};
    writer.write("x", wire);
    CHECK(wire.size() - 16 == (habits == &dropbear_manners().packets() ? 20 : 12));
  }
  auto reader = PacketReader{dropbear_manners().packets()};
  reader.feed(std::string_view{"\0\0\0\4\0abc", 8});
  CHECK(reader.next()->value() == "abc");
}
