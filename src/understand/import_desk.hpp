// The import desk: takes pieces of other honeypots' logs, drops what is known, and hands the rest to the intake log in
// batches of the sensors that the log names. Exactly once, whatever ends it in between: the ledger is written first and
// counts only where the batch behind it was acknowledged (model/ports/import_ledger.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/batch.hpp"
#include "model/ports/catalogue.hpp"
#include "understand/intake_log.hpp"
#include "understand/known_lines.hpp"
#include "understand/reader.hpp"

namespace noroshi::understand {

/// Whole lines of a log; a format with a header has it as the first line of every piece.
struct ImportPiece {
  std::string &lines;            // may be given room behind its end, for parsers that look ahead
  std::string reader;            // empty: recognised
  std::uint64_t first_line = 1;  // number of the piece's first line in its file, for refusals
};

struct TypeCount {
  std::uint64_t lines = 0;
  std::uint64_t taken = 0;  // the others were known
};

struct RefusedLine {
  std::uint64_t line = 0;
  std::string reason;
  std::string beginning;  // any bytes
};

struct ImportOutcome {
  std::string reader;
  bool has_header = false;
  std::uint64_t lines = 0;         // without blank ones and the header
  std::uint64_t taken = 0;         // new, and durable
  std::uint64_t known = 0;         // taken by an import before
  std::uint64_t observations = 0;  // that the new lines made
  std::uint64_t refused = 0;
  std::uint64_t unfinished = 0;  // number of the last line where it is cut off; 0: it is whole
  std::map<std::string, TypeCount, std::less<>> types;
  std::vector<RefusedLine> refusals;  // the first ones
  std::vector<std::string> sensors;
};

/// Refusals told with their reason; all are counted.
inline constexpr auto kRefusalsTold = std::size_t{10};

struct ImportDeskOptions {
  model::ImportLedger &ledger;
  IntakeLog &log;
  model::Catalogue &catalogue;
  Clock const &clock;
  /// Waits until the stores have taken enough of the intake log that more may come; unavailable where they do not.
  std::function<Result<void>()> make_room;
};

/// Thread-safe; one piece at a time, others wait.
class ImportDesk {
public:
  explicit ImportDesk(ImportDeskOptions options) : options_(std::move(options)), known_(options_.ledger) {}
  /// Everything that the outcome counts as taken is durable. An error: what was not told may be in or not; the same
  /// piece again settles it.
  auto take(ImportPiece const &piece) -> Result<ImportOutcome>;

private:
  class Work;
  auto settle() -> Result<void>;
  auto reader_for(ImportPiece const &piece) -> Result<std::string>;

  ImportDeskOptions options_;
  std::mutex mutex_;
  SessionMemory sessions_;
  KnownLines known_;
  bool unsettled_ = true;  // the ledger may hold parts whose batches never came to be
};

}  // namespace noroshi::understand
