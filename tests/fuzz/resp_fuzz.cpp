// Redis requests in two cuts of the same bytes must give the same commands; limits hold whatever comes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "codec/fetched_urls.hpp"
#include "codec/resp.hpp"

namespace {

using namespace noroshi::codec;
using resp::RequestParser;

auto commands(std::string_view bytes, std::size_t piece) -> std::string {
  auto parser = RequestParser{};
  auto all = std::string{};
  for (auto at = std::size_t{0}; at < bytes.size(); at += piece) {
    auto rest = bytes.substr(at, piece);
    auto step = parser.next(rest);
    for (; step == RequestParser::Step::command; step = parser.next(rest)) {
      auto total = std::size_t{0};
      resp::append_array(all, parser.words().size());
      for (auto const &word : parser.words()) resp::append_bulk(all, word), total += word.size();
      if (parser.words().empty() || parser.words().size() > resp::kMaxWords || total > resp::kMaxCommandBytes)
        std::abort();
    }
    if (step == RequestParser::Step::broken) return all + parser.problem();
    if (!rest.empty()) std::abort();
  }
  return all;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  auto const whole = commands(bytes, size + 1);
  if (whole != commands(bytes, 1)) std::abort();
  if (whole.starts_with('*') && whole.find("Protocol error") == std::string::npos && commands(whole, 3) != whole)
    std::abort();  // what was written reads back the same
  if (fetched_urls(bytes).size() > kMaxFetchedUrls) std::abort();
  return 0;
}
