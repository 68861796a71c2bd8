// The objects in a JSON document's "objects" list one by one, as a STIX bundle has them: a bundle of any size at the
// memory of its largest object.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace noroshi::understand::feeds {

/// Larger objects are told, and passed over. Indicators have a few KiB; malware analyses and images are no indicators.
inline constexpr auto kMaxObject = std::size_t{4} << 20;

/// Only finds where objects begin and end; whether one is JSON is its reader's business.
class JsonObjects {
public:
  /// An object's text, good during the call; empty for one that was too large.
  using Take = std::function<void(std::string_view)>;

  void reset() { *this = {}; }
  void read(std::string_view bytes, Take const &take);
  /// False while a bracket is open, or none ever was: the document was cut, or is something else.
  [[nodiscard]] auto is_complete() const -> bool { return began_ && depth_ == 0 && !in_string_; }
  /// Whether there was an "objects" list, as every bundle with anything in it has one.
  [[nodiscard]] auto has_list() const -> bool { return has_list_; }

private:
  void in_text(char c);
  void open(char c);
  void close(char c, Take const &take);
  void keep(char c);

  std::uint32_t depth_ = 0;
  bool began_ = false, in_string_ = false, escaped_ = false;
  bool in_objects_ = false;  // inside the list
  bool has_list_ = false;
  bool taking_ = false, too_large_ = false;
  std::string name_;    // the last text at depth 1
  std::string object_;  // what of the object has come so far
};

}  // namespace noroshi::understand::feeds
