// A classic BPF program that lets through what is sent to one of a few prefixes. The kernel runs it on every packet for
// the socket, before any answer: other addresses of this machine look as if nothing listened behind a firewall.
#include <linux/filter.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "sense/listener.hpp"

namespace noroshi::sense {
namespace {

/// Destination address within the header: RFC 791 section 3.1, RFC 8200 section 3. SKF_NET_OFF counts from there.
constexpr auto kV4Destination = std::uint32_t{16};
constexpr auto kV6Destination = std::uint32_t{24};
constexpr auto kWholePacket = std::uint32_t{0xffff'ffff};

auto step(int code, std::uint32_t operand, std::uint8_t if_true = 0, std::uint8_t if_false = 0) -> sock_filter {
  return {static_cast<std::uint16_t>(code), if_true, if_false, operand};
}

auto word_of(model::IpAddress const &address, std::size_t number) -> std::uint32_t {
  auto const bytes = address.bytes();
  return load_be<std::uint32_t>(reinterpret_cast<char const *>(bytes.data()) + number * 4);
}

/// Steps that end with "let through" where the destination is in the prefix, and else go on behind them.
auto steps_for(model::IpPrefix const &prefix) -> std::vector<sock_filter> {
  auto const is_v4 = prefix.address().is_v4();
  auto const first = is_v4 ? std::size_t{3} : std::size_t{0};  // an IPv4 address stands in the last of the four words
  auto const offset = is_v4 ? kV4Destination : kV6Destination;
  auto steps = std::vector<sock_filter>{};
  auto compared = std::vector<std::size_t>{};
  for (auto bits = prefix.length(), word = 0U; bits > 0; bits -= std::min(bits, 32U), ++word) {
    auto const mask = bits >= 32 ? 0xffff'ffffU : ~(0xffff'ffffU >> bits);
    steps.push_back(step(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_NET_OFF) + offset + word * 4));
    if (bits < 32) steps.push_back(step(BPF_ALU | BPF_AND | BPF_K, mask));
    compared.push_back(steps.size());
    steps.push_back(step(BPF_JMP | BPF_JEQ | BPF_K, word_of(prefix.address(), first + word) & mask));
  }
  steps.push_back(step(BPF_RET | BPF_K, kWholePacket));
  for (auto const at : compared) steps[at].jf = static_cast<std::uint8_t>(steps.size() - at - 1);
  return steps;
}

}  // namespace

auto hear_only(int socket, std::vector<model::IpPrefix> const &prefixes) -> bool {
  auto program = std::vector<sock_filter>{};
  for (auto const &prefix : prefixes) {
    auto const steps = steps_for(prefix);
    program.insert(program.end(), steps.begin(), steps.end());
  }
  program.push_back(step(BPF_RET | BPF_K, 0));
  auto const filter = sock_fprog{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

}  // namespace noroshi::sense
