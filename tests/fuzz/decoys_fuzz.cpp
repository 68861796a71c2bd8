// Every decoy against scripted visitors: the first byte picks the decoy (a letter: the first whose name begins with it,
// a capital letter: the last), the second how the rest is cut. Whatever comes, the visit ends, without a defect, inside
// its caps, with an opening and a closing.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "../support/scripted_visit.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;

struct Part {
  std::string name;
  std::unique_ptr<Decoy> decoy;
};

auto parts() -> std::vector<Part> const & {
  static auto const all = [] {
    auto made = std::vector<Part>{};
    auto const persona = Persona::parse("fuzz", R"(
      [telnet]
      accept = ["*:a"]
      [[http.pages]]
      path = "/"
      body = "x"
      [http.login]
      path = "/l"
      [ssh]
      program = "openssh"
      evidence = "published"
      version = "SSH-2.0-x"
      kex = ["curve25519-sha256"]
      host_keys = ["ssh-ed25519"]
      keys = ["ed25519"]
      ciphers = ["aes128-ctr"]
      macs = ["hmac-sha2-256"]
      compression = ["none"]
    )");
    for (auto const &name : Registry<Decoy>::instance().names()) {
      made.push_back({name, Registry<Decoy>::instance().create(name)});
      auto &decoy = *made.back().decoy;
      if (!decoy.dress(*persona) || !decoy.prepare(*persona)) std::abort();
    }
    return made;
  }();
  return all;
}

auto part_of(std::uint8_t pick) -> Part const & {
  auto const *chosen = &parts()[pick % parts().size()];
  for (auto i = parts().size(); i-- > 0;) {
    auto const letter = static_cast<std::uint8_t>(parts()[i].name.front());
    if (letter == pick) chosen = &parts()[i];
    if (letter == (pick | 0x20) && pick < 0x60) return parts()[i];
  }
  return *chosen;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  if (size < 2 || size > 20'000) return 0;
  auto const &part = part_of(data[0]);
  auto const piece = std::size_t{1} + data[1];
  auto limits = VisitLimits{};
  limits.bytes_out = 100'000;
  auto visit = test::ScriptedVisit{*part.decoy, part.name, limits};
  for (auto const &other : parts()) visit.know(other.name, *other.decoy);
  visit.start();
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data) + 2, size - 2};
  for (auto at = std::size_t{0}; at < bytes.size() && !visit.ended(); at += piece) visit.send(bytes.substr(at, piece));
  if (data[1] % 2 == 0) visit.close();
  visit.pass(std::chrono::minutes{11});
  auto const notes = visit.notes();
  if (!visit.ended() || visit.ending() == Ending::defect || visit.output().size() > limits.bytes_out) std::abort();
  if (notes.size() < 2 || notes.front().kind != model::Kind::opened || notes.back().kind != model::Kind::closed)
    std::abort();
  return 0;
}
