// Many short texts, kept together and forgotten together.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace noroshi::understand {

class TextArena {
public:
  /// The same text, at a place where it stays until clear().
  auto keep(std::string_view text) -> std::string_view {
    if (room_ < text.size()) add_chunk(text.size());
    auto *const place = end_;
    if (!text.empty()) std::memcpy(place, text.data(), text.size());
    end_ += text.size();
    room_ -= text.size();
    return {place, text.size()};
  }

  void clear() {
    chunks_.resize(std::min<std::size_t>(chunks_.size(), 1));
    end_ = chunks_.empty() ? nullptr : chunks_.front().get();
    room_ = chunks_.empty() ? 0 : first_size_;
  }

private:
  static constexpr auto kChunk = std::size_t{1} << 20;

  void add_chunk(std::size_t at_least) {
    auto const size = std::max(kChunk, at_least);
    if (chunks_.empty()) first_size_ = size;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    end_ = chunks_.back().get();
    room_ = size;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t first_size_ = 0, room_ = 0;
  char *end_ = nullptr;
};

}  // namespace noroshi::understand
