// Fingerprints of clients in public captures, compared with those that the captures' owners published beside them.
// Another folder: NOROSHI_FINGERPRINTS.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/file.hpp"
#include "codec/tls_hello.hpp"
#include "support/capture.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::codec::tls;

auto folder() -> std::string {
  auto const *const named = std::getenv("NOROSHI_FINGERPRINTS");
  return named != nullptr ? named : NOROSHI_SOURCE_DIR "/../shared/data/fingerprints";
}

/// "JA4.1" of a connection: the fingerprint of its first hello; .2 of the one behind a HelloRetryRequest.
using Fingerprints = std::map<std::string, std::string>;

auto connection(std::string_view source_port, std::string_view destination, std::string_view destination_port)
    -> std::string {
  return std::string{source_port} + ">" + std::string{destination} + ":" + std::string{destination_port};
}

/// "capture,stream,src,dst,srcport,dstport,kind,value", the value quoted where it holds commas.
auto read_expected() -> std::map<std::string, Fingerprints> {
  auto expected = std::map<std::string, Fingerprints>{};
  auto stream = std::ifstream{folder() + "/expected.csv"};
  auto line = std::string{};
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    if (line.ends_with('\r')) line.pop_back();
    auto parts = std::vector<std::string>{};
    auto at = std::size_t{0};
    for (auto i = 0; i < 7; ++i) {
      auto const comma = line.find(',', at);
      parts.push_back(line.substr(at, comma - at));
      at = comma + 1;
    }
    auto value = line.substr(at);
    if (value.starts_with('"')) value = value.substr(1, value.size() - 2);
    expected[parts[0]][connection(parts[4], parts[3], parts[5]) + " " + parts[6]] = value;
  }
  return expected;
}

/// Every hello in the clear: behind other records only one that a HelloRetryRequest asked for can be.
auto hellos(std::string_view bytes) -> std::vector<ClientHello> {
  auto found = std::vector<ClientHello>{};
  while (bytes.size() > 5) {
    auto const frame = frame_client_hello(bytes);
    auto const hello = frame.state == HelloFrame::State::whole
                           ? parse_client_hello(bytes.substr(0, frame.bytes))
                           : Result<ClientHello>{Error{ErrorCode::malformed, "another record"}};
    if (hello) found.push_back(*hello);
    auto const record = std::size_t{5} + load_be<std::uint16_t>(bytes.data() + 3);
    bytes.remove_prefix(std::min(hello ? frame.bytes : record, bytes.size()));
  }
  return found;
}

auto read_capture(std::string const &file) -> Fingerprints {
  auto const bytes = read_file(file, 100'000'000);
  REQUIRE(bytes);
  auto found = Fingerprints{};
  for (auto const &stream : test::Capture{*bytes}.streams()) {
    auto number = 0;
    for (auto const &hello : hellos(stream.bytes)) {
      auto const key = connection(std::to_string(stream.source.port), stream.destination.address.to_string(),
                                  std::to_string(stream.destination.port));
      ++number;
      found[key + " JA4." + std::to_string(number)] = ja4(hello);
      found[key + " JA4_r." + std::to_string(number)] = ja4_text(hello);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("JA4 of every TLS client in the public captures is the published one") {
  if (!std::filesystem::exists(folder() + "/expected.csv")) {
    MESSAGE("SKIPPED: no captures in ", folder(), "; set NOROSHI_FINGERPRINTS to a folder with expected.csv");
    return;
  }
  auto compared = 0;
  for (auto const &[capture, expected] : read_expected()) {
    CAPTURE(capture);
    auto const found = read_capture(folder() + "/" + capture);
    for (auto const &[key, value] : expected) {
      CAPTURE(key);
      REQUIRE(found.contains(key));
      CHECK(found.at(key) == value);
      ++compared;
    }
    CHECK(found.size() >= expected.size());
  }
  CHECK(compared > 150);
}
