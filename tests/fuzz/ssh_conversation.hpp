// What the fuzzers of messages behind the keys share: the decoy as each program, and what holds whatever a client says.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "../support/ssh_peer.hpp"

namespace noroshi::fuzz {

using namespace sense;

/// One server: OpenSSH, Dropbear, Dropbear of 2015.
inline auto ssh_decoy(std::uint8_t pick) -> Decoy const & {
  static auto const all = [] {
    auto made = std::array<std::unique_ptr<Decoy>, 3>{};
    constexpr auto kPrograms = std::array{"openssh", "dropbear", "dropbear-2015"};
    for (auto i = std::size_t{0}; i < made.size(); ++i) {
      auto const persona = Persona::parse("fuzz", std::string{R"(
        [ssh]
        evidence = "published"
        version = "SSH-2.0-x"
        kex = ["curve25519-sha256"]
        host_keys = ["ssh-ed25519"]
        keys = ["ed25519"]
        ciphers = ["aes128-ctr"]
        macs = ["hmac-sha2-256"]
        compression = ["none"]
        methods = ["publickey", "password", "keyboard-interactive"]
        accept = ["root:a"]
        tells_host_keys = "yes"
        banner = "hello"
        fail_delay_ms = 1000
        program = )"} + '"' + kPrograms.at(i) + "\"\n");
      if (!persona) std::abort();
      made.at(i) = Registry<Decoy>::instance().create("ssh");
      if (!made.at(i)->dress(*persona) || !made.at(i)->prepare(*persona)) std::abort();
    }
    return made;
  }();
  return *all.at(pick % all.size());
}

enum class Begins : std::uint8_t { before_login, behind_login };

/// `input`: the program, then messages, each behind its length in two bytes; a length of 0 lets a second pass.
inline void converse(std::string_view input, Begins begins) {
  // As many as a client can send in a visit's bytes; each note costs some.
  constexpr auto kMostNotes = std::size_t{5'000};
  if (input.empty() || input.size() > 20'000) return;
  auto limits = VisitLimits{};
  limits.bytes_out = 200'000;
  auto visit = test::ScriptedVisit{ssh_decoy(static_cast<std::uint8_t>(input.front())), "ssh", limits};
  auto peer = test::SshPeer{visit};
  if (!peer.connect()) std::abort();
  if (begins == Begins::behind_login && !peer.log_in("root", "a")) std::abort();
  auto from = ByteReader{input.substr(1)};
  while (!from.rest().empty() && !visit.ended()) {
    auto const size = from.big<std::uint16_t>();
    if (size == 0) visit.pass(std::chrono::seconds{1});
    auto const payload = from.take(std::min<std::size_t>(size, from.rest().size()));
    if (!payload.empty()) peer.say(payload);
  }
  visit.pass(limits.total + std::chrono::minutes{1});
  auto const notes = visit.notes();
  if (!visit.ended() || visit.ending() == Ending::defect || visit.output().size() > limits.bytes_out) std::abort();
  if (notes.size() < 2 || notes.size() > kMostNotes || visit.frames().size() > 2 * limits.noted_bytes ||
      notes.front().kind != model::Kind::opened || notes.back().kind != model::Kind::closed)
    std::abort();
}

}  // namespace noroshi::fuzz
