// What formats of one entry a line share: lines put together from pieces, at bounded memory.
#pragma once

#include "understand/feeds/feed.hpp"

namespace noroshi::understand::feeds {

/// A line's end is LF or CR LF; a byte order mark in front of a file is passed over; a line longer than kMaxFeedLine
/// is refused while it goes by.
class LineFeed : public FeedFormat {
public:
  void begin_file(std::string_view file, FeedSink &to) override;
  void read(std::string_view bytes, FeedSink &to) final;
  void end_file(FeedSink &to) override;

protected:
  /// A line without its end and without blanks on both sides; never empty.
  virtual void read_line(std::string_view line, FeedSink &to) = 0;

private:
  void give(std::string_view line, FeedSink &to);
  void give_carried(FeedSink &to);

  std::string carried_;           // the beginning of a line that goes on in the next piece
  std::uint64_t line_ = 0;        // of the file, the last one given
  std::uint64_t long_bytes_ = 0;  // of a line that is too long, while it goes by
};

/// `line` without what stands behind a blank and one of `signs`: "192.0.2.1 # scanner" → "192.0.2.1".
auto without_remark(std::string_view line, std::string_view signs) -> std::string_view;

/// "*.example.com" and ".example.com" mean all below: the name alone, and subtree. Otherwise the text as it is.
struct NameAndScope {
  std::string_view name;
  model::Scope scope = model::Scope::exact;
};
auto wildcard(std::string_view text) -> NameAndScope;

/// The first lines of a sample that are no comment ('#' or ';' in front) and not blank; never a cut one.
auto sample_lines(FeedSample const &sample, std::size_t most) -> std::vector<std::string_view>;

}  // namespace noroshi::understand::feeds
