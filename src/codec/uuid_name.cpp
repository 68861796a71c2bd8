#include "codec/uuid_name.hpp"

#include <array>

#include <openssl/evp.h>

#include "base/bytes.hpp"

namespace noroshi::codec {

auto uuid_of_name(model::Uuid const &name_space, std::string_view name) -> model::Uuid {
  auto bytes = std::string{};
  append_be(bytes, name_space.high());
  append_be(bytes, name_space.low());
  bytes += name;
  auto digest = std::array<char, EVP_MAX_MD_SIZE>{};
  auto size = 0U;
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char *>(digest.data()), &size, EVP_sha1(), nullptr);
  auto const high = load_be<std::uint64_t>(digest.data());
  auto const low = load_be<std::uint64_t>(digest.data() + 8);
  return {(high & ~std::uint64_t{0xf000}) | 0x5000, (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{1} << 63)};
}

}  // namespace noroshi::codec
