#include "codec/telnet.hpp"

#include <doctest/doctest.h>

namespace {

using namespace noroshi::codec::telnet;
using namespace std::string_view_literals;

struct Parsed {
  std::string data;
  std::vector<Event> events;
};

auto parse_in_pieces(std::string_view bytes, std::size_t piece) -> Parsed {
  auto parser = Parser{};
  auto parsed = Parsed{};
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    parser.feed(bytes.substr(0, piece), parsed.data, parsed.events);
  return parsed;
}

}  // namespace

TEST_CASE("negotiation is taken out of what was typed, however the bytes are cut") {
  auto const bytes =
      "ro\xff\xfb\x1fot\xff\xff!\xff\xfa\x1f\0\x50\0\x18\xff\xf0\r\n\xff\xf4\xff\xfa\x18\0xterm\xff\xf0"sv;
  for (auto piece = std::size_t{1}; piece <= bytes.size(); ++piece) {
    auto const parsed = parse_in_pieces(bytes, piece);
    CHECK(parsed.data == "root\xff!\r\n");
    REQUIRE(parsed.events.size() == 4);
    CHECK(to_string(parsed.events[0]) == "WILL NAWS");
    CHECK(window_size(parsed.events[1])->columns == 80);
    CHECK(window_size(parsed.events[1])->rows == 24);
    CHECK(to_string(parsed.events[2]) == "IP");
    CHECK(terminal_type(parsed.events[3]) == "xterm");
  }
}

TEST_CASE("a subnegotiation without end keeps a bounded part") {
  auto const parsed = parse_in_pieces("\xff\xfa\x18" + std::string(10'000, 'x') + "\xff\xf0" + "a", 100);
  REQUIRE(parsed.events.size() == 1);
  CHECK(parsed.events[0].payload.size() == kMaxSubnegotiation);
  CHECK(parsed.data == "a");
}

TEST_CASE("a subnegotiation broken by another command gives both") {
  auto const parsed = parse_in_pieces("\xff\xfa\x18\0x\xff\xfb\x01z"sv, 3);
  REQUIRE(parsed.events.size() == 2);
  CHECK(to_string(parsed.events[0]) == "SB TTYPE");
  CHECK(to_string(parsed.events[1]) == "WILL ECHO");
  CHECK(parsed.data == "z");
}

TEST_CASE("a window size that is too short, or of another option, is none") {
  CHECK(!window_size(Event{Command::subnegotiation, 31, "\0\0\0"}));
  CHECK(!window_size(Event{Command::subnegotiation, 24, "\0\0\0\0"}));
  CHECK(!terminal_type(Event{Command::subnegotiation, 24, "\1"}));
}
