#include "understand/feeds/json_objects.hpp"

namespace noroshi::understand::feeds {

namespace {
constexpr auto kLongestName = std::size_t{16};  // "objects" is looked for
constexpr auto kListDepth = 2U, kObjectDepth = 3U;
}  // namespace

void JsonObjects::in_text(char c) {
  if (escaped_)
    escaped_ = false;
  else if (c == '\\')
    escaped_ = true;
  else if (c == '"')
    in_string_ = false;
  else if (depth_ == 1 && name_.size() < kLongestName)
    name_.push_back(c);
}

void JsonObjects::keep(char c) {
  if (!taking_) return;
  if (object_.size() < kMaxObject)
    object_.push_back(c);
  else
    too_large_ = true;
}

void JsonObjects::open(char c) {
  began_ = true;
  ++depth_;
  if (depth_ == kListDepth) in_objects_ = c == '[' && name_ == "objects";
  has_list_ = has_list_ || (depth_ == kListDepth && in_objects_);
  if (depth_ == kObjectDepth && in_objects_ && c == '{') {
    taking_ = true;
    too_large_ = false;
    object_.clear();
  }
}

void JsonObjects::close(char c, Take const &take) {
  keep(c);
  if (depth_ > 0) --depth_;
  if (!taking_ || depth_ != kListDepth) return;
  taking_ = false;
  take(too_large_ ? std::string_view{} : std::string_view{object_});
}

void JsonObjects::read(std::string_view bytes, Take const &take) {
  for (auto const c : bytes) {
    if (in_string_) {
      in_text(c);
    } else if (c == '"') {
      in_string_ = true;
      if (depth_ == 1) name_.clear();
    } else if (c == '{' || c == '[') {
      open(c);
    } else if (c == '}' || c == ']') {
      close(c, take);
      continue;
    }
    keep(c);
  }
}

}  // namespace noroshi::understand::feeds
