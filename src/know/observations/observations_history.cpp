#include "know/observations/observations_history.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace noroshi::know::observations {

using model::Field;
using model::Kind;

namespace {

// 2 has `where` behind the items.
constexpr auto kVersion = std::uint8_t{2};
constexpr auto kFirstVersion = std::uint8_t{1};
enum Flags : std::uint8_t { kHandshake = 1, kTruncated = 2 };

struct ListedField {
  Field field;
  List list;
};
constexpr auto kListedFields = std::array{ListedField{Field::protocol, List::protocols},
                                          ListedField{Field::user_agent, List::user_agents},
                                          ListedField{Field::client_version, List::client_versions},
                                          ListedField{Field::ja3, List::ja3},
                                          ListedField{Field::ja4, List::ja4},
                                          ListedField{Field::hassh, List::hassh},
                                          ListedField{Field::username, List::usernames},
                                          ListedField{Field::url, List::urls},
                                          ListedField{Field::sha256, List::sha256}};

auto texts_of(model::Profile &profile, List list) -> std::vector<std::string> * {
  switch (list) {
    case List::services: return &profile.services;
    case List::protocols: return &profile.protocols;
    case List::user_agents: return &profile.user_agents;
    case List::client_versions: return &profile.client_versions;
    case List::ja3: return &profile.ja3;
    case List::ja4: return &profile.ja4;
    case List::hassh: return &profile.hassh;
    case List::usernames: return &profile.usernames;
    case List::urls: return &profile.urls;
    case List::sha256: return &profile.sha256;
    case List::ports:
    case List::source_ports: break;
  }
  return nullptr;
}

}  // namespace

template <class Text>
void History<Text>::note_value(List list, std::uint64_t key, std::string_view text, std::uint64_t stamp) {
  auto listed = std::size_t{0};
  Item *oldest = nullptr;
  for (auto &item : items_) {
    if (item.list != list) continue;
    if (item.key == key && item.text == text) {
      item.stamp = std::max(item.stamp, stamp);
      return;
    }
    ++listed;
    if (oldest == nullptr || item.stamp < oldest->stamp) oldest = &item;
  }
  if (listed < model::kProfileListLimit) {
    items_.push_back({key, stamp, list, Text{text}});
    return;
  }
  truncated_ = true;
  if (oldest->stamp < stamp) *oldest = {key, stamp, list, Text{text}};
}

template <class Text>
void History<Text>::note(model::Observation const &observation, std::uint64_t stamp, std::string_view where) {
  auto const time = std::int64_t{observation.time.time_since_epoch().count()};
  if (time >= last_ && where_ != where) where_ = Text{where};
  first_ = std::min(first_, time);
  last_ = std::max(last_, time);
  ++observations_;
  sessions_ += static_cast<std::uint64_t>(observation.kind == Kind::opened);
  logins_ += static_cast<std::uint64_t>(observation.kind == Kind::login);
  commands_ += static_cast<std::uint64_t>(observation.kind == Kind::command);
  requests_ += static_cast<std::uint64_t>(observation.kind == Kind::request);
  downloads_ += static_cast<std::uint64_t>(observation.kind == Kind::download);
  handshake_ |= observation.transport == model::Transport::tcp && observation.kind != Kind::other;
  // Logs of other programs do not tell every port; 0 stands for that.
  if (observation.destination.port != 0) note_value(List::ports, observation.destination.port, {}, stamp);
  if (observation.source.port != 0) note_value(List::source_ports, observation.source.port, {}, stamp);
  note_text(List::services, observation.service, stamp);
  if (observation.present() == 0) return;
  for (auto const &[field, list] : kListedFields)
    if (observation.has(field)) note_text(list, observation.text(field), stamp);
}

template <class Text>
auto History<Text>::by_age() const -> std::vector<Item const *> {
  auto sorted = std::vector<Item const *>{};
  sorted.reserve(items_.size());
  for (auto const &item : items_) sorted.push_back(&item);
  std::ranges::sort(sorted, {}, [](Item const *item) { return std::tuple{item->stamp, item->list}; });
  return sorted;
}

template <class Text>
auto History<Text>::encode() const -> std::string {
  auto bytes = std::string{};
  bytes.push_back(static_cast<char>(kVersion));
  bytes.push_back(static_cast<char>((handshake_ ? kHandshake : 0) | (truncated_ ? kTruncated : 0)));
  append_le(bytes, first_);
  append_le(bytes, last_);
  for (auto const count : {observations_, sessions_, logins_, commands_, requests_, downloads_})
    append_varint(bytes, count);
  append_varint(bytes, items_.size());
  for (auto const *const item : by_age()) {
    bytes.push_back(static_cast<char>(item->list));
    append_varint(bytes, holds_numbers(item->list) ? item->key : item->text.size());
    bytes.append(item->text);
  }
  append_varint(bytes, where_.size());
  bytes.append(where_);
  return bytes;
}

template <class Text>
auto History<Text>::decode(std::string_view bytes, std::uint64_t part) -> std::optional<History> {
  auto reader = ByteReader{bytes};
  auto history = History{};
  auto const version = reader.little<std::uint8_t>();
  if (version < kFirstVersion || version > kVersion) return std::nullopt;
  auto const flags = reader.little<std::uint8_t>();
  history.handshake_ = (flags & kHandshake) != 0;
  history.first_ = reader.little<std::int64_t>();
  history.last_ = reader.little<std::int64_t>();
  for (auto *const count : {&history.observations_, &history.sessions_, &history.logins_, &history.commands_,
                            &history.requests_, &history.downloads_})
    *count = reader.varint();
  auto const items = reader.varint();
  if (items >= kStampsPerPart) return std::nullopt;
  auto stamp = part * kStampsPerPart;
  for (auto i = std::uint64_t{0}; i < items; ++i) {
    auto const list = static_cast<List>(reader.little<std::uint8_t>());
    auto const number = reader.varint();
    if (reader.failed() || static_cast<std::size_t>(list) >= kListCount) return std::nullopt;
    if (holds_numbers(list))
      history.note_value(list, number, {}, stamp++);
    else
      history.note_text(list, reader.take(number), stamp++);
  }
  if (version > kFirstVersion) history.where_ = Text{reader.take(reader.varint())};
  if (reader.failed()) return std::nullopt;
  history.truncated_ = (flags & kTruncated) != 0;
  return history;
}

template <class Text>
auto History<Text>::to_profile(model::IpAddress address) const -> model::Profile {
  auto profile = model::Profile{};
  profile.address = address;
  profile.first_seen = Time{Duration{first_}};
  profile.last_seen = Time{Duration{last_}};
  profile.observations = observations_;
  profile.sessions = sessions_;
  profile.logins = logins_;
  profile.commands = commands_;
  profile.requests = requests_;
  profile.downloads = downloads_;
  profile.spoofable = !handshake_;
  profile.truncated = truncated_;
  profile.where = model::decode_where(where_);
  auto items = by_age();
  std::ranges::reverse(items);
  for (auto const *const item : items) {
    if (auto *const texts = texts_of(profile, item->list); texts != nullptr)
      texts->push_back(lossless_utf8(item->text));
    else
      (item->list == List::ports ? profile.ports : profile.source_ports)
          .push_back(static_cast<std::uint16_t>(item->key));
  }
  return profile;
}

template class History<std::string>;
template class History<std::string_view>;

}  // namespace noroshi::know::observations
