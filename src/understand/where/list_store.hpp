// Lists that come from URLs: the last good copy of each on disk, and the thread that keeps them fresh.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/config.hpp"
#include "base/result.hpp"
#include "net/fetch.hpp"
#include "understand/where.hpp"

namespace noroshi::understand {

/// The folder of last good copies: NAME.list as it came, NAME.from with the URL and what the server said of the
/// version.
class ListStore {
public:
  explicit ListStore(std::string folder) : folder_(std::move(folder)) {}

  /// Where the copy of a URL's list lies, whether it is there or not.
  [[nodiscard]] auto file_of(std::string_view url) const -> std::string;
  /// What the server said when the copy was taken; nothing where there is no copy.
  [[nodiscard]] auto version_of(std::string_view url) const -> net::FetchVersion;
  /// Replaces the copy, in one step for whoever reads it.
  auto keep(std::string_view url, net::Fetched const &fetched) const -> Result<void>;
  /// The copy is as of today: the server said that nothing changed.
  auto confirm(std::string_view url) const -> Result<void>;

private:
  std::string folder_;
};

/// Fetches what `where.lists` names by URL, at the start and every `where.refresh`; a list that cannot be had, is too
/// large or is no list leaves the last good copy in place.
class ListRefresher {
public:
  using Fetch = std::function<Result<net::Fetched>(std::string const &url, net::FetchOptions const &options)>;
  ListRefresher(Where &where, std::string folder, Config const &config, Fetch fetch = net::fetch);
  ~ListRefresher() { stop(); }

  void start();
  void stop();
  /// One round, on the calling thread. Returns how many lists changed.
  auto refresh() -> std::size_t;

private:
  void run();
  auto take(NamedList const &list) -> Result<bool>;

  Where &where_;
  ListStore store_;
  Fetch fetch_;
  Duration every_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace noroshi::understand
