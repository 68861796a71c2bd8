#include "know/engine/run_layout.hpp"

#include <xxhash.h>

#include "base/bytes.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kMagic = std::string_view{"NRRUN001"};
constexpr auto kFamily = kMagic.substr(0, 5);

void append(std::string &to, Section const &section) {
  for (auto const number : {section.offset, section.bytes, section.checksum}) append_le(to, number);
}
auto read_section(ByteReader &from) -> Section {
  auto section = Section{};
  for (auto *const number : {&section.offset, &section.bytes, &section.checksum})
    *number = from.little<std::uint64_t>();
  return section;
}

}  // namespace

Checksum::Checksum() : state_(::XXH3_createState(), [](XXH3_state_s *state) { ::XXH3_freeState(state); }) {
  ::XXH3_64bits_reset(state_.get());
}
void Checksum::add(std::string_view bytes) { ::XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
auto Checksum::value() const -> std::uint64_t { return ::XXH3_64bits_digest(state_.get()); }
auto Checksum::of(std::string_view bytes) -> std::uint64_t { return ::XXH3_64bits(bytes.data(), bytes.size()); }

void Lengths::add(bool is_v4, unsigned length) {
  if (is_v4)
    v4 |= std::uint64_t{1} << length;
  else
    v6.at(length / 64) |= std::uint64_t{1} << (length % 64);
}

void Lengths::add(Lengths const &other) {
  v4 |= other.v4;
  for (auto i = std::size_t{0}; i < v6.size(); ++i) v6[i] |= other.v6[i];
}

auto write_header(RunFacts const &facts) -> std::string {
  auto text = std::string{kMagic};
  for (auto const number :
       {facts.entries, facts.fragments, facts.home_lines, facts.saturated, facts.lowest_version, facts.highest_version,
        static_cast<std::uint64_t>(facts.base.time), facts.base.version, facts.lengths.v4})
    append_le(text, number);
  for (auto const number : facts.lengths.v6) append_le(text, number);
  for (auto const number : facts.of_type) append_le(text, number);
  for (auto const *const section : {&facts.table, &facts.filter, &facts.parts, &facts.blocks, &facts.descriptors})
    append(text, *section);
  append_le(text, Checksum::of(text));
  text.resize(kPage);
  return text;
}

auto read_header(std::string_view file) -> Result<RunFacts> {
  auto from = ByteReader{file};
  auto const magic = from.take(kMagic.size());
  if (magic.starts_with(kFamily) && magic != kMagic)
    return fail(ErrorCode::conflict, "it was written by a newer version of this program");
  auto facts = RunFacts{};
  for (auto *const number : {&facts.entries, &facts.fragments, &facts.home_lines, &facts.saturated,
                             &facts.lowest_version, &facts.highest_version})
    *number = from.little<std::uint64_t>();
  facts.base.time = from.little<std::int64_t>();
  facts.base.version = from.little<std::uint64_t>();
  facts.lengths.v4 = from.little<std::uint64_t>();
  for (auto &number : facts.lengths.v6) number = from.little<std::uint64_t>();
  for (auto &number : facts.of_type) number = from.little<std::uint64_t>();
  auto const sections = {&facts.table, &facts.filter, &facts.parts, &facts.blocks, &facts.descriptors};
  for (auto *const section : sections) *section = read_section(from);
  auto const covered = file.substr(0, file.size() - from.rest().size());
  auto const checksum = from.little<std::uint64_t>();
  if (from.failed() || magic != kMagic || checksum != Checksum::of(covered))
    return fail(ErrorCode::malformed, "its header is damaged");
  for (auto const *const section : sections)
    if (section->offset % kPage != 0 || section->bytes > file.size() || section->offset > file.size() - section->bytes)
      return fail(ErrorCode::malformed, "it is cut off");
  auto const whole = facts.table.bytes % sizeof(TableLine) == 0 && facts.table.bytes / sizeof(TableLine) > 0 &&
                     facts.home_lines > 0 && facts.home_lines <= facts.table.bytes / sizeof(TableLine) &&
                     facts.filter.bytes % 64 == 0 && facts.filter.bytes > 0 && facts.descriptors.bytes >= 8;
  if (!whole) return fail(ErrorCode::malformed, "its parts do not fit each other");
  return facts;
}

}  // namespace noroshi::know::engine
