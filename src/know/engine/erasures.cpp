#include "know/engine/erasures.hpp"

namespace noroshi::know::engine {

auto Erasures::generation_of(model::SourceId source) const -> Generation {
  auto const found = generations.find(source);
  return found == generations.end() ? 0 : found->second;
}

auto Erasures::withdrawn_through(model::SourceId source, model::ReportId report) const -> std::uint64_t {
  auto const found = withdrawn.find({source, report});
  return found == withdrawn.end() ? 0 : found->second;
}

auto Erasures::gone(DescriptorHead const &head, std::uint64_t version) const -> bool {
  return head.generation != generation_of(head.source) || version <= withdrawn_through(head.source, head.report);
}

void Erasures::forget_before(std::uint64_t lowest_version) {
  std::erase_if(withdrawn, [&](auto const &one) { return one.second < lowest_version; });
}

void append(std::string &to, Erasures const &erasures) {
  append_varint(to, erasures.generations.size());
  for (auto const &[source, generation] : erasures.generations) {
    append_le(to, source.number);
    append_le(to, generation);
  }
  append_varint(to, erasures.withdrawn.size());
  for (auto const &[what, version] : erasures.withdrawn) {
    append_le(to, what.first.number);
    append_le(to, what.second.number);
    append_le(to, version);
  }
}

auto read_erasures(ByteReader &from) -> Erasures {
  auto erasures = Erasures{};
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto const source = model::SourceId{from.little<std::int64_t>()};
    erasures.generations[source] = from.little<Generation>();
  }
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto const source = model::SourceId{from.little<std::int64_t>()};
    auto const report = model::ReportId{from.little<std::int64_t>()};
    erasures.withdrawn[{source, report}] = from.little<std::uint64_t>();
  }
  return erasures;
}

}  // namespace noroshi::know::engine
