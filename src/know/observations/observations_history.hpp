// What is known of one source: counts, and lists of the values seen last. Histories merge like the observations they
// were made of, so a part for each group or run can be kept and put together later, in the order of the groups.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <xxhash.h>

#include "model/observation.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::know::observations {

// Numbers are stored on disk: never reuse one, add at the end.
enum class List : std::uint8_t {
  ports,
  source_ports,
  services,
  protocols,
  user_agents,
  client_versions,
  ja3,
  ja4,
  hassh,
  usernames,
  urls,
  sha256,
};
inline constexpr auto kListCount = std::size_t{12};
constexpr auto holds_numbers(List list) -> bool { return list == List::ports || list == List::source_ports; }

/// A profile shows what a source does; whole padded payloads in 32 user names would only fill the memory.
inline constexpr auto kMaxProfileText = std::size_t{512};
/// Where the stamps of fresh values start; values read back from disk have smaller ones (see decode()).
inline constexpr auto kFirstStamp = std::uint64_t{1} << 48;
/// More than all lists together hold, so that the parts of one history take disjoint stamps.
inline constexpr auto kStampsPerPart = std::uint64_t{1024};
static_assert(kListCount * model::kProfileListLimit < kStampsPerPart);

/// Text is std::string, or std::string_view while the bytes are owned by somebody else.
template <class Text>
class History {
public:
  template <class Other>
  friend class History;

  /// Takes in one observation, and where its source came from (model::encode). Stamps grow with every observation of
  /// the store.
  void note(model::Observation const &observation, std::uint64_t stamp, std::string_view where = {});
  /// Takes in what came later (or earlier: stamps tell).
  template <class Other>
  void absorb(History<Other> const &other);

  /// The compact form for the store.
  [[nodiscard]] auto encode() const -> std::string;
  /// The history in `bytes`; `part` counts the parts of one source from the oldest. Nothing where they are damaged.
  static auto decode(std::string_view bytes, std::uint64_t part) -> std::optional<History>;

  [[nodiscard]] auto to_profile(model::IpAddress address) const -> model::Profile;

private:
  struct Item {
    std::uint64_t key;    // the port, or a hash of the text
    std::uint64_t stamp;  // when it was seen last
    List list;
    Text text;
  };
  void note_value(List list, std::uint64_t key, std::string_view text, std::uint64_t stamp);
  void note_text(List list, std::string_view text, std::uint64_t stamp) {
    text = text.substr(0, kMaxProfileText);
    if (!text.empty()) note_value(list, ::XXH3_64bits(text.data(), text.size()), text, stamp);
  }
  [[nodiscard]] auto by_age() const -> std::vector<Item const *>;

  std::int64_t first_ = INT64_MAX, last_ = INT64_MIN;  // µs
  std::uint64_t observations_ = 0, sessions_ = 0, logins_ = 0, commands_ = 0, requests_ = 0, downloads_ = 0;
  bool handshake_ = false;
  bool truncated_ = false;
  Text where_;  // at the time last_
  std::vector<Item> items_;
};

template <class Text>
template <class Other>
void History<Text>::absorb(History<Other> const &other) {
  if (other.last_ >= last_ && where_ != other.where_) where_ = Text{other.where_};
  first_ = std::min(first_, other.first_);
  last_ = std::max(last_, other.last_);
  observations_ += other.observations_;
  sessions_ += other.sessions_;
  logins_ += other.logins_;
  commands_ += other.commands_;
  requests_ += other.requests_;
  downloads_ += other.downloads_;
  handshake_ |= other.handshake_;
  truncated_ |= other.truncated_;
  for (auto const &item : other.items_) note_value(item.list, item.key, item.text, item.stamp);
}

extern template class History<std::string>;
extern template class History<std::string_view>;

}  // namespace noroshi::know::observations
