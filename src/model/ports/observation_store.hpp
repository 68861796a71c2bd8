// The port of the observation store: an append-only history of what sensors saw, asked by named questions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/observation.hpp"
#include "model/value.hpp"
#include "model/viewer.hpp"
#include "model/where_from.hpp"

namespace noroshi::model {

/// One acknowledged batch as the applier hands it over.
struct ReceivedBatch {
  SensorId sensor;
  Time received{};
  std::string_view frames;            // see model/batch.hpp
  WhereTable const *where = nullptr;  // of its sources; nullptr: nothing is known of them
};

/// What a store gives back: an observation that owns its text, and where and when it came in.
struct StoredObservation {
  Time time{};
  Time received{};
  SensorId sensor;
  VisitId visit;
  std::uint32_t sequence = 0;
  Kind kind = Kind::opened;
  Transport transport = Transport::tcp;
  Endpoint source, destination;
  std::string service;
  std::string extra;  // JSON object, or empty
  WhereFrom where;    // the source comes from, as of then
  struct FieldValue {
    Field field;
    std::string text;         // text and bytes fields
    std::int64_t number = 0;  // number and flag fields
  };
  std::vector<FieldValue> fields;  // those present, in Field order; secrets only for viewers who may see them
};

/// Everything ever seen of one source address, kept by the applier. Lists are capped (kProfileListLimit), the most
/// recent new values win; `truncated` says that a list has reached its cap.
struct Profile {
  IpAddress address;
  Time first_seen{};
  Time last_seen{};
  std::uint64_t sessions = 0;  // visits: observations of kind opened
  std::uint64_t observations = 0;
  std::uint64_t logins = 0, commands = 0, requests = 0, downloads = 0;
  bool spoofable = true;                    // no completed handshake yet (UDP only)
  std::vector<std::uint16_t> ports;         // destination ports
  std::vector<std::uint16_t> source_ports;  // the visitor's, for carrier NAT
  std::vector<std::string> services, protocols, user_agents, client_versions, ja3, ja4, hassh, usernames, urls, sha256;
  bool truncated = false;
  WhereFrom where;  // as of the last visit
};
inline constexpr auto kProfileListLimit = std::size_t{32};

struct VisitSummary {
  VisitId visit;
  SensorId sensor;
  Time first_seen{}, last_seen{};
  Endpoint source, destination;
  std::string service;
  std::uint64_t observations = 0;
};

struct TopValue {
  std::string value;
  std::uint64_t count = 0;
};

/// What of a visit is counted: its source's country ("JP") or network ("AS64496 Example KK"), or the service visited
/// ("telnet").
enum class Origin : std::uint8_t { country, network, service };

struct DayInfo {
  Day day;  // by the day of receipt
  std::uint64_t rows = 0;
  bool closed = false;      // in Parquet
  bool held = false;        // a case keeps it from retention
  std::uint64_t bytes = 0;  // of the Parquet file; 0 while open
};

struct ObservationStats {
  std::uint64_t rows = 0, sources = 0, bytes = 0;
};

/// Which observations a walk is about. Times are of receipt, so that a walk reads only the days it names.
struct ObservationQuery {
  std::optional<Time> since, before;  // since ≤ received < before
  std::optional<Kind> kind;
  std::string service;  // empty: any
  std::optional<IpAddress> source;
};

struct ObservationPage {
  std::vector<StoredObservation> observations;
  std::optional<std::string> next;  // cursor of the page that follows; none behind the last one
};

/// Thread-safe. Reads have a deadline (timed_out) and see only applied groups.
class ObservationStore {
public:
  virtual ~ObservationStore() = default;

  /// Applies a group of batches and moves the cursor to `position` in one transaction; does nothing where the cursor is
  /// there already. Durable when it returns. Returns the rows written.
  virtual auto apply(std::span<ReceivedBatch const> batches, std::uint64_t position) -> Result<std::uint64_t> = 0;
  virtual auto cursor() -> Result<std::uint64_t> = 0;

  virtual auto profile(IpAddress address, Viewer const &viewer) -> Result<std::optional<Profile>> = 0;
  /// The latest visits of a source, newest first.
  virtual auto visits_of(IpAddress address, std::size_t limit, Viewer const &viewer)
      -> Result<std::vector<VisitSummary>> = 0;
  /// One visit's observations in order; empty where unknown.
  virtual auto visit(VisitId visit, Viewer const &viewer) -> Result<std::vector<StoredObservation>> = 0;
  /// Observations that name a URL, a domain (as host, SNI or in a URL) or a hash, newest first.
  virtual auto mentions(Value const &value, std::size_t limit, Viewer const &viewer)
      -> Result<std::vector<StoredObservation>> = 0;
  /// Most frequent values of a text field among observations of `kind` received since `since`.
  virtual auto top_values(Kind kind, Field field, Time since, std::size_t limit, Viewer const &viewer)
      -> Result<std::vector<TopValue>> = 0;
  /// Most frequent places of sources, or services visited, among observations of `kind` received since `since`.
  virtual auto top_origins(Kind kind, Origin origin, Time since, std::size_t limit, Viewer const &viewer)
      -> Result<std::vector<TopValue>> = 0;
  /// The next `limit` (at least 1) in order of receipt, visit and sequence. `cursor` is the `next` of the page before,
  /// of the same query; empty at the beginning; malformed where it is none. What is received meanwhile comes at the
  /// end; nothing comes twice, also where a day is closed between two pages.
  virtual auto page(ObservationQuery const &query, std::string_view cursor, std::size_t limit, Viewer const &viewer)
      -> Result<ObservationPage> = 0;
  /// For deriving once more: each observation of `sensor` received in [from, to), in the order of receipt; its texts
  /// live as long as the call. Log-in secrets are there while their day's key exists. No deadline.
  virtual auto read_received(SensorId sensor, Time from, Time to,
                             std::function<void(Observation const &, Time received)> const &take) -> Result<void> = 0;
  virtual auto days(Viewer const &viewer) -> Result<std::vector<DayInfo>> = 0;
  virtual auto stats(Viewer const &viewer) -> Result<ObservationStats> = 0;

  /// Writes every open day before `today` to Parquet. Returns how many were closed.
  virtual auto close_days(Day today) -> Result<std::uint64_t> = 0;
  /// Drops whole closed days before `oldest` that no hold keeps. Returns the days dropped.
  virtual auto drop_days(Day oldest) -> Result<std::vector<Day>> = 0;
  /// Keeps [from, to] from retention, or releases it.
  virtual auto hold(std::string_view name, Day from, Day to) -> Result<void> = 0;
  virtual auto release(std::string_view name) -> Result<void> = 0;

  /// Writes everything applied so far into a new folder, to be opened in place of this store's. Closed days are linked
  /// where the file system can. Nothing is applied meanwhile.
  virtual auto copy_to(std::string const &folder) -> Result<void> = 0;
};

}  // namespace noroshi::model
