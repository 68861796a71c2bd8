// MISP feed folders: manifest.json and one JSON file an event (UUID.json); single events too. The core format is
// draft-dulaunoy-misp-core-format.
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "model/characters.hpp"
#include "understand/feeds/feed.hpp"
#include "understand/feeds/misp_types.hpp"

namespace noroshi::understand::feeds {

namespace {

namespace dom = simdjson::dom;

/// An event is read as a whole, as what holds for its attributes may stand behind them. The largest in public feeds
/// have some 30 MB.
constexpr auto kMaxEvent = std::size_t{64} << 20;
constexpr auto kMaxTags = std::size_t{32};
constexpr auto kMaxTag = std::size_t{200};
constexpr auto kMaxListed = std::size_t{1'000'000};  // events in a manifest

auto base_name(std::string_view file) -> std::string_view { return file.substr(file.rfind('/') + 1); }

auto text_of(dom::element const &element, std::string_view name) -> std::string_view {
  auto text = std::string_view{};
  return element[name].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

/// MISP writes flags as true, "1" and 1.
auto flag_of(dom::element const &element, std::string_view name) -> bool {
  auto flag = false;
  if (element[name].get_bool().get(flag) == simdjson::SUCCESS) return flag;
  auto number = std::int64_t{0};
  if (element[name].get_int64().get(number) == simdjson::SUCCESS) return number != 0;
  return text_of(element, name) == "1";
}

auto time_of(dom::element const &element, std::string_view name) -> std::optional<Time> {
  auto number = std::int64_t{0};
  constexpr auto kLatest = std::int64_t{1} << 33;  // seconds; 2242
  if (element[name].get_int64().get(number) == simdjson::SUCCESS && number > 0 && number < kLatest)
    return Time{std::chrono::seconds{number}};
  auto const text = text_of(element, name);
  if (text.empty()) return std::nullopt;
  auto const parsed = parse_feed_time(text);
  return parsed ? std::optional{*parsed} : std::nullopt;
}

template <class Take>
void each(dom::element const &element, std::string_view name, Take take) {
  auto list = dom::array{};
  if (element[name].get_array().get(list) == simdjson::SUCCESS)
    for (auto const item : list) take(item);
}

constexpr auto kUnknownMarking = std::string_view{"an unknown TLP marking: taken as red"};

void add_tags(dom::element const &element, FeedFacts &facts, FeedSink &to) {
  each(element, "Tag", [&](dom::element const &tag) {
    auto const name = text_of(tag, "name");
    if (model::lower(name.substr(0, 4)) == "tlp:") {
      // "tlp:unclear", "tlp:ex:chr": words that may mean anything mean the strictest.
      auto const tlp = model::parse_tlp(name);
      if (!tlp) to.take_but(kUnknownMarking, name);
      facts.tlp = std::max(facts.tlp.value_or(model::Tlp::clear), tlp.value_or(model::Tlp::red));
      return;
    }
    if (name.contains("command-and-control") || name.contains("kill-chain:Command and Control"))
      facts.role = model::Role::c2;
    if (!name.empty() && name.size() <= kMaxTag && facts.tags.size() < kMaxTags) facts.tags.emplace_back(name);
  });
}

class Misp final : public FeedFormat {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "MISP feeds: a folder of events with its manifest.json, or single events; each event is an origin";
  }

  [[nodiscard]] auto recognises(FeedSample const &sample) const -> bool override {
    auto const first = sample.beginning.find_first_not_of(" \t\r\n[\xef\xbb\xbf");
    if (first == std::string_view::npos || sample.beginning[first] != '{') return false;
    if (base_name(sample.file) == "manifest.json" || sample.has_manifest) return true;
    auto const head = sample.beginning.substr(first, 200);
    return head.contains("\"Event\"") || (head.contains("\"response\"") && sample.beginning.contains("\"Event\""));
  }

  [[nodiscard]] auto wants(std::string_view file) const -> bool override {
    return file.ends_with(".json") && FeedFormat::wants(file);
  }

  void begin_file(std::string_view file, FeedSink &) override {
    file_ = file;
    text_.clear();
    too_large_ = false;
  }

  void read(std::string_view bytes, FeedSink &) override {
    too_large_ = too_large_ || text_.size() + bytes.size() > kMaxEvent;
    if (!too_large_) text_.append(bytes);
  }

  void end_file(FeedSink &to) override {
    if (too_large_)
      return to.unreadable("an event too large", file_, fmt::format("at most {} bytes are read", kMaxEvent));
    if (text_.starts_with("\xef\xbb\xbf")) text_.erase(0, 3);
    auto document = dom::element{};
    if (auto const error = parser_.parse(text_).get(document); error != simdjson::SUCCESS)
      return to.unreadable("not JSON", file_, simdjson::error_message(error));
    if (base_name(file_) == "manifest.json") return read_manifest(document, to);
    auto event = dom::element{};
    auto found = std::size_t{0};
    auto const take = [&](dom::element const &holder) {
      if (holder["Event"].get(event) != simdjson::SUCCESS) return;
      ++found;
      read_event(event, to);
    };
    if (document.is_object()) {
      take(document);
      each(document, "response", take);
    }
    if (auto list = dom::array{}; document.get_array().get(list) == simdjson::SUCCESS)
      for (auto const holder : list) take(holder);
    if (found == 0) to.unreadable("no MISP event", file_);
    text_.clear();
  }

  void end(FeedSink &to) override {
    for (auto const &uuid : listed_)
      if (!read_.contains(uuid)) to.unreadable("in the manifest, but not there", uuid + ".json");
  }

private:
  void read_manifest(dom::element const &document, FeedSink &to) {
    auto events = dom::object{};
    if (document.get_object().get(events) != simdjson::SUCCESS) return to.unreadable("no MISP manifest", file_);
    for (auto const &[uuid, about] : events)
      if (listed_.size() < kMaxListed) listed_.emplace(uuid);
  }

  void read_event(dom::element const &event, FeedSink &to) {
    if (read_.size() < kMaxListed) read_.emplace(text_of(event, "uuid"));
    auto facts = FeedFacts{};
    facts.report = std::string{text_of(event, "info")};
    add_tags(event, facts, to);
    auto const day = time_of(event, "date");
    auto const read_list = [&](dom::element const &holder) {
      each(holder, "Attribute", [&](dom::element const &attribute) { read_attribute(attribute, facts, day, to); });
    };
    read_list(event);
    each(event, "Object", read_list);
  }

  void read_attribute(dom::element const &attribute, FeedFacts const &of_event, std::optional<Time> day, FeedSink &to) {
    auto const name = text_of(attribute, "type");
    auto const text = text_of(attribute, "value");
    auto const *const type = misp_type(name);
    if (type == nullptr) return to.leave_out(fmt::format("attributes of type {}", name.substr(0, 40)), text);
    if (flag_of(attribute, "deleted")) return to.leave_out("deleted at its source", text);
    auto facts = of_event;
    facts.attribute = std::string{name};
    facts.to_ids = flag_of(attribute, "to_ids");
    if (type->direction != model::Direction::unknown) facts.direction = type->direction;
    add_tags(attribute, facts, to);
    auto value = FeedValue{.facts = to.facts(facts)};
    value.first = time_of(attribute, "first_seen");
    value.last = time_of(attribute, "last_seen");
    if (!value.first && !value.last) value.first = day ? day : time_of(attribute, "timestamp");
    // "a|b" has a value before the bar, one behind it, or both.
    auto const bar = type->parts[1].empty() && type->parts[0] != "ip" ? std::string_view::npos : text.find('|');
    give(type->parts[0], text.substr(0, bar), value, to);
    if (bar != std::string_view::npos) give(type->parts[1], text.substr(bar + 1), value, to);
  }

  static void give(std::string_view type, std::string_view text, FeedValue value, FeedSink &to) {
    if (type.empty() || type == "-") return;
    auto const known = model::parse_value_type(type);
    if (!known) return to.leave_out(fmt::format("values of type {}", type), text);
    value.type = *known;
    // MISP's ip-src and ip-dst hold blocks too.
    if (*known == model::ValueType::ip && text.contains('/')) value.type = model::ValueType::cidr;
    value.text = text;
    to.value(value);
  }

  std::string file_, text_;
  bool too_large_ = false;
  dom::parser parser_{kMaxEvent + simdjson::SIMDJSON_PADDING};
  std::set<std::string, std::less<>> listed_, read_;
};

Registered<FeedFormat, Misp> const misp{"misp"};

}  // namespace
}  // namespace noroshi::understand::feeds
