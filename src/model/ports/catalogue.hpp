// The port of the catalogue: users, keys, organisations, sensors, sources, reports, audit, and the changes that the
// indicator store follows.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/context.hpp"
#include "model/id.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/sensor_registry.hpp"
#include "model/viewer.hpp"

namespace noroshi::model {

struct Organisation {
  OrganisationId id;
  std::string name;
};

struct User {
  UserId id;
  std::string name;
  UserRole role = UserRole::reader;
  OrganisationId organisation;
  bool disabled = false;
};

/// What is shown of a key; the key itself is shown once, when made.
struct ApiKeyInfo {
  std::int64_t id = 0;
  UserId user;
  std::string label;
  std::string prefix;  // its first 8 characters, to tell keys apart
  Time created{};
  std::optional<Time> expiry;
  std::optional<Time> last_used;
};

struct AuditEntry {
  std::int64_t id = 0;
  Time time{};
  std::string actor;   // user name, or "node"
  std::string action;  // "user.create", "key.create", "report.withdraw"…
  std::string subject;
  std::string detail;
};

struct Source {
  SourceId id;
  std::string name;  // "sensor/home", "analyst/alice", a feed's URL
  OrganisationId organisation;
};

struct Report {
  ReportId id;
  SourceId source;
  std::string title;
  Time created{};
  bool withdrawn = false;
};

/// A part of a list that is ordered newest first.
struct Page {
  std::size_t limit = 100'000;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();  // only entries with a lower id
};

/// What the applier tells after a group: moved in one transaction with the cursor.
struct SensorProgress {
  SensorId sensor;
  std::uint64_t epoch = 0, sequence = 0;
  std::uint64_t observations = 0;  // in this group
  Time last_seen{};
};

/// A load of a feed that became visible.
struct FeedLoaded {
  SourceId source;
  std::int64_t load = 0;          // as in feed_reports()
  std::uint64_t values = 0;       // it gave
  bool replaced = false;          // what the feed had before is gone
  std::string_view name, detail;  // for the audit log
};

/// Thread-safe. Writers are audited in the same transaction; the viewer's right is checked here (denied).
class Catalogue : public SensorRegistry {
public:
  // Identity.
  virtual auto organisation(OrganisationId id) -> Result<Organisation> = 0;
  virtual auto users(Viewer const &viewer) -> Result<std::vector<User>> = 0;
  /// `organisation` 0: the viewer's own.
  virtual auto add_user(std::string_view name, UserRole role, OrganisationId organisation, Viewer const &viewer)
      -> Result<User> = 0;
  virtual auto disable_user(std::string_view name, Viewer const &viewer) -> Result<void> = 0;
  /// A new key of 160 random bits; only its SHA-256 is kept. Returns the key's text: "nrs_" and base32 without padding.
  virtual auto add_key(std::string_view user, std::string_view label, std::optional<Time> expiry, Viewer const &viewer)
      -> Result<std::string> = 0;
  virtual auto keys(Viewer const &viewer) -> Result<std::vector<ApiKeyInfo>> = 0;
  virtual auto revoke_key(std::int64_t id, Viewer const &viewer) -> Result<void> = 0;
  /// Whom a key stands for; denied where it is unknown, expired, revoked or its user disabled. Compared in constant
  /// time.
  virtual auto authenticate(std::string_view key, Time now) -> Result<Viewer> = 0;
  /// The first administrator, for requests over the node's own socket.
  virtual auto local_administrator() -> Result<Viewer> = 0;
  virtual auto audit(std::string_view action, std::string_view subject, std::string_view detail, Viewer const &viewer)
      -> Result<void> = 0;
  /// Newest first.
  virtual auto audit_log(Page page, Viewer const &viewer) -> Result<std::vector<AuditEntry>> = 0;

  // Sources, and how far the applier is.
  virtual auto source(SourceId id) -> Result<Source> = 0;
  virtual auto ensure_source(std::string_view name) -> Result<Source> = 0;
  virtual auto apply(std::span<SensorProgress const> progress, std::uint64_t position) -> Result<void> = 0;
  virtual auto cursor() -> Result<std::uint64_t> = 0;

  // Reports. A transaction here also writes `changes`; the indicator store applies those in order.
  virtual auto add_report(std::string_view source, std::string_view title, std::span<IndicatorWrite const> writes,
                          Viewer const &viewer) -> Result<Report> = 0;
  virtual auto withdraw_report(ReportId report, Viewer const &viewer) -> Result<void> = 0;
  /// Newest first; those whose marking the viewer may see.
  virtual auto reports(Page page, Viewer const &viewer) -> Result<std::vector<Report>> = 0;
  virtual auto report(ReportId id, Viewer const &viewer) -> Result<Report> = 0;

  // Feeds: sources that are loaded as a whole, and what they name as origins of their values.
  /// The source of that name, made where it does not exist. malformed: the name is not for feeds. denied: it is another
  /// organisation's. conflict: reports of analysts bear it, which go with the feed where it is replaced.
  virtual auto feed_source(std::string_view name, Viewer const &viewer) -> Result<Source> = 0;
  /// Reports of a feed by their titles, made where they do not exist; not among reports(). `load` (not 0) remembers
  /// who asked last.
  virtual auto feed_reports(SourceId source, std::span<std::string const> titles, Tlp marking, std::int64_t load)
      -> Result<std::vector<ReportId>> = 0;
  /// Before a load becomes visible: from now on no report may bear the feed's name. Returns how many values the feed
  /// has, as feed_loaded() was told; 0 where nobody told. conflict as feed_source().
  virtual auto claim_feed(SourceId source) -> Result<std::uint64_t> = 0;
  /// Behind a load that became visible; audits it. Where it replaced the feed, its reports that the load did not ask
  /// for are forgotten.
  virtual auto feed_loaded(FeedLoaded const &loaded, Viewer const &viewer) -> Result<void> = 0;

  /// The next changes behind `position` as one commit of stream "catalogue"; nothing where there are none.
  virtual auto changes_after(std::uint64_t position, std::size_t limit) -> Result<std::optional<IndicatorCommit>> = 0;
  /// Forgets changes up to `position` (the indicator store's cursor).
  virtual auto trim_changes(std::uint64_t position) -> Result<void> = 0;

  /// Writes everything to a new file, to be opened in place of the catalogue's.
  virtual auto copy_to(std::string const &path) -> Result<void> = 0;
};

}  // namespace noroshi::model
