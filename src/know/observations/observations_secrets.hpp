// Log-in secrets, kept encrypted under a key a day. Deleting the key makes them unreadable wherever the day's rows have
// gone (the table, its log, Parquet, copies of these), without rewriting anything.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace noroshi::know::observations {

/// One day's 256-bit key; wiped when it goes.
struct DayKey {
  DayKey() = default;
  DayKey(DayKey const &) = delete;
  auto operator=(DayKey const &) -> DayKey & = delete;
  ~DayKey();
  std::array<unsigned char, 32> bytes{};
};

/// Seals the secrets of one day: XSalsa20-Poly1305 (libsodium secretbox), 24 bytes of nonce in front. Nonces are a
/// random start and a counter, so none comes twice. For one thread.
class Sealer {
public:
  explicit Sealer(std::shared_ptr<DayKey const> key);
  /// Appends the sealed form of `plain`; it is kSealOverhead bytes longer.
  void seal(std::string_view plain, std::string &to);

private:
  std::shared_ptr<DayKey const> key_;
  std::array<unsigned char, 24> nonce_{};
};
inline constexpr auto kSealOverhead = std::size_t{24 + 16};

/// The keys by day of receipt, one file each. Thread-safe.
class SecretKeys {
public:
  /// Reads the keys in `folder`, which exists.
  static auto load(std::string folder) -> Result<std::unique_ptr<SecretKeys>>;

  /// For writing; a new key is durable before this returns.
  auto sealer(Day day) -> Result<Sealer>;
  /// The plain secret; nothing where the day's key is gone or the bytes were changed.
  [[nodiscard]] auto open(Day day, std::string_view sealed) const -> std::optional<std::string>;
  /// Deletes the keys of days before `oldest`. Returns the days.
  auto forget_before(Day oldest) -> Result<std::vector<Day>>;

private:
  explicit SecretKeys(std::string folder) : folder_(std::move(folder)) {}
  [[nodiscard]] auto path(Day day) const -> std::string;
  [[nodiscard]] auto find(Day day) const -> std::shared_ptr<DayKey const>;

  std::string folder_;
  mutable std::mutex mutex_;
  std::map<Day, std::shared_ptr<DayKey const>>
      keys_;  // shared: a sealer or a read may outlive the deletion by one group
};

}  // namespace noroshi::know::observations
