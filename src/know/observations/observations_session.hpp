// One question's view of the store: a connection with a deadline, a snapshot, and the places to look.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "know/observations/observations_core.hpp"

namespace noroshi::know::observations {

/// Where some of a day's rows are.
struct Place {
  Day day;
  std::string from;                        // for FROM: a table, or read_parquet('…')
  std::shared_ptr<ClosedPart const> file;  // keeps the Parquet file; none for a table
};

class Session {
public:
  /// `key`: only places whose filter may contain it. `with_state` runs in the moment of the snapshot, under the state
  /// lock, so it must be short.
  static auto begin(Core &core, std::optional<std::uint64_t> key = std::nullopt,
                    std::function<void(State const &)> const &with_state = {}) -> Result<std::unique_ptr<Session>>;
  Session(Session const &) = delete;
  auto operator=(Session const &) -> Session & = delete;
  ~Session();

  /// Newest day first.
  [[nodiscard]] auto places() const -> std::vector<Place> const & { return places_; }
  /// timed_out past the deadline.
  auto query(std::string const &sql, std::vector<std::string> const &texts = {}, duck::Fetch fetch = duck::Fetch::whole)
      -> Result<duck::Rows>;
  auto connection() -> duck::Connection & { return connection_; }

private:
  Session(Core &core, duck::Connection connection, duck::Watchdog::Instant deadline)
      : core_(core), connection_(std::move(connection)), deadline_(deadline) {}
  void find_places(std::optional<std::uint64_t> key);

  Core &core_;
  duck::Connection connection_;
  duck::Watchdog::Instant deadline_;
  std::vector<Place> places_;
};

/// The rows of all places as one thing for FROM, with the columns named (SQL); empty where there is no place.
auto union_of(std::vector<Place> const &places, std::string_view columns, std::string_view where) -> std::string;

}  // namespace noroshi::know::observations
