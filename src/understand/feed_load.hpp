// One load of a feed: its bytes go through a format, its values become canonical, and the store takes them in behind a
// curtain that finish() opens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_load.hpp"
#include "model/ports/indicator_store.hpp"
#include "understand/feed_order.hpp"
#include "understand/feeds/feed.hpp"
#include "understand/feeds/quick_value.hpp"
#include "understand/feeds/text_arena.hpp"

namespace noroshi::understand {

/// Not thread-safe; uses helper threads of its own inside read().
class FeedLoad final : private FeedSink {
public:
  struct Ports {
    model::IndicatorStore &store;
    model::Catalogue &catalogue;
    Clock const &clock;
    std::size_t most_facts = kMaxFeedFacts;
  };
  /// malformed: no such format, wrong columns, a name that is not for feeds. denied: not this viewer, or not this
  /// source. conflict: analysts' reports bear the name.
  static auto create(FeedOrder order, Ports ports, model::Viewer const &viewer) -> Result<std::unique_ptr<FeedLoad>>;

  /// Ends the one before, where that was not done.
  auto begin_file(std::string_view name) -> Result<void>;
  /// malformed: no file was begun.
  auto read(std::string_view bytes) -> Result<void>;
  auto end_file() -> Result<void>;
  /// Makes all of it visible, durably, and audits it. Once. With `replaced`: malformed where nothing was taken, a
  /// file has a hole in it or nothing at all; conflict where there are fewer than half as many values as before. Then
  /// nothing has changed.
  auto finish() -> Result<FeedOutcome>;

  [[nodiscard]] auto so_far() const -> FeedOutcome const & { return outcome_; }
  [[nodiscard]] auto source() const -> model::SourceId { return source_; }

private:
  struct Entry {
    std::string_view text;
    std::uint64_t line = 0;
    std::uint32_t file = 0;  // in files_
    FeedFactsId facts = 0;
    std::optional<model::ValueType> type;
    model::Scope scope = model::Scope::exact;
    model::Seen seen;
  };
  struct Read {  // an entry in canonical form
    bool is_value = false, was_suffix = false;
    model::ValueType type = model::ValueType::ip;
    model::Scope scope = model::Scope::exact;
    std::string_view text;
    std::string kept;  // the text, where it is not the entry's own; where there is no value, why
  };

  FeedLoad(FeedOrder order, Ports ports, model::Viewer viewer)
      : order_(std::move(order)), ports_(ports), viewer_(std::move(viewer)), now_(ports.clock.now()) {}

  void at_line(std::uint64_t number) override;
  void comment() override { ++outcome_.comments; }
  auto facts(FeedFacts const &facts) -> FeedFactsId override;
  void value(FeedValue const &value) override;
  void refuse(std::string_view reason, std::string_view text, std::string_view sentence) override;
  void unreadable(std::string_view reason, std::string_view text, std::string_view sentence) override;
  void nothing_in(std::string_view reason, std::string_view text) override;
  void take_but(std::string_view reason, std::string_view text) override;
  void leave_out(std::string_view reason, std::string_view text) override;

  [[nodiscard]] auto check_whole() const -> Result<void>;
  [[nodiscard]] auto check_size(std::uint64_t held) const -> Result<void>;
  [[nodiscard]] auto marking_of(FeedFacts const &facts) const -> model::Tlp;
  [[nodiscard]] auto taken() const -> std::uint64_t { return outcome_.values + entries_.size(); }
  auto bare_facts(FeedFacts const &facts) -> FeedFactsId;
  auto note_what_stays() -> Result<void>;
  auto flush_when(std::size_t there_are) -> Result<void>;
  auto name_reports() -> Result<void>;
  void read_entries();
  void read_some(std::size_t first, std::size_t last);
  auto hand_over(Entry const &entry, Read const &read) -> Result<void>;
  auto context_of(FeedFactsId facts, model::Scope scope) -> std::uint32_t;

  FeedOrder order_;
  Ports ports_;
  model::Viewer viewer_;
  Time now_;
  model::SourceId source_;
  std::int64_t number_ = 0;  // of this load, for the catalogue
  std::unique_ptr<FeedFormat> format_;
  std::unique_ptr<model::IndicatorLoad> load_;
  FeedOutcome outcome_;
  std::vector<std::string> files_;  // of the entries, the one that is being read last
  std::uint64_t line_ = 0;
  std::vector<Entry> entries_;
  TextArena texts_;  // of the entries
  std::vector<Read> read_;
  std::optional<Error> failure_;  // of a flush inside a format's call

  std::uint64_t taken_before_ = 0;  // this file began
  bool in_file_ = false;
  bool at_beginning_ = true, skips_ = false;  // of the file; it is in no encoding that is read
  std::string hole_;                          // the first file that has one, and what it is
  std::string empty_;                         // the first file with nothing in it

  struct Known {
    FeedFacts facts;
    model::ReportId report;
    std::optional<std::uint32_t> exact, subtree;  // contexts of the load
  };
  std::vector<Known> known_;                              // by the facts' number
  std::unordered_map<std::string, FeedFactsId> numbers_;  // of this file
  std::unordered_map<std::string, FeedFactsId> bare_;     // of those past the limit
  struct Named {
    model::ReportId id;
    model::Tlp marking = model::Tlp::clear;
  };
  std::unordered_map<std::string, Named> reports_;  // by title
  std::size_t unnamed_ = 1;                         // from this number on facts have no report's id yet
};

}  // namespace noroshi::understand
