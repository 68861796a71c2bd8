// Every format of feeds over the same bytes: a reason for every refusal, and the same in one piece and in many.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "support/feed_findings.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  using namespace noroshi;
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  (void)understand::recognise_feed({.file = "list.txt", .beginning = bytes, .is_whole = true});
  for (auto const &name : Registry<understand::FeedFormat>::instance().names()) {
    auto const *const columns = name == "csv" ? "value=1,first_seen=2,tags=3" : "";
    auto const whole = test::FeedFindings::of(name, bytes, "malware/list.txt", columns);
    auto const pieces = test::FeedFindings::of(name, bytes, "malware/list.txt", columns, 13);
    if (whole.texts() != pieces.texts() || whole.refused.size() != pieces.refused.size()) std::abort();
    for (auto const &told : whole.refused)
      if (told.reason.empty()) std::abort();
  }
  return 0;
}
