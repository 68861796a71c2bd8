#include "sense/node_secret.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sodium.h>

#include "base/bytes.hpp"
#include "base/file.hpp"

namespace noroshi::sense {

auto NodeSecret::hash(std::string_view of) const -> std::uint64_t {
  auto digest = std::array<unsigned char, crypto_generichash_BYTES_MIN>{};
  ::crypto_generichash(digest.data(), digest.size(), reinterpret_cast<unsigned char const *>(of.data()), of.size(),
                       bytes.data(), bytes.size());
  auto number = std::uint64_t{};
  std::memcpy(&number, digest.data(), sizeof number);
  return number;
}

auto NodeSecret::hex(std::string_view of, std::size_t digits) const -> std::string {
  auto digest = std::array<char, crypto_generichash_BYTES_MAX>{};
  ::crypto_generichash(reinterpret_cast<unsigned char *>(digest.data()), digest.size(),
                       reinterpret_cast<unsigned char const *>(of.data()), of.size(), bytes.data(), bytes.size());
  return to_hex({digest.data(), digest.size()}).substr(0, digits);
}

auto load_node_secret(std::string const &spool_folder) -> Result<NodeSecret> {
  auto secret = NodeSecret{};
  auto const path = spool_folder + "/persona.key";
  // The decoys can write here, and a visitor may have taken them over: whatever lies there is read as bytes only.
  auto const file = FileDescriptor{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (file.valid() &&
      ::read(file.get(), secret.bytes.data(), secret.bytes.size()) == static_cast<ssize_t>(secret.bytes.size()))
    return secret;
  ::randombytes_buf(secret.bytes.data(), secret.bytes.size());
  TRY_VOID(write_file_durably(path, {reinterpret_cast<char const *>(secret.bytes.data()), secret.bytes.size()}));
  return secret;
}

}  // namespace noroshi::sense
