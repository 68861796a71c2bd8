// First bytes of anything, and shell lines made of them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/recognise.hpp"
#include "codec/shell_words.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  using namespace noroshi::codec;
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  for (auto length = std::size_t{0}; length <= size && length <= kRecogniseBytes; ++length)
    if (auto const told = recognise(bytes.substr(0, length)); !told.protocol.empty() && told.more_could_tell)
      std::abort();
  auto const line = split_shell_line(bytes);
  if (!line) return 0;
  if (line->commands.size() > kMaxShellCommands + 1) std::abort();
  for (auto const &command : line->commands)
    if (command.words.empty() && command.redirections.empty()) std::abort();
  return 0;
}
