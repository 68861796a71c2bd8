#include "know/engine/run_writer.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace noroshi::know::engine {

namespace {

// 65 of 100 slots in use: fuller, a hash's line is too often full and the next one must be read too.
constexpr auto kTableFill = std::uint64_t{65};
// One write call for so many bytes, which end where a huge page does: the kernel then keeps the file in huge pages, and
// a look-up among 6 GB walks no tables of pages (10 % of it at 10 million indicators; files.cpp asks for them).
constexpr auto kBufferBytes = std::size_t{4} << 20;
constexpr auto kHugePage = std::uint64_t{2} << 20;

auto page_up(std::uint64_t bytes) -> std::uint64_t { return (bytes + kPage - 1) / kPage * kPage; }
auto home_lines_for(std::uint64_t entries) -> std::uint64_t {
  return entries * 100 / (kTableFill * TableLine::kSlots) + 1;
}
/// Hashes pushed past the last home line: as many lines as they could all fill, at most some.
auto spill_lines_for(std::uint64_t entries) -> std::uint64_t {
  return std::min<std::uint64_t>(entries / TableLine::kSlots + 1, 1024);
}
auto bytes_of(auto const &what) -> std::string_view { return {reinterpret_cast<char const *>(&what), sizeof what}; }

}  // namespace

void note_block(std::uint8_t type, std::string_view value, std::string &blocks, Lengths &lengths) {
  if (type != static_cast<std::uint8_t>(model::ValueType::cidr) || value.empty()) return;
  lengths.add(value.size() == 5, static_cast<unsigned char>(value.front()));
  blocks.push_back(static_cast<char>(value.size()));
  blocks.append(value);
}

RunWriter::RunWriter(OutFile &file, std::uint64_t entries, Base base)
    : file_(file), upper_(entries), base_(base), filter_(entries), home_lines_(home_lines_for(entries)) {
  table_.offset = kPage;
  auto const filter_offset = table_.offset + page_up((home_lines_ + spill_lines_for(entries)) * sizeof(TableLine));
  entries_.offset = filter_offset + page_up(filter_.lines().size_bytes());
  facts_.filter.offset = filter_offset;
  for (auto *const stream : {&table_, &entries_}) stream->sum = std::make_unique<Checksum>();
}

auto RunWriter::put(Stream &to, std::string_view bytes) -> Result<void> {
  to.buffer.append(bytes);
  return to.buffer.size() < kBufferBytes ? Result<void>{ok} : flush(to);
}

auto RunWriter::flush(Stream &stream) -> Result<void> {
  auto const at = stream.offset + stream.written;
  auto const end = (at + stream.buffer.size()) / kHugePage * kHugePage;
  return write(stream, static_cast<std::size_t>(end - at));
}

auto RunWriter::write(Stream &stream, std::size_t bytes) -> Result<void> {
  auto const front = std::string_view{stream.buffer}.substr(0, bytes);
  TRY_VOID(file_.write_at(stream.offset + stream.written, front));
  stream.sum->add(front);
  stream.written += bytes;
  stream.buffer.erase(0, bytes);
  return ok;
}

auto RunWriter::close(Stream &stream) -> Result<Section> {
  TRY_VOID(write(stream, stream.buffer.size()));
  return Section{stream.offset, stream.written, stream.sum->value()};
}

/// The entry at `next_offset` is the first that does not stand in this line.
auto RunWriter::end_line(std::uint64_t next_offset) -> Result<void> {
  TRY_VOID(put(table_, bytes_of(line_)));
  line_ = {};
  line_.offset_and_count = next_offset << 8;
  ++line_number_;
  return ok;
}

/// Notes that the next entry has this hash and starts at `offset` among the entries.
auto RunWriter::index(std::uint64_t hash, std::uint64_t offset) -> Result<void> {
  if (facts_.entries == upper_) return fail(ErrorCode::internal, "more entries than the run was made for");
  auto const home = home_line(hash, home_lines_);
  while (line_number_ < home || line_.count() == TableLine::kSlots) TRY_VOID(end_line(offset));
  if (line_number_ >= home_lines_ + spill_lines_for(upper_))
    return fail(ErrorCode::internal, "too many hashes meet at the end of a run");
  line_.hashes[line_.count()] = hash;
  ++line_.offset_and_count;
  filter_.insert(hash);
  ++facts_.entries;
  return ok;
}

auto RunWriter::add(EncodedEntries const &entries) -> Result<void> {
  auto offset = entries_.written + entries_.buffer.size();
  for (auto i = std::size_t{0}; i < entries.hashes.size(); ++i) {
    TRY_VOID(index(entries.hashes[i], offset));
    offset += entries.sizes[i];
  }
  TRY_VOID(put(entries_, entries.bytes));
  facts_.fragments += entries.fragments;
  blocks_.append(entries.blocks);
  facts_.lengths.add(entries.lengths);
  for (auto type = std::size_t{0}; type < facts_.of_type.size(); ++type) facts_.of_type[type] += entries.of_type[type];
  facts_.lowest_version = std::min(facts_.lowest_version, base_.version);
  facts_.highest_version = std::max(facts_.highest_version, base_.version);
  return ok;
}

auto RunWriter::add(std::uint64_t hash, std::uint8_t type, std::string_view value,
                    std::vector<Fragment> const &fragments) -> Result<void> {
  TRY_VOID(index(hash, entries_.written + entries_.buffer.size()));
  append_entry(entries_.buffer, type, value, fragments, base_);
  if (entries_.buffer.size() >= kBufferBytes) TRY_VOID(flush(entries_));
  facts_.fragments += fragments.size();
  ++facts_.of_type[type % facts_.of_type.size()];
  note_block(type, value, blocks_, facts_.lengths);
  for (auto const &one : fragments) {
    facts_.lowest_version = std::min(facts_.lowest_version, one.version);
    facts_.highest_version = std::max(facts_.highest_version, one.version);
  }
  return ok;
}

auto RunWriter::finish() -> Result<RunFacts> {
  auto const end = entries_.written + entries_.buffer.size();
  TRY_VOID(end_line(end));
  while (line_number_ < home_lines_) TRY_VOID(end_line(end));
  auto const filter_lines = filter_.lines();
  auto const filter_bytes =
      std::string_view{reinterpret_cast<char const *>(filter_lines.data()), filter_lines.size_bytes()};
  TRY_VOID(file_.write_at(facts_.filter.offset, filter_bytes));
  facts_.filter.bytes = filter_bytes.size();
  facts_.filter.checksum = Checksum::of(filter_bytes);
  facts_.saturated = filter_.saturated() ? 1 : 0;
  TRY(facts_.table, close(table_));
  TRY(facts_.parts, close(entries_));

  auto offsets = std::string{};
  auto texts = std::string{};
  for (auto i = std::uint32_t{0}; i < descriptors_.size(); ++i) {
    append_le(offsets, std::uint64_t{texts.size()});
    texts.append(descriptors_[i]);
  }
  append_le(offsets, std::uint64_t{texts.size()});
  offsets.append(texts);
  facts_.blocks = {entries_.offset + page_up(facts_.parts.bytes), blocks_.size(), Checksum::of(blocks_)};
  TRY_VOID(file_.write_at(facts_.blocks.offset, blocks_));
  facts_.descriptors = {facts_.blocks.offset + page_up(blocks_.size()), offsets.size(), Checksum::of(offsets)};
  TRY_VOID(file_.write_at(facts_.descriptors.offset, offsets));
  facts_.home_lines = home_lines_;
  facts_.base = base_;
  TRY_VOID(file_.write_at(0, write_header(facts_)));
  return facts_;
}

}  // namespace noroshi::know::engine
