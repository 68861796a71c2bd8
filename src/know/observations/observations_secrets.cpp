#include "know/observations/observations_secrets.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <sodium.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/log.hpp"

namespace noroshi::know::observations {

static_assert(kSealOverhead == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES);

namespace {

constexpr auto kSuffix = std::string_view{".key"};

auto as_bytes(std::string_view text) -> unsigned char const * {
  return reinterpret_cast<unsigned char const *>(text.data());
}

auto read_key(std::string const &path) -> Result<std::shared_ptr<DayKey const>> {
  auto key = std::make_shared<DayKey>();
  TRY(auto bytes, read_file(path, key->bytes.size()));
  if (bytes.size() != key->bytes.size())
    return fail(ErrorCode::malformed,
                "{}: {} bytes where a key of {} is expected; restore it, or delete it to give up "
                "that day's log-in secrets",
                path, bytes.size(), key->bytes.size());
  std::ranges::copy(bytes, key->bytes.begin());
  sodium_memzero(bytes.data(), bytes.size());
  return std::shared_ptr<DayKey const>{std::move(key)};
}

}  // namespace

DayKey::~DayKey() { sodium_memzero(bytes.data(), bytes.size()); }

Sealer::Sealer(std::shared_ptr<DayKey const> key) : key_(std::move(key)) {
  randombytes_buf(nonce_.data(), nonce_.size());
}

void Sealer::seal(std::string_view plain, std::string &to) {
  sodium_increment(nonce_.data(), nonce_.size());
  auto const start = to.size();
  to.resize(start + kSealOverhead + plain.size());
  auto *const out = reinterpret_cast<unsigned char *>(to.data() + start);
  std::ranges::copy(nonce_, out);
  crypto_secretbox_easy(out + nonce_.size(), as_bytes(plain), plain.size(), nonce_.data(), key_->bytes.data());
}

auto SecretKeys::load(std::string folder) -> Result<std::unique_ptr<SecretKeys>> {
  auto keys = std::unique_ptr<SecretKeys>{new SecretKeys{std::move(folder)}};
  auto problem = std::error_code{};
  for (auto const &entry : std::filesystem::directory_iterator{keys->folder_, problem}) {
    auto const name = entry.path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    auto const day = parse_day(std::string_view{name}.substr(0, name.size() - kSuffix.size()));
    if (!day) continue;
    TRY(auto key, read_key(entry.path().string()));
    keys->keys_.emplace(*day, std::move(key));
  }
  if (problem) return file_error(problem.value(), "reading", keys->folder_);
  return keys;
}

auto SecretKeys::path(Day day) const -> std::string { return fmt::format("{}/{}{}", folder_, to_string(day), kSuffix); }

auto SecretKeys::find(Day day) const -> std::shared_ptr<DayKey const> {
  auto const lock = std::scoped_lock{mutex_};
  auto const found = keys_.find(day);
  return found == keys_.end() ? nullptr : found->second;
}

auto SecretKeys::sealer(Day day) -> Result<Sealer> {
  if (auto key = find(day)) return Sealer{std::move(key)};
  auto key = std::make_shared<DayKey>();
  randombytes_buf(key->bytes.data(), key->bytes.size());
  TRY_VOID(write_file_durably(path(day), {reinterpret_cast<char const *>(key->bytes.data()), key->bytes.size()}));
  auto const lock = std::scoped_lock{mutex_};
  return Sealer{keys_.emplace(day, std::move(key)).first->second};
}

auto SecretKeys::open(Day day, std::string_view sealed) const -> std::optional<std::string> {
  auto const key = find(day);
  if (key == nullptr || sealed.size() < kSealOverhead) return std::nullopt;
  auto plain = std::string(sealed.size() - kSealOverhead, '\0');
  auto const *const bytes = as_bytes(sealed);
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char *>(plain.data()), bytes + crypto_secretbox_NONCEBYTES,
                                 sealed.size() - crypto_secretbox_NONCEBYTES, bytes, key->bytes.data()) != 0)
    return std::nullopt;
  return plain;
}

auto SecretKeys::forget_before(Day oldest) -> Result<std::vector<Day>> {
  auto const lock = std::scoped_lock{mutex_};
  auto forgotten = std::vector<Day>{};
  while (!keys_.empty() && keys_.begin()->first < oldest) {
    auto const day = keys_.begin()->first;
    if (::unlink(path(day).c_str()) != 0 && errno != ENOENT) return file_error(errno, "deleting", path(day));
    keys_.erase(keys_.begin());
    forgotten.push_back(day);
  }
  if (!forgotten.empty()) TRY_VOID(sync_folder(folder_));
  return forgotten;
}

}  // namespace noroshi::know::observations
