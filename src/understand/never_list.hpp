// The never-list: what no block may ever name, whoever says it is bad. One's own addresses and assets, public
// resolvers, top sites, update servers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/result.hpp"
#include "model/value.hpp"
#include "understand/reloaded.hpp"
#include "understand/where.hpp"

namespace noroshi::understand {

struct NeverReason {
  std::string list;   // its name: "own addresses", "Public DNS resolvers"
  std::string entry;  // what on it stands against the value: "dns.google"
};

/// Thread-safe.
class NeverList {
public:
  /// `shipped` is the folder of the lists that the product ships, or empty. malformed where `never.values` or
  /// `derive.own_addresses` holds what is no value, or a file of `never.files` cannot be read or is no list: a node
  /// that starts without it would block what it names. Shipped lists that are missing are no error: see sources().
  static auto create(std::string shipped, Config const &config) -> Result<std::unique_ptr<NeverList>>;
  ~NeverList();

  /// Why the value may not be blocked, or nothing. Addresses and prefixes: any address in common. Domains: the name
  /// itself, names below one on the list, and names above one on the list (blocking those would block it); never across
  /// a public suffix, so github.io protects nobody's own page. URLs: by their host. Hashes and e-mail addresses: equal.
  [[nodiscard]] auto reason_against(model::Value const &value) const -> std::optional<NeverReason>;

  /// Reads again what has changed on disk; a file that is damaged or gone leaves what it said before in place.
  auto reload_if_changed() -> bool;

  /// Its lists, as `noroshi status` shows them: `what` is "never".
  [[nodiscard]] auto sources() const -> std::vector<WhereSource>;

private:
  struct Snapshot;
  struct Own;
  NeverList(std::string shipped, std::vector<std::string> files, std::unique_ptr<Own const> own);
  [[nodiscard]] auto current() const -> std::shared_ptr<Snapshot const>;
  [[nodiscard]] auto files(Snapshot const *before) const -> std::vector<std::string>;
  [[nodiscard]] auto read(Snapshot const *before) const -> std::shared_ptr<Snapshot const>;

  std::string shipped_;
  std::vector<std::string> named_files_;
  std::unique_ptr<Own const> own_;  // from the configuration
  Reloaded<Snapshot> snapshot_;
};

}  // namespace noroshi::understand
