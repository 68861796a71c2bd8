// The port of the import ledger: which lines of other programs' logs are in the stores already, so that reading a log
// again doubles nothing. Lines are known by keyed hashes, kept by sensor and by ten minutes of the log's own time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/id.hpp"

namespace noroshi::model {

/// Hashes of lines that went into one batch of one sensor.
struct LedgerPart {
  SensorId sensor;
  std::uint64_t sequence = 0;  // of the batch
  std::int64_t slot = 0;       // ten minutes of the log's time, counted from 1970
  std::vector<std::uint64_t> lines;
};

/// Thread-safe.
///
/// A part is written before its batch is handed to the intake log, and counts only where that batch was acknowledged:
/// so forget_after() is to be called with what the intake log has before anything is loaded.
class ImportLedger {
public:
  virtual ~ImportLedger() = default;
  /// Random, made with the ledger: what the line hashes are keyed with, so that nobody can aim at them.
  [[nodiscard]] virtual auto key() const -> std::array<std::uint8_t, 16> const & = 0;
  virtual auto sensors() -> Result<std::vector<SensorId>> = 0;
  /// Drops the parts of batches beyond `sequence`.
  virtual auto forget_after(SensorId sensor, std::uint64_t sequence) -> Result<void> = 0;
  virtual auto load(SensorId sensor, std::int64_t slot) -> Result<std::vector<std::uint64_t>> = 0;
  /// Durable when it returns.
  virtual auto write(std::span<LedgerPart const> parts) -> Result<void> = 0;
  /// Writes everything to a new file, to be opened in place of the ledger's.
  virtual auto copy_to(std::string const &path) -> Result<void> = 0;
};

}  // namespace noroshi::model
