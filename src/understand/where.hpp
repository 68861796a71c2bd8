// Where from: country, network and flags of an address, from files that the product ships, that the operator names and
// that the node fetches. Every file is replaced as a whole, while questions go on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/result.hpp"
#include "model/where_from.hpp"
#include "understand/reloaded.hpp"

namespace noroshi::understand {

/// One file or list, as `noroshi status` shows it.
struct WhereSource {
  std::string what;   // "country", "asn", or a flag: "vpn"
  std::string name;   // empty: there is no source
  std::string place;  // file or URL
  std::string date;
  std::uint64_t entries = 0;
  std::string problem;  // empty: none
};

struct WhereOptions {
  std::string lists;  // the folder of lists that the product ships, or empty
  std::string geo;    // the folder of country and network data that set-up fetched, or empty
  std::string data;   // where last good copies of fetched lists are kept
};

/// A list that the operator named: `where.lists` has "tor=https://…" and "vpn=/etc/vpn.txt".
struct NamedList {
  model::FlagKind kind;
  std::string place;  // as named
  std::string file;   // what is read: the file itself, or the copy of what a URL gave
  bool is_url = false;
};

/// Thread-safe.
class Where {
public:
  /// malformed where the configuration names an unknown flag. Missing and damaged files are no errors: see sources().
  static auto create(WhereOptions options, Config const &config) -> Result<std::unique_ptr<Where>>;
  ~Where();

  /// What all files say now. Files are read at the first question.
  [[nodiscard]] auto of(model::IpAddress address) const -> model::WhereFrom;
  /// What lists say of a canonical domain: those that name it, or a name above it.
  [[nodiscard]] auto of_name(std::string_view domain) const -> std::vector<model::Flag>;
  /// Its flags alone, which need none of the large files.
  [[nodiscard]] auto flags_of(model::IpAddress address) const -> std::vector<model::Flag>;

  /// Reads again what has changed on disk; a file that is damaged now leaves the last sound one in place. True where
  /// anything changed.
  auto reload_if_changed() -> bool;

  /// Country, network, then each flag in order of FlagKind; what has no source has one entry without a name.
  [[nodiscard]] auto sources() const -> std::vector<WhereSource>;

  [[nodiscard]] auto named_lists() const -> std::vector<NamedList> const & { return named_; }
  /// What went wrong when a URL was last fetched; empty: nothing.
  void note_fetch(std::string const &url, std::string problem);

private:
  struct Snapshot;
  struct File;
  Where(WhereOptions options, std::vector<NamedList> named, std::string country, std::string asn, bool shipped);
  [[nodiscard]] auto current() const -> std::shared_ptr<Snapshot const>;
  [[nodiscard]] auto files() const -> std::vector<File>;
  [[nodiscard]] auto read(Snapshot const *before) const -> std::shared_ptr<Snapshot const>;

  WhereOptions options_;
  std::vector<NamedList> named_;
  std::string country_file_, asn_file_;
  bool shipped_;
  Reloaded<Snapshot> snapshot_;
  mutable std::mutex mutex_;  // of the problems
  std::map<std::string, std::string> fetch_problems_;
};

}  // namespace noroshi::understand
