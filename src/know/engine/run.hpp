// A run that is being read: an immutable file, or the same bytes in memory.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "know/engine/entry.hpp"
#include "know/engine/files.hpp"
#include "know/engine/run_layout.hpp"
#include "know/engine/touched_blocks.hpp"
#include "know/line_filter.hpp"

namespace noroshi::know::engine {

/// Immutable, so thread-safe.
class Run {
public:
  /// Verifies header and filter and copies the filter to where probes are fast; everything else stays where it is.
  /// Errors name `name`, and not what to do.
  static auto open(std::shared_ptr<Bytes const> bytes, std::string name) -> Result<std::shared_ptr<Run const>>;
  Run(Run const &) = delete;
  auto operator=(Run const &) -> Run & = delete;

  [[nodiscard]] auto name() const -> std::string const & { return name_; }
  [[nodiscard]] auto facts() const -> RunFacts const & { return facts_; }
  [[nodiscard]] auto size() const -> std::size_t { return bytes_->view().size(); }
  [[nodiscard]] auto bytes() const -> std::string_view { return bytes_->view(); }
  [[nodiscard]] auto filter() const -> std::span<FilterLine const> { return filter_; }

  /// Never false for a hash that is here.
  [[nodiscard]] auto may_contain(std::uint64_t hash) const -> bool {
    return facts_.saturated != 0 || know::may_contain(filter_, hash);
  }
  /// Adds the numbers of those hashes that may be here, in order.
  void filter_candidates(std::span<std::uint64_t const> hashes, std::vector<std::uint32_t> &to) const;
  /// Never false for an address inside of a block that is here.
  [[nodiscard]] auto may_enclose(model::IpAddress address) const -> bool {
    return !touched_ || touched_->may_enclose(address);
  }
  void prefetch_filter(std::uint64_t hash) const { __builtin_prefetch(&filter_[filter_line(hash, filter_.size())]); }
  /// Where an entry stands: some entries behind the first of its table line.
  struct Place {
    std::uint64_t offset = ~std::uint64_t{0};  // of the first, among the entries
    std::uint32_t behind = 0;
    bool alone = false;  // the next entry has another hash
    [[nodiscard]] auto is_nowhere() const -> bool { return offset == ~std::uint64_t{0}; }
  };
  /// A look-up in four steps, each of which asks for the memory that the next one reads: prefetch_table(), locate(),
  /// prefetch_entry(), find_at().
  void prefetch_table(std::uint64_t hash) const { __builtin_prefetch(&table_[home_line(hash, facts_.home_lines)]); }
  /// The first entry with this hash.
  [[nodiscard]] auto locate(std::uint64_t hash) const -> Place;
  void prefetch_entry(Place place) const;
  /// The entry of this value at `place` or, where hashes meet, behind it. Damaged bytes are malformed.
  [[nodiscard]] auto find_at(Place place, std::uint64_t hash, std::uint8_t type, std::string_view value) const
      -> Result<std::optional<EntryView>>;
  /// All steps at once.
  [[nodiscard]] auto find(std::uint64_t hash, std::uint8_t type, std::string_view value) const
      -> Result<std::optional<EntryView>>;
  [[nodiscard]] auto fragments(EntryView const &entry) const -> FragmentReader {
    return {entry.fragments, facts_.base};
  }
  /// Empty where the number is none of this run.
  [[nodiscard]] auto descriptor(std::uint32_t number) const -> std::string_view;
  [[nodiscard]] auto descriptors() const -> std::uint32_t { return descriptor_count_; }

  /// Compares every part with its checksum.
  [[nodiscard]] auto check() const -> Result<void>;

  /// Walks the entries in the order of (hash, type, value).
  class Cursor {
  public:
    /// At the first entry with a hash of at least `from`.
    explicit Cursor(Run const &run, std::uint64_t from = 0);
    [[nodiscard]] auto done() const -> bool { return line_ >= run_->table_.size(); }
    [[nodiscard]] auto hash() const -> std::uint64_t { return hash_; }
    [[nodiscard]] auto entry() const -> EntryView const & { return entry_; }
    [[nodiscard]] auto run() const -> Run const & { return *run_; }
    /// What is wrong with the bytes where the walk stopped early.
    [[nodiscard]] auto failure() const -> std::optional<Error> const & { return failure_; }
    void next();

  private:
    void read();
    void stop(std::string_view why);
    Run const *run_;
    std::uint64_t line_ = 0;
    std::size_t slot_ = 0;
    std::uint64_t hash_ = 0;
    ByteReader rest_{std::string_view{}};
    EntryView entry_;
    std::optional<Error> failure_;
  };

private:
  Run(std::shared_ptr<Bytes const> bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {}
  [[nodiscard]] auto part(Section const &section) const -> std::string_view {
    return bytes_->view().substr(section.offset, section.bytes);
  }
  [[nodiscard]] auto damaged(std::string_view what) const -> Error;
  /// The same for one who is looking something up, with what to do.
  [[nodiscard]] auto damaged_meanwhile(std::string_view what) const -> Error;
  /// The entries from `place` on; nothing where the table is damaged.
  [[nodiscard]] auto at(Place place) const -> std::optional<ByteReader>;

  std::shared_ptr<Bytes const> bytes_;
  std::string name_;
  RunFacts facts_;
  std::span<TableLine const> table_;
  std::span<FilterLine const> filter_;
  std::shared_ptr<void> hot_;                     // the filter's copy, where it has one
  std::unique_ptr<TouchedBlocks const> touched_;  // of runs for which it pays
  std::uint32_t descriptor_count_ = 0;
};

}  // namespace noroshi::know::engine
