// What was taken back since it was written: sources replaced as a whole, and reports withdrawn. Fragments stay in their
// runs, invisible, until a merge leaves them out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "know/engine/descriptor.hpp"

namespace noroshi::know::engine {

struct Erasures {
  std::map<model::SourceId, Generation> generations;  // not there: 0
  /// Versions up to which what a source said in a report is withdrawn.
  std::map<std::pair<model::SourceId, model::ReportId>, std::uint64_t> withdrawn;

  [[nodiscard]] auto generation_of(model::SourceId source) const -> Generation;
  /// The highest version that is withdrawn; 0: none.
  [[nodiscard]] auto withdrawn_through(model::SourceId source, model::ReportId report) const -> std::uint64_t;
  /// True where a fragment with this descriptor, written by `version`, says nothing any more.
  [[nodiscard]] auto gone(DescriptorHead const &head, std::uint64_t version) const -> bool;
  /// Forgets withdrawals that cover no fragment: none is left from before `lowest_version`.
  void forget_before(std::uint64_t lowest_version);

  auto operator==(Erasures const &) const -> bool = default;
};

void append(std::string &to, Erasures const &erasures);
/// What append() wrote, off the front; the reader has failed() where it is cut off.
auto read_erasures(ByteReader &from) -> Erasures;

}  // namespace noroshi::know::engine
