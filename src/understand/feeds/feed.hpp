// Feed formats: lists of indicators as others publish them. One file a format in feeds/, registered on its last line.
// Pure: bytes in, values out, no I/O; what a value is in canonical form is the load's business (feed_load.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/context.hpp"
#include "model/value.hpp"

namespace noroshi::understand {

/// A line has one value and a few words about it; a longer one is refused, and the next one read.
inline constexpr auto kMaxFeedLine = model::kMaxValueBytes + std::size_t{16 * 1024};

/// What many values of a feed share, as the feed says it; what is not said is the import's to say.
struct FeedFacts {
  std::string report;     // title of what the feed names as its origin: a MISP event, maltrail's reference
  std::string attribute;  // the feed's own name for the place the value stood in
  std::optional<model::Role> role;
  std::optional<model::Direction> direction;
  std::optional<std::uint8_t> confidence;
  std::optional<model::Tlp> tlp;
  std::optional<bool> to_ids;
  std::vector<std::string> tags;
};

/// Number of facts given to the sink; 0: none.
using FeedFactsId = std::uint32_t;

/// One value, as it stands in the feed.
struct FeedValue {
  std::string_view text;                     // may be defanged
  std::optional<model::ValueType> type;      // nothing: found by its signs
  model::Scope scope = model::Scope::exact;  // of a domain; other values are exact
  FeedFactsId facts = 0;
  std::optional<Time> first, last, expiry;
};

/// Where a format's findings go. Texts are good until the call returns.
class FeedSink {
public:
  virtual ~FeedSink() = default;
  /// The number of the line that the next calls speak of; 0 in formats without lines.
  virtual void at_line(std::uint64_t number) = 0;
  /// The line says nothing about values: it is blank, or a comment.
  virtual void comment() = 0;
  virtual auto facts(FeedFacts const &facts) -> FeedFactsId = 0;
  virtual void value(FeedValue const &value) = 0;
  /// Something is wrong. `reason` is one of few, by which refusals are counted; `sentence` says more, where there is
  /// more.
  virtual void refuse(std::string_view reason, std::string_view text, std::string_view sentence = {}) = 0;
  /// The same, of a file or what is left of it: cut off, no such document at all. A feed with such a hole in it is not
  /// put in the place of what its source said before.
  virtual void unreadable(std::string_view reason, std::string_view text, std::string_view sentence = {}) = 0;
  /// A file in which there is nothing: where it may be what an error left behind, the feed is not put in the place of
  /// what its source said before.
  virtual void nothing_in(std::string_view reason, std::string_view text) = 0;
  /// The value that comes next is taken, but not as it stands there.
  virtual void take_but(std::string_view reason, std::string_view text) = 0;
  /// Nothing is wrong, but it is no indicator: a URL's path alone, a regular expression.
  virtual void leave_out(std::string_view reason, std::string_view text) = 0;
};

/// What a feed's first file looks like.
struct FeedSample {
  std::string_view file;       // its name below the folder or archive, or its path
  std::string_view beginning;  // up to kFeedSampleBytes
  bool is_whole = false;       // there is nothing behind `beginning`
  bool has_manifest = false;   // a manifest.json lies beside it
};
inline constexpr auto kFeedSampleBytes = std::size_t{64} << 10;

/// For one thread at a time, and for one load.
class FeedFormat {
public:
  virtual ~FeedFormat() = default;
  /// What it reads, for `noroshi list feeds`.
  [[nodiscard]] virtual auto about() const -> std::string_view = 0;
  /// True where the sample can hardly be anything else.
  [[nodiscard]] virtual auto recognises(FeedSample const &sample) const -> bool = 0;
  /// Whether a file of that name in a folder or archive belongs to the feed; is_list() unless the format knows better.
  [[nodiscard]] virtual auto wants(std::string_view file) const -> bool;
  /// The column map, "value=1,first_seen=3". Malformed where the format has no columns, or not these.
  virtual auto set_columns(std::string_view columns) -> Result<void>;

  virtual void begin_file(std::string_view file, FeedSink &to) = 0;
  /// The file's bytes in any pieces.
  virtual void read(std::string_view bytes, FeedSink &to) = 0;
  virtual void end_file(FeedSink &to) = 0;
  /// Behind the last file.
  virtual void end(FeedSink &) {}
};

/// The format that the sample speaks for. malformed where none does; the sentence names those there are.
auto recognise_feed(FeedSample const &sample) -> Result<std::string>;

/// False for hidden files, and for what lies beside lists to tell of them: a licence, a read-me.
auto is_list(std::string_view file) -> bool;

/// UTF-16 by a file's first bytes: a byte order mark, or the zeros that ASCII has in it. No format is read in it.
auto is_utf16(std::string_view beginning) -> bool;

/// RFC 3339, "2026-01-31", "2026-01-31 10:20:30[.5][ UTC]", or seconds or milliseconds since 1970.
auto parse_feed_time(std::string_view text) -> Result<Time>;

/// Without blanks, tabs and carriage returns on both sides.
auto trimmed(std::string_view text) -> std::string_view;

}  // namespace noroshi::understand
