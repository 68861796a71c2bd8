#include "share/secret_file.hpp"

#include <algorithm>

#include <sodium.h>

#include "base/file.hpp"

namespace noroshi::share {

auto load_list_key(std::string const &path) -> Result<ListKey> {
  auto key = ListKey{};
  auto bytes = read_file(path, key.size());
  if (!bytes && bytes.error().code != ErrorCode::not_found) return std::move(bytes).error();
  if (bytes && bytes->size() == key.size()) {
    std::ranges::transform(*bytes, key.begin(), [](char c) { return static_cast<unsigned char>(c); });
    return key;
  }
  if (bytes) return fail(ErrorCode::malformed, "{} is no key of 32 bytes: restore it from a backup or remove it", path);
  randombytes_buf(key.data(), key.size());
  TRY_VOID(write_file_durably(path, {reinterpret_cast<char const *>(key.data()), key.size()}));
  return key;
}

}  // namespace noroshi::share
