#include "share/lists.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <sodium.h>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace noroshi::share {

namespace {

using model::Direction;
using model::Role;
using model::ValueType;

ConfigKey<std::int64_t> const public_sensors{
    "feeds.public_sensors", "3", "sensors",
    "sensors that must have seen what a public list names; with fewer, a visitor learns which address is a decoy"};
ConfigKey<Duration> const public_delay{"feeds.public_delay", "15min", "time",
                                       "an entry of a public list comes late by a time drawn from 0 to this, so that "
                                       "nobody can tell which visit caused it"};
ConfigKey<Duration> const lifetime{
    "feeds.lifetime", "30d", "time",
    "how long an entry stays on a list after it was last seen where its source names no expiry; every entry expires"};

// A public list says of every entry that it holds to the end of tomorrow, and says so anew each day: an expiry that
// followed the visits would show which of them were seen.
constexpr auto kPublicLife = std::chrono::days{2};

constexpr auto kPublic = std::string_view{"public-"};

struct Extension {
  std::string_view ending, writer;
};
constexpr auto kExtensions =
    std::array{Extension{".txt", "plain"}, Extension{".csv", "indicators-csv"}, Extension{".stix.json", "stix"}};

auto among(auto const &wanted, auto one) -> bool { return std::ranges::find(wanted, one) != wanted.end(); }

/// Contexts on which a block can rest.
auto carries(model::Context const &context, ListSpec const &list) -> bool {
  return among(list.roles, context.role) &&
         (context.direction == list.direction || context.direction == Direction::both) &&
         context.evidence >= model::Evidence::observed && context.to_ids;
}

auto expiry_of(model::Context const &context, ListRules const &rules) -> Time {
  return context.expiry.value_or(context.last_seen + rules.lifetime);
}

auto out_of(model::Value const &value, std::vector<model::Context const *> const &contexts, ListRules const &rules)
    -> OutIndicator {
  auto out = OutIndicator{};
  out.value = value;
  out.first_seen = contexts.front()->first_seen;
  out.tlp = model::Tlp::clear;
  out.count = 0;
  for (auto const *const context : contexts) {
    out.roles.push_back(context->role);
    out.evidence = std::max(out.evidence, context->evidence);
    out.first_seen = std::min(out.first_seen, context->first_seen);
    out.last_seen = std::max(out.last_seen, context->last_seen);
    out.expires = std::max(out.expires, expiry_of(*context, rules));
    out.count += context->count;
    out.confidence = std::max(out.confidence, context->confidence);
    out.tlp = std::max(out.tlp, context->tlp);
    std::ranges::copy(context->tags, std::back_inserter(out.tags));
  }
  for (auto *const list : {&out.tags}) {
    std::ranges::sort(*list);
    list->erase(std::ranges::unique(*list).begin(), list->end());
  }
  std::ranges::sort(out.roles);
  out.roles.erase(std::ranges::unique(out.roles).begin(), out.roles.end());
  return out;
}

/// When a public list may name it: the wanted number of sensors have seen it, and its delay is over.
auto public_from(model::Value const &value, std::vector<model::Context const *> const &contexts, ListRules const &rules)
    -> std::optional<Time> {
  auto first_by_sensor = std::map<model::SourceId, Time>{};
  for (auto const *const context : contexts) {
    auto const [found, fresh] = first_by_sensor.emplace(context->source, context->first_seen);
    if (!fresh) found->second = std::min(found->second, context->first_seen);
  }
  if (first_by_sensor.size() < rules.open_sensors) return std::nullopt;
  auto times = std::vector<Time>{};
  for (auto const &[source, first] : first_by_sensor) times.push_back(first);
  std::ranges::sort(times);
  auto const reached = rules.open_sensors == 0 ? times.front() : times[rules.open_sensors - 1];
  auto hash = std::array<char, 8>{};
  crypto_generichash(reinterpret_cast<unsigned char *>(hash.data()), hash.size(),
                     reinterpret_cast<unsigned char const *>(value.text.data()), value.text.size(), rules.key.data(),
                     rules.key.size());
  auto const most = static_cast<std::uint64_t>(std::max<std::int64_t>(rules.open_delay.count(), 0)) + 1;
  return reached + Duration{static_cast<std::int64_t>(load_le<std::uint64_t>(hash.data()) % most)};
}

/// When a public list may name it no longer: fewer sensors than wanted have seen it of late.
auto public_until(std::vector<model::Context const *> const &contexts, ListRules const &rules) -> Time {
  auto last_by_sensor = std::map<model::SourceId, Time>{};
  for (auto const *const context : contexts) {
    auto &last = last_by_sensor[context->source];
    last = std::max(last, expiry_of(*context, rules));
  }
  auto times = std::vector<Time>{};
  for (auto const &[source, last] : last_by_sensor) times.push_back(last);
  std::ranges::sort(times, std::ranges::greater{});
  return times[std::clamp(rules.open_sensors, std::size_t{1}, times.size()) - 1];
}

/// Nothing in it moves with a visit, so that who watches his own entry learns of none.
auto published(model::Value const &value, Time from, Time now) -> OutIndicator {
  auto const today = day_of(now);
  auto out = OutIndicator{};
  out.value = value;
  out.evidence = model::Evidence::observed;
  out.first_seen = day_of(from);
  out.last_seen = today;
  out.expires = today + kPublicLife;
  out.tlp = model::Tlp::clear;  // made to be passed on
  out.blockable = out.value_only = true;
  return out;
}

/// The contexts for which the list names the value; none where anybody calls it a victim.
auto carrying(model::ListedIndicator const &listed, ListSpec const &list, Audience audience, ListRules const &rules,
              Time now) -> std::vector<model::Context const *> {
  auto found = std::vector<model::Context const *>{};
  for (auto const &context : listed.contexts) {
    // The owner of an infected machine is to be helped, not cut off.
    if (context.role == Role::victim) return {};
    // What others gave and what is marked beyond the organisation's clients never goes to the public.
    auto const is_own = context.collected_by == model::CollectedBy::decoy && context.tlp <= model::Tlp::amber;
    if (carries(context, list) && (audience == Audience::own || is_own) && expiry_of(context, rules) > now)
      found.push_back(&context);
  }
  return found;
}

}  // namespace

auto lists() -> std::span<ListSpec const> {
  static auto const all = std::array{ListSpec{"inbound-ips",
                                              "addresses and blocks that attack: refuse what comes from them",
                                              {ValueType::ip, ValueType::cidr},
                                              {Role::scanner},
                                              Direction::inbound},
                                     ListSpec{"outbound-ips",
                                              "addresses that control or serve malware: refuse what goes to them",
                                              {ValueType::ip, ValueType::cidr},
                                              {Role::c2, Role::download},
                                              Direction::outbound},
                                     ListSpec{"outbound-domains",
                                              "domains that control or serve malware",
                                              {ValueType::domain},
                                              {Role::c2, Role::download},
                                              Direction::outbound},
                                     ListSpec{"outbound-urls",
                                              "URLs that control or serve malware",
                                              {ValueType::url},
                                              {Role::c2, Role::download},
                                              Direction::outbound},
                                     ListSpec{"hashes",
                                              "files that are malware",
                                              {ValueType::md5, ValueType::sha1, ValueType::sha256, ValueType::sha512},
                                              {Role::c2, Role::download},
                                              Direction::outbound}};
  return all;
}

auto parse_feed_name(std::string_view name) -> Result<FeedName> {
  auto feed = FeedName{};
  auto rest = name;
  if (rest.starts_with(kPublic)) {
    feed.audience = Audience::open;
    rest.remove_prefix(kPublic.size());
  }
  for (auto const &[ending, writer] : kExtensions) {
    if (!rest.ends_with(ending)) continue;
    feed.writer = writer;
    rest.remove_suffix(ending.size());
    break;
  }
  for (auto const &list : lists())
    if (list.name == rest && !feed.writer.empty()) feed.list = &list;
  if (feed.list != nullptr) return feed;
  auto known = std::string{};
  for (auto const &list : lists()) known += fmt::format("{}{}", known.empty() ? "" : ", ", list.name);
  return fail(ErrorCode::not_found,
              "no list is named \"{}\": there are {}, each with .txt, .csv or .stix.json behind "
              "it, and with public- before it",
              printable(name.substr(0, 80)), known);
}

auto list_rules(Config const &config, Never never, ListKey const &key) -> ListRules {
  return {std::move(never), key, static_cast<std::size_t>(std::max<std::int64_t>(config.get(public_sensors), 1)),
          config.get(public_delay), config.get(lifetime)};
}

auto filter_for(ListSpec const &list) -> model::IndicatorFilter {
  auto filter = model::IndicatorFilter{};
  filter.types = list.types;
  filter.roles = list.roles;
  filter.roles.push_back(Role::victim);
  return filter;
}

auto select(model::ListedIndicator const &listed, ListSpec const &list, Audience audience, ListRules const &rules,
            Time now) -> Selection {
  auto const contexts = carrying(listed, list, audience, rules, now);
  if (contexts.empty()) return {};
  auto const is_never = [&] { return rules.never && rules.never(listed.indicator); };
  if (audience == Audience::open) {
    auto const from = public_from(listed.indicator, contexts, rules);
    if (!from || *from > now) return {std::nullopt, from};
    if (is_never()) return {};
    auto const tomorrow = Time{day_of(now) + std::chrono::days{1}};
    return {published(listed.indicator, *from, now), std::min(public_until(contexts, rules), tomorrow)};
  }
  if (is_never()) return {};
  auto out = out_of(listed.indicator, contexts, rules);
  out.blockable = true;
  auto const until = out.expires;
  return {std::move(out), until};
}

auto summarise(model::ListedIndicator const &listed, ListRules const &rules, Time now) -> OutIndicator {
  auto blocking = std::vector<model::Context const *>{};
  for (auto const &list : lists()) {
    if (!among(list.types, listed.indicator.type)) continue;
    for (auto const *const context : carrying(listed, list, Audience::own, rules, now))
      if (!among(blocking, context)) blocking.push_back(context);
  }
  auto const blockable = !blocking.empty() && !(rules.never && rules.never(listed.indicator));
  if (!blockable) {
    blocking.clear();
    for (auto const &context : listed.contexts) blocking.push_back(&context);
  }
  auto out = out_of(listed.indicator, blocking, rules);
  out.blockable = blockable;
  return out;
}

}  // namespace noroshi::share
