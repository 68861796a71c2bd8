// What every store that is measured beside ours can do, and how answers are compared.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "bench/indicator_set.hpp"
#include "model/ip.hpp"

namespace noroshi::bench {

inline constexpr auto kContexts = std::uint64_t{8};

/// What is known about number n: when it was first seen and its context, in one number.
inline auto answer_to(std::uint64_t n) -> std::int64_t {
  return nth_first_seen(n) * static_cast<std::int64_t>(2 * kContexts) + static_cast<std::int64_t>(n % kContexts);
}

/// How many of the questions were known, and a number that depends on every answer and on the question it belongs to,
/// whatever the order they come in.
struct Answers {
  std::uint64_t known = 0;
  std::uint64_t checksum = 0;
  void add(std::uint64_t question, std::int64_t answer) {
    ++known;
    checksum += mixed(mixed(question) ^ static_cast<std::uint64_t>(answer));
  }
  auto operator==(Answers const &) const -> bool = default;
};

/// The smallest form in which a peer can hold a value: a byte for its type; addresses and hashes as bytes.
inline auto packed(model::Value const &value) -> std::string {
  auto key = std::string(1, static_cast<char>(value.type));
  if (value.type == model::ValueType::ip) {
    if (auto const address = model::IpAddress::parse(value.text)) {
      auto const number = static_cast<std::uint32_t>(address->low());
      for (auto shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
    }
  } else if (value.type == model::ValueType::sha256) {
    auto const digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (auto i = std::size_t{0}; i + 1 < value.text.size(); i += 2)
      key += static_cast<char>(digit(value.text[i]) * 16 + digit(value.text[i + 1]));
  } else {
    key += value.text;
  }
  return key;
}

/// What a peer may use: past it, it is reported as not fitting.
struct Bounds {
  std::chrono::steady_clock::time_point deadline;
  std::uint64_t bytes;
  [[nodiscard]] auto late() const -> bool { return std::chrono::steady_clock::now() > deadline; }
  [[nodiscard]] auto milliseconds_left() const -> std::int64_t {
    using std::chrono::milliseconds;
    return std::max<std::int64_t>(
        1, std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now()).count());
  }
};

/// A store beside ours, for one size. Errors: not_found (not installed), timed_out and too_large (past the bounds).
class Peer {
public:
  virtual ~Peer() = default;
  /// Takes in numbers 0 to count, and makes whatever makes look-ups fast.
  virtual auto load(std::uint64_t count, Bounds const &bounds) -> Result<void> = 0;
  /// Bytes of its files, or of memory where it has none, with indexes.
  virtual auto bytes() -> Result<std::uint64_t> = 0;
  /// The ways to get all answers; the fastest is measured.
  virtual auto ways() -> std::vector<std::string> = 0;
  /// Brings the questions into the form that this way wants: a table of its own, commands, nothing.
  virtual auto ask(std::size_t way, std::span<std::string const> keys) -> Result<void> = 0;
  /// Sends what is still to be sent, waits, reads every answer.
  virtual auto answers(std::size_t way) -> Result<Answers> = 0;
};

/// A kind of peer. `start` makes an empty one in a folder that is there.
struct PeerKind {
  std::string_view name;
  std::uint64_t most;         // indicators; beyond, it is not run
  std::string_view settings;  // what was set, for who reads the figures
  auto (*start)(std::string const &folder, std::uint64_t count) -> Result<std::unique_ptr<Peer>>;
};

// peer_sqlite.cpp, peer_duckdb.cpp, peer_redis.cpp, peer_postgres.cpp
extern PeerKind const kSqlite, kDuckdb, kRedis, kPostgres;

/// Hands out numbers 0 to count as packed keys with their answers, until the bounds are reached.
inline auto each_indicator(std::uint64_t count, Bounds const &bounds,
                           std::function<Result<void>(std::string const &key, std::int64_t answer)> const &take)
    -> Result<void> {
  constexpr auto kBetweenLooks = std::uint64_t{4096};
  for (auto n = std::uint64_t{0}; n < count; ++n) {
    if (n % kBetweenLooks == 0 && bounds.late())
      return fail(ErrorCode::timed_out, "the load was at {} of {} when its time was over", n, count);
    TRY_VOID(take(packed(nth_value(n)), answer_to(n)));
  }
  return ok;
}

}  // namespace noroshi::bench
