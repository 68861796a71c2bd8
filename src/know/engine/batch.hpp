// One commit as the store takes it in: merged by indicator and key, in the order of hashes; and the body of its record
// in the write-ahead log (logs.hpp).
//
// body = varint n, n bytes stream, u64 position, u64 version, varint n, n × i64 source whose generation rises,
//        varint n, n × (i64 source, i64 report) withdrawn, i64 base time, varint n, n × (varint n, n bytes
//          descriptor), varint n, n × (u64 hash, entry)                                         (little-endian)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "know/engine/descriptor.hpp"
#include "know/engine/entry.hpp"
#include "know/engine/erasures.hpp"
#include "know/engine/run.hpp"
#include "know/engine/stored_value.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::know::engine {

struct BatchEntry {
  std::uint64_t hash = 0;
  std::uint8_t type = 0;
  std::string value;  // as stored
  std::vector<Fragment> fragments;
};

struct Batch {
  std::string stream;
  std::uint64_t position = 0;
  std::uint64_t version = 0;
  std::vector<model::SourceId> raised;
  std::vector<model::IndicatorCommit::Withdrawal> withdrawals;
  Base base;
  DescriptorTable descriptors;
  std::vector<BatchEntry> entries;  // by (hash, type, value)
};

/// Raises and withdraws in `erasures` what the batch raises and withdraws.
void erase(Erasures &erasures, Batch const &batch);

/// `erasures` as they are after the commit's sources were raised.
auto to_batch(model::IndicatorCommit const &commit, std::uint64_t version, StoreKey const &key,
              Erasures const &erasures) -> Result<Batch>;

/// The batch's entries as a run in memory.
auto run_of(Batch const &batch) -> Result<std::shared_ptr<Run const>>;

/// The body of the batch's record in the log.
auto to_body(Batch const &batch) -> std::string;
/// Nothing where it is not one's body.
auto from_body(std::string_view body) -> std::optional<Batch>;

}  // namespace noroshi::know::engine
