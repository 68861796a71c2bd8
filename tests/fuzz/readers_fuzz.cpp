// Every reader of logs over the same bytes as lines: sound frames, the same twice, and a reason for every refusal.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "support/reader_fixtures.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  using namespace noroshi;
  auto const log = std::string{reinterpret_cast<char const *>(data), size};
  auto const &registry = Registry<understand::LogReader>::instance();
  (void)understand::recognise(test::lines_of_log(log));
  for (auto const &name : registry.names()) {
    auto const read = test::ReadLog::with(*registry.create(name), log);
    if (model::count_frames(read.frames).damaged) std::abort();
    if (test::ReadLog::with(*registry.create(name), log).frames != read.frames) std::abort();
    for (auto const &refusal : read.refusals)
      if (refusal.empty()) std::abort();
  }
  return 0;
}
