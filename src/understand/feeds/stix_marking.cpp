#include "understand/feeds/stix_marking.hpp"

#include <algorithm>
#include <array>

namespace noroshi::understand::feeds {

namespace {

namespace dom = simdjson::dom;

constexpr auto kMaxMarkings = std::size_t{1000};  // a bundle's own definitions; those behind are unknown, which is red

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

// The OASIS extension by which TLP 2.0 is told in a definition.
constexpr auto kTlp2 = std::string_view{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"};

/// Red where the text is no marking that we know.
auto strict(std::string_view text) -> model::Tlp { return model::parse_tlp(text).value_or(model::Tlp::red); }

auto defined(dom::object const &definition) -> std::optional<model::Tlp> {
  auto text = std::string_view{};
  if (definition["extensions"][kTlp2]["tlp_2_0"].get_string().get(text) == simdjson::SUCCESS) return strict(text);
  if (definition["definition"]["tlp"].get_string().get(text) == simdjson::SUCCESS) return strict(text);
  if (definition["definition_type"].get_string().get(text) == simdjson::SUCCESS && text == "tlp")
    return model::Tlp::red;
  if (definition["name"].get_string().get(text) == simdjson::SUCCESS)
    if (auto const tlp = model::parse_tlp(text)) return *tlp;
  return std::nullopt;
}

}  // namespace

void StixMarkings::note(dom::object const &definition) {
  auto id = std::string_view{};
  if (definition["id"].get_string().get(id) != simdjson::SUCCESS || own_.size() >= kMaxMarkings) return;
  auto const tlp = defined(definition);
  auto const [place, is_new] = own_.try_emplace(std::string{id}, tlp);
  // Defined twice: the stricter one (none is less than any).
  if (!is_new) place->second = std::max(place->second, tlp);
}

void StixMarkings::add(std::string_view id, Answer &answer) const {
  auto const own = own_.find(id);
  auto const standard = std::ranges::find(kMarkings, id, &Marking::id);
  if (own == own_.end() && standard == kMarkings.end()) {
    answer = {model::Tlp::red, false};
    return;
  }
  if (own != own_.end()) answer.tlp = std::max(answer.tlp, own->second);
  if (standard != kMarkings.end()) answer.tlp = std::max(answer.tlp, std::optional{standard->tlp});
}

auto StixMarkings::of(dom::object const &object) const -> Answer {
  constexpr auto kInDoubt = Answer{model::Tlp::red, false};
  auto answer = Answer{};
  auto id = std::string_view{};
  auto list = dom::array{};
  if (auto const refs = object["object_marking_refs"]; refs.error() == simdjson::SUCCESS) {
    if (refs.get_array().get(list) != simdjson::SUCCESS) return kInDoubt;
    for (auto const ref : list) {
      if (ref.get_string().get(id) != simdjson::SUCCESS) return kInDoubt;
      add(id, answer);
    }
  }
  if (auto const marks = object["granular_markings"]; marks.error() == simdjson::SUCCESS) {
    if (marks.get_array().get(list) != simdjson::SUCCESS) return kInDoubt;
    for (auto const mark : list) {
      // A granular mark may tell of a language instead.
      auto const ref = mark["marking_ref"];
      if (ref.error() == simdjson::NO_SUCH_FIELD && mark["lang"].error() == simdjson::SUCCESS) continue;
      if (ref.get_string().get(id) != simdjson::SUCCESS) return kInDoubt;
      add(id, answer);
    }
  }
  return answer;
}

}  // namespace noroshi::understand::feeds
