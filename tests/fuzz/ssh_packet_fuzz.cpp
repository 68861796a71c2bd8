// Packets under each protection, with zlib and without, in two cuts: the same is read. The first byte picks cipher,
// MAC, program and zlib; of the second's bits the lowest says whether the rest is what a client's packets hold, sealed
// as they should be and one byte of them changed, or what stands on the wire.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/ssh/manners.hpp"
#include "codec/ssh/packets.hpp"

namespace {

using namespace noroshi;
using namespace codec::ssh;

struct Setting {
  std::string_view cipher;  // empty: before the keys
  std::string_view mac;
  Manners const *manners;
  bool compresses;
};

auto setting_of(std::uint8_t pick) -> Setting {
  static auto const ciphers = known_ciphers();
  static auto const macs = known_macs();
  constexpr auto kPrograms = std::array{"openssh", "dropbear"};
  auto const which = pick / 4 % (ciphers.size() + 1);
  return {which == ciphers.size() ? std::string_view{} : ciphers[which], macs[pick % macs.size()],
          *manners_of(kPrograms[pick % 2]), (pick & 2) != 0};
}

auto protection(Setting const &setting, Direction direction) -> std::unique_ptr<Protection> {
  if (setting.cipher.empty()) return make_no_protection();
  auto const sizes = *sizes_of(setting.cipher, setting.mac);
  return *make_protection(setting.cipher, setting.mac,
                          {std::string(sizes.cipher, 'k'), std::string(sizes.iv, 'i'), std::string(sizes.mac, 'm')},
                          direction);
}

/// Payloads that are read, and the fault that ended it, as text.
auto hear(Setting const &setting, std::string_view wire, std::size_t piece) -> std::string {
  auto reader = PacketReader{setting.manners->packets()};
  reader.use(protection(setting, Direction::in), false);
  if (setting.compresses) reader.start_inflating();
  auto heard = std::string{};
  for (auto at = std::size_t{0}; at < wire.size(); at += piece) {
    reader.feed(wire.substr(at, piece));
    for (;;) {
      auto const next = reader.next();
      if (!next) return heard + "fault " + std::to_string(static_cast<int>(next.error()));
      if (!*next) break;
      if ((*next)->size() > setting.manners->packets().most_inflated + 4096) std::abort();
      heard.append(**next).push_back('|');
    }
  }
  return heard;
}

/// What a client would send that says `text` in pieces; `said` is what a server should hear.
auto sealed(Setting const &setting, std::string_view text, std::size_t piece, std::string &said) -> std::string {
  auto writer = PacketWriter{[](auto to) { std::ranges::fill(to, '\0'); }};
  writer.use(protection(setting, Direction::out), false);
  if (setting.compresses) writer.start_deflating();
  auto wire = std::string{};
  for (auto at = std::size_t{0}; at < text.size(); at += piece) {
    auto const payload = text.substr(at, piece);
    writer.write(payload, wire);
    said.append(payload).push_back('|');
  }
  return wire;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  if (size < 4 || size > 20'000) return 0;
  auto const setting = setting_of(data[0]);
  auto wire = std::string{reinterpret_cast<char const *>(data) + 4, size - 4};
  if ((data[1] & 1) != 0) {
    auto said = std::string{};
    wire = sealed(setting, wire, std::size_t{1} + data[2], said);
    if (hear(setting, wire, 7) != said) std::abort();
    if (!wire.empty()) wire[data[3] % wire.size()] ^= static_cast<char>(data[1] | 1);
  }
  if (hear(setting, wire, wire.size() + 1) != hear(setting, wire, std::size_t{1} + data[2] % 40)) std::abort();
  return 0;
}
