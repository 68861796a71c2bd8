// STIX 2.1 bundles: the values of indicators' patterns. Observables by themselves are no indicators.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>

#include "understand/feeds/feed.hpp"
#include "understand/feeds/json_objects.hpp"
#include "understand/feeds/stix_pattern.hpp"

namespace noroshi::understand::feeds {

namespace {

namespace dom = simdjson::dom;

constexpr auto kMaxTags = std::size_t{32};
constexpr auto kMaxTag = std::size_t{200};
constexpr auto kMaxMarkings = std::size_t{1000};  // a bundle's own definitions

struct Marking {
  std::string_view id;
  model::Tlp tlp;
};
// STIX 2.1 section 7.2.1.4 (TLP 1.0) and the OASIS extension for TLP 2.0.
constexpr auto kMarkings = std::to_array<Marking>({
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", model::Tlp::clear},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", model::Tlp::green},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", model::Tlp::amber},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", model::Tlp::red},
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", model::Tlp::clear},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", model::Tlp::green},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", model::Tlp::amber},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", model::Tlp::amber_strict},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", model::Tlp::red},
});

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
    markings_.clear();
  }

  void read(std::string_view bytes, FeedSink &to) override {
    objects_.read(bytes, [&](std::string_view object) { take(object, to); });
  }

  void end_file(FeedSink &to) override {
    if (!objects_.is_complete())
      to.refuse("a bundle that is cut off, or no JSON", "", "what was read of it before counts");
  }

private:
  void take(std::string_view text, FeedSink &to) {
    if (text.empty()) return to.refuse("an object too large", "", fmt::format("at most {} bytes are read", kMaxObject));
    auto object = dom::object{};
    if (parser_.parse(text.data(), text.size()).get_object().get(object) != simdjson::SUCCESS)
      return to.refuse("not JSON", text);
    auto const type = text_of(object, "type");
    if (type == "marking-definition") return note_marking(object);
    if (type != "indicator")
      return to.leave_out(fmt::format("objects of type {}", type.substr(0, 40)), text_of(object, "id"));
    take_indicator(object, to);
  }

  void note_marking(dom::object const &object) {
    auto tlp = std::string_view{};
    if (object["definition"]["tlp"].get_string().get(tlp) != simdjson::SUCCESS) return;
    if (auto const parsed = model::parse_tlp(tlp); parsed && markings_.size() < kMaxMarkings)
      markings_.insert_or_assign(std::string{text_of(object, "id")}, *parsed);
  }

  void take_indicator(dom::object const &object, FeedSink &to) {
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
    value.facts = to.facts(facts_of(object));
    for (auto const &found : *values) {
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
    each_text(object, "object_marking_refs", [&](std::string_view id) {
      if (auto const tlp = marking_of(id)) facts.tlp = std::max(facts.tlp.value_or(*tlp), *tlp);
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

  [[nodiscard]] auto marking_of(std::string_view id) const -> std::optional<model::Tlp> {
    if (auto const own = markings_.find(id); own != markings_.end()) return own->second;
    auto const found = std::ranges::find(kMarkings, id, &Marking::id);
    return found == kMarkings.end() ? std::nullopt : std::optional{found->tlp};
  }

  JsonObjects objects_;
  dom::parser parser_{kMaxObject};
  std::map<std::string, model::Tlp, std::less<>> markings_;
};

Registered<FeedFormat, Stix> const stix{"stix"};

}  // namespace
}  // namespace noroshi::understand::feeds
