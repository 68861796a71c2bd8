#include "know/engine/store_files.hpp"

#include <algorithm>

namespace noroshi::know::engine {

namespace {

auto secret_of(StoreKey const &key) -> std::string_view { return {key.secret.data(), key.secret.size()}; }

/// The whole file; one that is missing is damage here.
auto read_named(Files &files, std::string const &name) -> Result<std::shared_ptr<Bytes const>> {
  auto bytes = files.map(name);
  if (bytes || bytes.error().code != ErrorCode::not_found) return bytes;
  return fail(ErrorCode::malformed, "{}/{} is missing", files.where(), name);
}

}  // namespace

auto checksum_of(StoreKey const &key) -> std::uint64_t { return Checksum::of(secret_of(key)); }

auto write_key(Files &files, StoreKey const &key) -> Result<void> {
  return replace_file(files, std::string{kKeyName}, secret_of(key));
}

auto read_key(Files &files, Manifest const &manifest) -> Result<StoreKey> {
  TRY(auto const bytes, read_named(files, std::string{kKeyName}));
  auto key = StoreKey{};
  if (bytes->view().size() == key.secret.size()) {
    std::ranges::copy(bytes->view(), key.secret.begin());
    if (checksum_of(key) == manifest.key_checksum) return key;
  }
  return fail(ErrorCode::malformed, "{}/{} is damaged, or the key of another store", files.where(), kKeyName);
}

auto open_run(Files &files, std::string const &name) -> Result<std::shared_ptr<Run const>> {
  TRY(auto bytes, read_named(files, name));
  return Run::open(std::move(bytes), files.where() + "/" + name);
}

}  // namespace noroshi::know::engine
