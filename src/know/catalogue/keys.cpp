#include <sodium.h>

#include <array>

#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace {

constexpr auto kKeyPrefix = std::string_view{"nrs_"};
constexpr auto kKeyBytes = std::size_t{20};                            // 160 random bits
constexpr auto kKeyTextBytes = kKeyPrefix.size() + kKeyBytes * 8 / 5;  // base32: five bits a character
constexpr auto kShownBytes = std::size_t{8};                           // of the key's text, to tell keys apart
constexpr auto kMaxLabelBytes = std::size_t{200};                      // one line on a screen
/// last_used is for people ("is this key still in use?"), so a write and its sync once a minute is enough.
constexpr auto kLastUsedStep = std::chrono::minutes{1};

using Hash = std::array<unsigned char, crypto_hash_sha256_BYTES>;

auto hash_of(std::string_view key) -> Hash {
  auto hash = Hash{};
  crypto_hash_sha256(hash.data(), reinterpret_cast<unsigned char const *>(key.data()), key.size());
  return hash;
}
auto as_text(Hash const &hash) -> std::string_view {
  return {reinterpret_cast<char const *>(hash.data()), hash.size()};
}
auto equal_in_constant_time(Hash const &a, std::string_view b) -> bool {
  return b.size() == a.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// RFC 4648 base32 in lower case, without padding; `bytes` is a multiple of five long.
auto to_base32(std::span<unsigned char const> bytes) -> std::string {
  constexpr auto kAlphabet = std::string_view{"abcdefghijklmnopqrstuvwxyz234567"};
  auto text = std::string{};
  auto bits = std::uint32_t{0};
  auto waiting = 0;
  for (auto const byte : bytes) {
    bits = bits << 8 | byte;
    for (waiting += 8; waiting >= 5; waiting -= 5) text.push_back(kAlphabet[bits >> (waiting - 5) & 31]);
  }
  return text;
}

auto new_key() -> Result<std::string> {
  if (sodium_init() < 0) return fail(ErrorCode::internal, "the kernel's random source is not available");
  auto bytes = std::array<unsigned char, kKeyBytes>{};
  randombytes_buf(bytes.data(), bytes.size());
  auto key = std::string{kKeyPrefix} + to_base32(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

struct FoundKey {
  std::int64_t id = 0;
  std::optional<Time> expiry, last_used;
  bool disabled = false;
  model::Viewer viewer;
};

/// The key whose hash is `wanted`. Rows are found by the shown prefix, so the comparison is the only place where time
/// could tell something about the secret part, and it is constant.
auto find_key(sqlite::Connection &connection, std::string_view shown, Hash const &wanted)
    -> Result<std::optional<FoundKey>> {
  auto query = connection.query(
      "SELECT k.id, k.hash, k.expiry, k.last_used, u.disabled, u.id, u.name, u.role, u.organisation "
      "FROM api_keys k JOIN users u ON u.id = k.user WHERE k.prefix = ?");
  query.bind(shown);
  auto found = std::optional<FoundKey>{};
  for (;;) {
    TRY(auto const more, query.step());
    if (!more) return found;
    if (!equal_in_constant_time(wanted, query.text(1))) continue;
    found = FoundKey{query.integer(0), query.optional_time(2), query.optional_time(3), query.integer(4) != 0,
                     model::Viewer{model::UserId{query.integer(5)}, std::string{query.text(6)},
                                   query.enumerated<model::UserRole>(7), model::OrganisationId{query.integer(8)}}};
  }
}

}  // namespace

auto SqliteCatalogue::add_key(std::string_view user, std::string_view label, std::optional<Time> expiry,
                              model::Viewer const &viewer) -> Result<std::string> {
  if (!viewer.may_administer()) return rows::denied(viewer, "make a key", "an administrator");
  TRY_VOID(rows::check_text("key's label", label, kMaxLabelBytes));
  auto const now = clock_.now();
  if (expiry && *expiry <= now)
    return fail(ErrorCode::malformed, "the key would have expired at {}; give a time to come", to_rfc3339(*expiry));
  TRY(auto key, new_key());
  auto const keep = [&](sqlite::Connection &connection) -> Result<void> {
    TRY(auto const owner, rows::user(connection, user));
    if (owner.disabled) return fail(ErrorCode::conflict, "the user \"{}\" is disabled and gets no key", owner.name);
    auto const hash = hash_of(key);
    auto const shown = std::string_view{key}.substr(0, kShownBytes);
    TRY_VOID(connection.run("INSERT INTO api_keys(user, label, prefix, hash, created, expiry) VALUES(?, ?, ?, ?, ?, ?)",
                            owner.id, label, shown, sqlite::Blob{as_text(hash)}, now, expiry));
    return rows::note(connection, now, viewer.name, "key.create", owner.name, fmt::format("{} {}", shown, label));
  };
  TRY_VOID(database_->write(keep));
  return key;
}

auto SqliteCatalogue::keys(model::Viewer const &viewer) -> Result<std::vector<model::ApiKeyInfo>> {
  if (!viewer.may_administer()) return rows::denied(viewer, "list keys", "an administrator");
  return database_->read([](sqlite::Connection &connection) -> Result<std::vector<model::ApiKeyInfo>> {
    auto all = std::vector<model::ApiKeyInfo>{};
    auto query =
        connection.query("SELECT id, user, label, prefix, created, expiry, last_used FROM api_keys ORDER BY id");
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return all;
      all.push_back({query.integer(0), model::UserId{query.integer(1)}, std::string{query.text(2)},
                     std::string{query.text(3)}, query.time(4), query.optional_time(5), query.optional_time(6)});
    }
  });
}

auto SqliteCatalogue::revoke_key(std::int64_t id, model::Viewer const &viewer) -> Result<void> {
  if (!viewer.may_administer()) return rows::denied(viewer, "revoke a key", "an administrator");
  return database_->write([&](sqlite::Connection &connection) -> Result<void> {
    auto query =
        connection.query("SELECT u.name, k.prefix FROM api_keys k JOIN users u ON u.id = k.user WHERE k.id = ?");
    TRY(auto const found, query.bind(id).step());
    if (!found) return fail(ErrorCode::not_found, "there is no key {}; it may be revoked already", id);
    auto const owner = std::string{query.text(0)};
    auto const shown = std::string{query.text(1)};
    TRY_VOID(connection.run("DELETE FROM api_keys WHERE id = ?", id));
    return rows::note(connection, clock_.now(), viewer.name, "key.revoke", owner, shown);
  });
}

auto SqliteCatalogue::authenticate(std::string_view key, Time now) -> Result<model::Viewer> {
  auto const unknown = fail(ErrorCode::denied, "this API key is not known here; ask an administrator for one");
  if (key.size() != kKeyTextBytes || !key.starts_with(kKeyPrefix)) return unknown;
  auto const wanted = hash_of(key);
  auto const find = [&](sqlite::Connection &connection) {
    return find_key(connection, key.substr(0, kShownBytes), wanted);
  };
  TRY(auto found, database_->read(find));
  if (!found) return unknown;
  if (found->expiry && *found->expiry <= now)
    return fail(ErrorCode::denied, "this API key expired at {}; ask an administrator for a new one",
                to_rfc3339(*found->expiry));
  if (found->disabled)
    return fail(ErrorCode::denied, "the user \"{}\" is disabled; ask an administrator", found->viewer.name);
  if (!found->last_used || now - *found->last_used >= kLastUsedStep) {
    // Best effort: a full disk or a catalogue opened for reading must not lock people out.
    [[maybe_unused]] auto const noted = database_->write([&](sqlite::Connection &connection) {
      return connection.run("UPDATE api_keys SET last_used = ? WHERE id = ?", now, found->id);
    });
  }
  return std::move(found->viewer);
}

}  // namespace noroshi::know
