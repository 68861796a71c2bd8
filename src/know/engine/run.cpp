#include "know/engine/run.hpp"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

#include "know/engine/stored_value.hpp"

namespace noroshi::know::engine {

namespace {

// Below this the pages of the file are as good: they fit the translation buffer of the processor.
constexpr auto kHotFilterBytes = std::size_t{2} << 20;

/// Huge pages: a probe of a mapped file of 300 MB costs three times as much, for its address translation.
auto copy_to_huge_pages(std::string_view bytes) -> std::shared_ptr<void> {
  constexpr auto kHugePage = std::size_t{2} << 20;
  auto const size = (bytes.size() + kHugePage - 1) / kHugePage * kHugePage;
  auto *const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return {};  // the mapped file serves, only slower
  ::madvise(at, size, MADV_HUGEPAGE);
  std::memcpy(at, bytes.data(), bytes.size());
  return {at, [size](void *mapped) { ::munmap(mapped, size); }};
}

// A small run, as every commit makes one, is not worth 2 MiB of bits.
constexpr auto kManyEntries = std::uint64_t{16'384};

auto touched_by(std::string_view blocks) -> std::unique_ptr<TouchedBlocks const> {
  auto touched = std::make_unique<TouchedBlocks>();
  for (auto from = ByteReader{blocks}; !from.rest().empty() && !from.failed();) {
    auto const size = from.little<std::uint8_t>();
    auto const value = from_stored(static_cast<std::uint8_t>(model::ValueType::cidr), from.take(size));
    if (auto const block = value ? model::IpPrefix::parse(value->text) : value.error(); block)
      touched->add(block->address(), block->length());
  }
  return touched;
}

}  // namespace

auto Run::damaged(std::string_view what) const -> Error { return fail(ErrorCode::malformed, "{}: {}", name_, what); }

auto Run::damaged_meanwhile(std::string_view what) const -> Error {
  return damaged(fmt::format(
      "{}; \"noroshi store check\" tells what else is damaged, a backup or the sources have what was in it", what));
}

auto Run::open(std::shared_ptr<Bytes const> bytes, std::string name) -> Result<std::shared_ptr<Run const>> {
  auto run = std::shared_ptr<Run>{new Run{std::move(bytes), std::move(name)}};
  auto facts = read_header(run->bytes_->view());
  if (!facts) {
    auto error = run->damaged(facts.error().sentence);
    error.code = facts.error().code;
    return error;
  }
  run->facts_ = *facts;
  auto const table = run->part(facts->table);
  run->table_ = {reinterpret_cast<TableLine const *>(table.data()), table.size() / sizeof(TableLine)};
  auto filter = run->part(facts->filter);
  if (Checksum::of(filter) != facts->filter.checksum) return run->damaged("its filter is damaged");
  if (filter.size() >= kHotFilterBytes)
    if ((run->hot_ = copy_to_huge_pages(filter))) filter = {static_cast<char const *>(run->hot_.get()), filter.size()};
  run->filter_ = {reinterpret_cast<FilterLine const *>(filter.data()), filter.size() / sizeof(FilterLine)};

  auto const blocks = run->part(facts->blocks);
  if (Checksum::of(blocks) != facts->blocks.checksum) return run->damaged("its list of blocks is damaged");
  if (facts->entries >= kManyEntries && !blocks.empty()) run->touched_ = touched_by(blocks);

  // The offsets come first; the first of them is 0, the last one is where the texts end.
  auto const descriptors = run->part(facts->descriptors);
  if (Checksum::of(descriptors) != facts->descriptors.checksum) return run->damaged("its descriptors are damaged");
  auto count = std::uint64_t{0};
  for (auto i = std::uint64_t{0}; (i + 1) * 8 <= descriptors.size(); ++i) {
    count = i;
    if (load_le<std::uint64_t>(descriptors.data() + i * 8) == descriptors.size() - (i + 1) * 8) break;
  }
  run->descriptor_count_ = static_cast<std::uint32_t>(count);
  return std::shared_ptr<Run const>{std::move(run)};
}

auto Run::descriptor(std::uint32_t number) const -> std::string_view {
  if (number >= descriptor_count_) return {};
  auto const all = part(facts_.descriptors);
  auto const texts = all.substr((std::uint64_t{descriptor_count_} + 1) * 8);
  auto const from = load_le<std::uint64_t>(all.data() + std::uint64_t{number} * 8);
  auto const to = load_le<std::uint64_t>(all.data() + (std::uint64_t{number} + 1) * 8);
  return from <= to && to <= texts.size() ? texts.substr(from, to - from) : std::string_view{};
}

void Run::filter_candidates(std::span<std::uint64_t const> hashes, std::vector<std::uint32_t> &to) const {
  if (facts_.saturated == 0) return find_candidates(filter_, hashes, to);
  for (auto i = std::uint32_t{0}; i < hashes.size(); ++i) to.push_back(i);
}

auto Run::at(Place place) const -> std::optional<ByteReader> {
  auto const entries = part(facts_.parts);
  if (place.offset > entries.size()) return std::nullopt;
  auto from = ByteReader{entries.substr(place.offset)};
  for (auto i = place.behind; i > 0; --i)
    if (!skip_entry(from)) return std::nullopt;
  return from;
}

auto Run::locate(std::uint64_t hash) const -> Place {
  for (auto number = home_line(hash, facts_.home_lines); number < table_.size(); ++number) {
    auto const &line = table_[number];
    auto const count = std::min(line.count(), TableLine::kSlots);
    for (auto slot = std::uint32_t{0}; slot < count; ++slot) {
      if (line.hashes[slot] < hash) continue;
      auto const alone = slot + 1 < count && line.hashes[slot + 1] != hash;
      return line.hashes[slot] == hash ? Place{line.offset(), slot, alone} : Place{};
    }
    if (count < TableLine::kSlots) break;
  }
  return {};
}

void Run::prefetch_entry(Place place) const {
  if (place.offset >= facts_.parts.bytes) return;
  auto const *const at = bytes_->view().data() + facts_.parts.offset + place.offset;
  // An entry is about a line long; those before it are skipped one by one.
  for (auto line = 0U; line < place.behind + 2; ++line) __builtin_prefetch(at + line * 64);
}

auto Run::find_at(Place place, std::uint64_t hash, std::uint8_t type, std::string_view value) const
    -> Result<std::optional<EntryView>> {
  auto from = at(place);
  if (!from) return damaged_meanwhile("its table is damaged");
  auto const first = read_entry(*from);
  if (!first) return damaged_meanwhile(first.error().sentence);
  if (first->type == type && first->value == value) return std::optional{*first};
  if (place.alone) return std::optional<EntryView>{};
  for (auto cursor = Cursor{*this, hash}; !cursor.done() && cursor.hash() == hash; cursor.next())
    if (cursor.entry().type == type && cursor.entry().value == value) return std::optional{cursor.entry()};
  return std::optional<EntryView>{};
}

auto Run::find(std::uint64_t hash, std::uint8_t type, std::string_view value) const
    -> Result<std::optional<EntryView>> {
  auto const place = locate(hash);
  if (place.is_nowhere()) return std::optional<EntryView>{};
  return find_at(place, hash, type, value);
}

auto Run::check() const -> Result<void> {
  auto const sections = {std::pair{&facts_.table, "table is"}, std::pair{&facts_.filter, "filter is"},
                         std::pair{&facts_.parts, "entries are"}, std::pair{&facts_.blocks, "list of blocks is"},
                         std::pair{&facts_.descriptors, "descriptors are"}};
  for (auto const &[section, what] : sections)
    if (Checksum::of(part(*section)) != section->checksum) return damaged(fmt::format("its {} damaged", what));
  return ok;
}

Run::Cursor::Cursor(Run const &run, std::uint64_t from) : run_(&run), line_(home_line(from, run.facts_.home_lines)) {
  // A hash that belongs into this line may stand in a later one; an earlier one never has it.
  for (; !done(); ++line_) {
    auto const &line = run.table_[line_];
    auto const count = std::min(line.count(), TableLine::kSlots);
    slot_ = 0;
    while (slot_ < count && line.hashes[slot_] < from) ++slot_;
    if (slot_ < count) break;
  }
  if (done()) return;
  auto const start = run.at({run.table_[line_].offset(), static_cast<std::uint32_t>(slot_)});
  if (!start) {
    stop("its table is damaged");
    return;
  }
  rest_ = *start;
  read();
}

void Run::Cursor::stop(std::string_view why) {
  failure_ = run_->damaged_meanwhile(why);
  line_ = run_->table_.size();
}

void Run::Cursor::read() {
  while (!done() && slot_ >= run_->table_[line_].count()) {
    ++line_;
    slot_ = 0;
  }
  if (done()) return;
  if (slot_ >= TableLine::kSlots) return stop("its table is damaged");
  hash_ = run_->table_[line_].hashes[slot_];
  auto entry = read_entry(rest_);
  if (!entry) return stop(entry.error().sentence);
  entry_ = *entry;
}

void Run::Cursor::next() {
  ++slot_;
  read();
}

}  // namespace noroshi::know::engine
