#include "search/fitness.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "model/probes.hpp"

namespace noroshi::search {
namespace {

// A fleet of sensors is thousands of sources; the largest are told, the rest counted.
constexpr auto kMaxHoldings = std::size_t{1'000};
// Services are counted over the latest days only: all of them would read the whole history.
constexpr auto kServiceDays = std::size_t{7};
constexpr auto kMaxServices = std::size_t{50};
// What is newer is fresh enough that its age needs no warning.
constexpr auto kFreshDays = std::int64_t{30};
// Roles named in a sentence, the largest first.
constexpr auto kNamedRoles = std::size_t{4};

/// The kinds of evidence that people search for, and what their sentences call them (texts "kinds_…").
constexpr auto kKinds = std::array{std::pair{EvidenceKind::address, "address"}, std::pair{EvidenceKind::name, "name"},
                                   std::pair{EvidenceKind::url, "url"}, std::pair{EvidenceKind::mail, "mail"},
                                   std::pair{EvidenceKind::file, "file"}};
/// Roles of what one's own machines would connect to.
constexpr auto kOutbound = std::array{model::Role::c2, model::Role::download, model::Role::phishing};

auto joined(std::span<std::string const> words) -> std::string {
  auto text = std::string{};
  for (auto const &word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

auto day_text(Time time) -> std::string { return noroshi::to_string(day_of(time)); }

/// "2026-04", or "2026-04 – 2026-06": the same in every language.
auto span_of(Time first, Time last) -> std::string {
  constexpr auto kMonth = std::size_t{7};
  auto const from = day_text(first).substr(0, kMonth);
  auto const to = day_text(last).substr(0, kMonth);
  return from == to ? from : from + " – " + to;
}

/// What all indicators have together.
struct Whole {
  Time first = Time::max(), last = Time::min();
  std::uint64_t indicators = 0;
  std::set<model::SourceId> sources;
  std::set<EvidenceKind> kinds;
  std::map<model::Role, std::uint64_t> roles;

  explicit Whole(model::IndicatorSummary const &summary) {
    for (auto const &type : summary.types) {
      indicators += type.indicators;
      kinds.insert(kind_of(type.type));
    }
    for (auto const &group : summary.groups) {
      first = std::min(first, group.first);
      last = std::max(last, group.last);
      sources.insert(group.source);
      roles[group.role] += group.indicators;
    }
  }

  /// The largest first, as codes of texts "roles_…".
  [[nodiscard]] auto role_list() const -> std::string {
    auto order = std::vector<std::pair<model::Role, std::uint64_t>>{roles.begin(), roles.end()};
    std::ranges::sort(order, [](auto const &a, auto const &b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    auto words = std::vector<std::string>{};
    for (auto const &[role, count] : order)
      if (words.size() < kNamedRoles) words.emplace_back(to_string(role));
    if (order.size() > kNamedRoles) words.emplace_back("other");
    return joined(words);
  }
};

void tell_indicators(Whole const &whole, Time now, Fitness &fitness) {
  if (whole.indicators == 0) {
    fitness.cannot.push_back({"cannot_indicators", {}});
    return;
  }
  auto const span = std::pair<std::string, std::string>{"span", span_of(whole.first, whole.last)};
  auto const roles = std::pair<std::string, std::string>{"roles", whole.role_list()};
  auto present = std::vector<std::string>{};
  auto absent = std::vector<std::string>{};
  for (auto const &[kind, word] : kKinds) (whole.kinds.contains(kind) ? present : absent).emplace_back(word);
  if (!present.empty()) fitness.can.push_back({"can_match", {{"kinds", joined(present)}, roles, span}});
  if (!absent.empty()) fitness.cannot.push_back({"cannot_kinds", {{"kinds", joined(absent)}, roles, span}});
  if (std::ranges::none_of(kOutbound, [&](auto role) { return whole.roles.contains(role); }))
    fitness.cannot.push_back({"cannot_outbound", {}});
  fitness.cannot.push_back({"cannot_before", {{"date", day_text(whole.first)}}});
  auto const age = std::chrono::floor<std::chrono::days>(now - whole.last).count();
  if (age > kFreshDays)
    fitness.cannot.push_back({"cannot_since", {{"date", day_text(whole.last)}, {"days", std::to_string(age)}}});
  if (whole.sources.size() == 1)
    fitness.cannot.push_back({"cannot_confirm", {{"source", fitness.holdings.front().source}}});
}

void tell_observations(ObservedDays const &observed, Fitness &fitness) {
  if (observed.observations == 0) {
    fitness.cannot.push_back({"cannot_observations", {}});
    return;
  }
  auto services = std::string{};
  for (auto const &service : observed.services) services += (services.empty() ? "" : ", ") + service.value;
  auto const first = noroshi::to_string(*observed.first);
  fitness.can.push_back({services.empty() ? "can_look_back" : "can_look_back_services",
                         {{"observations", std::to_string(observed.observations)},
                          {"count", std::to_string(observed.days)},
                          {"first", first},
                          {"last", noroshi::to_string(*observed.last)},
                          {"services", services}}});
  fitness.cannot.push_back({"cannot_look_back", {{"date", first}}});
}

auto observed_days(model::Viewer const &viewer, model::ObservationStore &store) -> Result<ObservedDays> {
  TRY(auto days, store.days(viewer));
  std::erase_if(days, [](auto const &day) { return day.rows == 0; });
  std::ranges::sort(days, {}, &model::DayInfo::day);
  auto observed = ObservedDays{};
  if (days.empty()) return observed;
  observed.days = days.size();
  for (auto const &day : days) observed.observations += day.rows;
  observed.first = days.front().day;
  observed.last = days.back().day;
  observed.counted_since = days[days.size() - std::min(days.size(), kServiceDays)].day;
  TRY(observed.services, store.top_origins(model::Kind::opened, model::Origin::service, Time{observed.counted_since},
                                           kMaxServices, viewer));
  return observed;
}

}  // namespace

auto fitness(model::Viewer const &viewer, Knowledge const &knowledge) -> Result<Fitness> {
  auto const now = knowledge.clock.now();
  auto fitness = Fitness{};
  TRY(fitness.observed, observed_days(viewer, knowledge.observations));
  TRY(auto summary, knowledge.indicators.summarise(viewer, now));
  auto const whole = Whole{summary};
  std::ranges::sort(summary.groups, [](auto const &a, auto const &b) {
    return std::tuple{b.indicators, a.source, a.type, a.role} < std::tuple{a.indicators, b.source, b.type, b.role};
  });
  fitness.holdings_left_out = summary.groups.size() - std::min(summary.groups.size(), kMaxHoldings);
  summary.groups.resize(summary.groups.size() - fitness.holdings_left_out);
  auto names = std::map<model::SourceId, std::string>{};
  for (auto const &group : summary.groups) {
    auto const [name, is_new] = names.try_emplace(group.source);
    if (is_new) {
      auto const found = knowledge.catalogue.source(group.source);
      name->second = found ? found->name : fmt::format("source {}", group.source.number);
    }
    fitness.holdings.push_back({name->second, group});
  }
  fitness.types = std::move(summary.types);
  tell_indicators(whole, now, fitness);
  tell_observations(fitness.observed, fitness);
  return fitness;
}

void write(codec::JsonWriter &json, Fitness const &fitness, std::string_view language, Sentences const &sentences) {
  json.begin_object().key("types").begin_array();
  for (auto const &[type, indicators] : fitness.types)
    json.begin_object().member("type", to_string(type)).member("indicators", indicators).end_object();
  json.end_array().key("indicators").begin_array();
  for (auto const &[source, group] : fitness.holdings) {
    json.begin_object().member("source", source).member("type", to_string(group.type));
    json.member("role", to_string(group.role)).member("indicators", group.indicators);
    json.member("contexts", group.contexts).member("first_seen", group.first).member("last_seen", group.last);
    json.end_object();
  }
  json.end_array().member("indicators_left_out", fitness.holdings_left_out);
  auto const &observed = fitness.observed;
  auto const day = [](std::optional<Day> const &one) {
    return one ? std::optional{noroshi::to_string(*one)} : std::optional<std::string>{};
  };
  json.key("observations").begin_object().member("days", observed.days).member("observations", observed.observations);
  json.member("first_day", day(observed.first)).member("last_day", day(observed.last)).key("services").begin_array();
  for (auto const &service : observed.services)
    json.begin_object().member("service", service.value).member("visits", service.count).end_object();
  json.end_array();
  json.member("services_since",
              observed.days == 0 ? std::optional<std::string>{} : noroshi::to_string(observed.counted_since));
  json.end_object();
  for (auto const &[name, reasons] : {std::pair{"can", &fitness.can}, std::pair{"cannot", &fitness.cannot}}) {
    json.key(name).begin_array();
    for (auto const &reason : *reasons) {
      json.begin_object().member("code", reason.code).key("parameters").begin_object();
      for (auto const &[parameter, value] : reason.parameters) json.member(parameter, value);
      json.end_object().member("sentence", sentences.text(language, reason)).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

auto AskedTypes::tell(MemberAnswer &member, Knowledge const &knowledge, std::string_view language) const
    -> Result<void> {
  if (types_.none()) return ok;
  TRY(auto const held, knowledge.indicators.held_types());
  auto const is_held = [&](model::ValueType type) { return std::ranges::binary_search(held, type); };
  for (auto number = std::size_t{0}; number < types_.size(); ++number) {
    auto const type = static_cast<model::ValueType>(number);
    if (!types_[number] || std::ranges::any_of(model::look_alikes(type), is_held)) continue;
    if (type == model::ValueType::ip && is_held(model::ValueType::cidr)) continue;
    member.cannot.emplace_back(to_string(type));
  }
  if (member.hits > 0 || !member.reason.empty() || member.cannot.size() < types_.count()) return ok;
  auto types = std::string{};
  for (auto const &type : member.cannot) types += (types.empty() ? "" : ", ") + type;
  member.reason = knowledge.sentences.text(language, {"cannot_types", {{"types", std::move(types)}}});
  return ok;
}

}  // namespace noroshi::search
