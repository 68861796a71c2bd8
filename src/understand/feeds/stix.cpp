// STIX 2.1 bundles: the values of indicators' patterns. Observables by themselves are no indicators.
#include <simdjson.h>

#include <algorithm>

#include "understand/feeds/feed.hpp"
#include "understand/feeds/json_objects.hpp"
#include "understand/feeds/stix_marking.hpp"
#include "understand/feeds/stix_pattern.hpp"

namespace noroshi::understand::feeds {

namespace {

namespace dom = simdjson::dom;

constexpr auto kMaxTags = std::size_t{32};
constexpr auto kMaxTag = std::size_t{200};
/// Indicators whose marking comes later in the bundle wait for it, a KiB or two each; past this they are red.
constexpr auto kMaxWaiting = std::size_t{64} << 20;
constexpr auto kUnknownMarking = std::string_view{"a marking that the bundle does not define: taken as red"};

auto text_of(dom::object const &object, std::string_view name) -> std::string_view {
  auto text = std::string_view{};
  return object[name].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

/// Calls `take` with each text of a list.
template <class Take>
void each_text(dom::object const &object, std::string_view name, Take take) {
  auto list = dom::array{};
  if (object[name].get_array().get(list) != simdjson::SUCCESS) return;
  for (auto const item : list)
    if (auto text = std::string_view{}; item.get_string().get(text) == simdjson::SUCCESS) take(text);
}

class Stix final : public FeedFormat {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "STIX 2.1 bundles: values of indicators' patterns, with marking, confidence, validity, labels";
  }

  [[nodiscard]] auto recognises(FeedSample const &sample) const -> bool override {
    auto const first = sample.beginning.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    return first != std::string_view::npos && sample.beginning[first] == '{' &&
           sample.beginning.contains("\"bundle--") && sample.beginning.contains("\"objects\"");
  }

  [[nodiscard]] auto wants(std::string_view file) const -> bool override {
    return file.ends_with(".json") && FeedFormat::wants(file);
  }

  void begin_file(std::string_view, FeedSink &) override {
    objects_.reset();
    markings_.reset();
    waiting_.clear();
  }

  void read(std::string_view bytes, FeedSink &to) override {
    objects_.read(bytes, [&](std::string_view object) { take(object, Wait::yes, to); });
  }

  void end_file(FeedSink &to) override {
    // STIX gives no order to objects: what is defined is known now.
    auto rest = std::string_view{waiting_};
    while (!rest.empty()) {
      auto const size = rest.find('\0');
      take(rest.substr(0, size), Wait::no, to);
      rest.remove_prefix(size + 1);
    }
    waiting_ = {};
    if (!objects_.is_complete()) return to.unreadable("a bundle that is cut off, or no JSON", "");
    if (!objects_.has_list()) to.nothing_in("JSON without a list of objects", "");
  }

private:
  enum class Wait : std::uint8_t { no, yes };

  void take(std::string_view text, Wait wait, FeedSink &to) {
    if (text.empty()) return to.refuse("an object too large", "", fmt::format("at most {} bytes are read", kMaxObject));
    auto object = dom::object{};
    if (parser_.parse(text.data(), text.size()).get_object().get(object) != simdjson::SUCCESS)
      return to.unreadable("not JSON", text);
    auto const type = text_of(object, "type");
    if (type == "marking-definition") return markings_.note(object);
    if (type != "indicator")
      return to.leave_out(fmt::format("objects of type {}", type.substr(0, 40)), text_of(object, "id"));
    auto const marking = markings_.of(object);
    if (!marking.is_known && wait == Wait::yes && waiting_.size() + text.size() < kMaxWaiting) {
      // Sound JSON has no zero bytes.
      waiting_.append(text).push_back('\0');
      return;
    }
    take_indicator(object, marking, to);
  }

  void take_indicator(dom::object const &object, StixMarkings::Answer const &marking, FeedSink &to) {
    auto const id = text_of(object, "id");
    auto revoked = false;
    if (object["revoked"].get_bool().get(revoked) == simdjson::SUCCESS && revoked)
      return to.leave_out("revoked at its source", id);
    if (auto const kind = text_of(object, "pattern_type"); kind != "stix" && !kind.empty())
      return to.leave_out(fmt::format("a pattern in {}", kind.substr(0, 40)), id);
    auto const values = pattern_values(text_of(object, "pattern"));
    if (!values && values.error().code == ErrorCode::not_found) return to.leave_out(values.error().sentence, id);
    if (!values) return to.refuse("no STIX pattern", text_of(object, "pattern"), values.error().sentence);
    auto value = FeedValue{};
    for (auto const &[name, time] :
         {std::pair{"valid_from", &value.first}, {"modified", &value.last}, {"valid_until", &value.expiry}}) {
      auto const text = text_of(object, name);
      if (text.empty()) continue;
      auto const parsed = parse_feed_time(text);
      if (!parsed) return to.refuse("a time that cannot be read", id, parsed.error().sentence);
      *time = *parsed;
    }
    // Many set valid_from to the moment of writing and never touch "modified", or the other way round.
    if (value.first && value.last) value.last = std::max(*value.first, *value.last);
    auto facts = facts_of(object);
    facts.tlp = marking.tlp;
    value.facts = to.facts(facts);
    for (auto const &found : *values) {
      if (!marking.is_known) to.take_but(kUnknownMarking, found.text);
      value.type = found.type;
      value.text = found.text;
      to.value(value);
    }
  }

  auto facts_of(dom::object const &object) -> FeedFacts {
    auto facts = FeedFacts{};
    facts.attribute = "indicator";
    facts.to_ids = true;
    auto const note_label = [&](std::string_view label) {
      if (auto const role = model::parse_role(label); role && !facts.role) facts.role = *role;
      if (!model::parse_role(label) && facts.tags.size() < kMaxTags && !label.empty() && label.size() <= kMaxTag)
        facts.tags.emplace_back(label);
    };
    each_text(object, "labels", note_label);
    each_text(object, "indicator_types", [&](std::string_view type) {
      if (type == "benign") facts.role = model::Role::benign;
      if (type == "anonymization" && !facts.role) facts.role = model::Role::relay;
      if (type == "benign") facts.to_ids = false;
    });
    note_phases(object, facts);
    if (auto confidence = std::uint64_t{0};
        object["confidence"].get_uint64().get(confidence) == simdjson::SUCCESS && confidence <= 100)
      facts.confidence = static_cast<std::uint8_t>(confidence);
    return facts;
  }

  /// Lockheed Martin's and MITRE's words for the same two phases.
  static void note_phases(dom::object const &object, FeedFacts &facts) {
    auto phases = dom::array{};
    if (object["kill_chain_phases"].get_array().get(phases) != simdjson::SUCCESS) return;
    for (auto const phase : phases) {
      auto name = std::string_view{};
      if (phase["phase_name"].get_string().get(name) != simdjson::SUCCESS || facts.role) continue;
      if (name == "command-and-control") facts.role = model::Role::c2;
      if (name == "delivery") facts.role = model::Role::download;
    }
  }

  JsonObjects objects_;
  dom::parser parser_{kMaxObject};
  StixMarkings markings_;
  std::string waiting_;  // indicators whose marking was not known yet, each with a zero byte behind it
};

Registered<FeedFormat, Stix> const stix{"stix"};

}  // namespace
}  // namespace noroshi::understand::feeds
