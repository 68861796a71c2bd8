// Runs a fuzzer's function over every file of the folders named, without libFuzzer: the corpus as a regression test.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int;

auto main(int argc, char **argv) -> int {
  auto replayed = 0;
  for (auto i = 1; i < argc; ++i) {
    for (auto const &entry : std::filesystem::recursive_directory_iterator{argv[i]}) {
      if (!entry.is_regular_file()) continue;
      auto file = std::ifstream{entry.path(), std::ios::binary};
      auto const bytes = std::vector<char>{std::istreambuf_iterator<char>{file}, {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const *>(bytes.data()), bytes.size());
      ++replayed;
    }
  }
  std::printf("%d inputs replayed\n", replayed);
  return replayed > 0 ? 0 : 1;  // an empty corpus would be a test that cannot fail
}
