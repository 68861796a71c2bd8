// The port of the indicator store: every indicator with its contexts, looked up in batches.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/context.hpp"
#include "model/ports/indicator_list.hpp"
#include "model/ports/indicator_load.hpp"
#include "model/value.hpp"
#include "model/viewer.hpp"

namespace noroshi::model {

/// How an indicator answers for the value asked. range: an enclosing CIDR. parent: a domain above the name.
/// url_no_query: the same URL without its query. url_prefix: its host and a leading part of its path.
enum class MatchKind : std::uint8_t { exact, range, parent, url_no_query, url_prefix };
auto to_string(MatchKind match) -> std::string_view;
auto parse_match_kind(std::string_view text) -> Result<MatchKind>;

struct Hit {
  MatchKind match = MatchKind::exact;
  Value indicator;
  Context context;
};

struct IndicatorWrite {
  Value indicator;
  Context context;
};

/// One atomic change. `stream` and `position` move the store's cursor in the same transaction; a commit whose position
/// is not beyond the cursor is skipped, so replaying a log is safe. Inside a commit first generations rise, then writes
/// are kept (their contexts' sequence becomes `position`), then withdrawals are made.
struct IndicatorCommit {
  std::string stream;  // "intake" or "catalogue"
  std::uint64_t position = 0;
  std::vector<IndicatorWrite> writes;
  struct Withdrawal {  // every context of this report
    SourceId source;
    ReportId report;
  };
  std::vector<Withdrawal> withdrawals;
  std::vector<SourceId> raised;  // sources whose generation rises: their older contexts are invisible at once
};

/// What is stored. What was withdrawn, and what one indicator has in two runs, counts until they are merged.
struct IndicatorStats {
  std::uint64_t indicators = 0;
  std::uint64_t contexts = 0;
  std::uint64_t bytes = 0;
};

/// One of the files, or parts in memory, that indicators are in.
struct IndicatorFile {
  std::string name;
  std::string tier;  // "base", "young", "memory"; beside them "log", "key", "manifest"
  std::uint64_t indicators = 0, contexts = 0, bytes = 0;
  std::uint64_t filter_bytes = 0;  // of them in memory all the time
};

/// Thread-safe: look-ups run beside each other and beside one apply.
class IndicatorStore {
public:
  virtual ~IndicatorStore() = default;

  /// For each value, in order, its hits: exact ones first, then ranges (longest first), parents (nearest first), URL
  /// forms. Only contexts that `viewer` may see, of the source's current generation, not expired at `now`.
  virtual auto look_up(std::span<Value const> values, Viewer const &viewer, Time now)
      -> Result<std::vector<std::vector<Hit>>> = 0;

  /// About `limit` indicators behind `cursor` (the `next` of the page before, with the same filter; empty: from the
  /// first), in an order that is the store's own, with the contexts that pass the filter, that `viewer` may see, of the
  /// current generation, not expired at `now`. What is there all the time is listed exactly once; cursors are words of
  /// letters and digits. malformed where the cursor is none.
  virtual auto list(IndicatorFilter const &filter, std::string_view cursor, std::size_t limit, Viewer const &viewer,
                    Time now) -> Result<IndicatorPage> = 0;

  /// Durable when it returns.
  virtual auto apply(IndicatorCommit const &commit) -> Result<void> = 0;

  /// Begins to take in many indicators at once. Apart from any stream: a load that finished is not replayed.
  virtual auto load() -> Result<std::unique_ptr<IndicatorLoad>> = 0;

  /// Position of the last commit applied from `stream`; 0 where none was.
  virtual auto cursor(std::string_view stream) -> Result<std::uint64_t> = 0;

  virtual auto stats() -> Result<IndicatorStats> = 0;

  /// The base first, what was written last at the end. What one indicator has in two of them counts in both.
  virtual auto files() -> Result<std::vector<IndicatorFile>> = 0;
  /// Compares every byte of a file with its checksums. malformed: it is damaged, and what of it; not_found: it was
  /// merged away meanwhile.
  virtual auto check(std::string const &file) -> Result<void> = 0;
  /// Merges everything into one file: what was taken back, and what expired long ago, is gone afterwards. `progress` is
  /// told now and then how many of how many indicators are done; false stops, with unavailable and nothing changed.
  using Progress = std::function<bool(std::uint64_t done, std::uint64_t of)>;
  virtual auto compact(Progress const &progress) -> Result<void> = 0;

  /// Reads everything once, unless nothing has changed since the last time: seconds for a hundred million. A second
  /// caller waits for the first.
  virtual auto summarise(Viewer const &viewer, Time now) -> Result<IndicatorSummary> = 0;

  /// The types of which there is anything at all, ascending; what was withdrawn counts until it is merged away. At
  /// once.
  virtual auto held_types() -> Result<std::vector<ValueType>> = 0;

  /// Writes everything applied so far to a new folder, to be opened in place of this store's.
  virtual auto copy_to(std::string const &path) -> Result<void> = 0;
};

}  // namespace noroshi::model
