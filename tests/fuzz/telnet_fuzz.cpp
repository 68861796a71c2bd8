// Telnet in two cuts of the same bytes must give the same data and events.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "codec/telnet.hpp"

namespace {

using namespace noroshi::codec::telnet;

struct Parsed {
  std::string data;
  std::vector<Event> events;
};

auto parse(std::string_view bytes, std::size_t piece) -> Parsed {
  auto parser = Parser{};
  auto parsed = Parsed{};
  for (auto at = std::size_t{0}; at < bytes.size(); at += piece)
    parser.feed(bytes.substr(at, piece), parsed.data, parsed.events);
  return parsed;
}

auto words(Parsed const &parsed) -> std::string {
  auto all = parsed.data;
  for (auto const &event : parsed.events) {
    all += to_string(event) + event.payload;
    if (event.payload.size() > kMaxSubnegotiation) std::abort();
    (void)window_size(event);
    (void)terminal_type(event);
  }
  return all;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  if (words(parse(bytes, size + 1)) != words(parse(bytes, 1))) std::abort();
  return 0;
}
