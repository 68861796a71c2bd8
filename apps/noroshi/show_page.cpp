#include "apps/noroshi/show_page.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "apps/noroshi/json_text.hpp"
#include "base/text.hpp"

namespace noroshi::apps {
namespace {

namespace json = boost::json;

struct Fact {
  std::string_view member, title;
};

// In the order of reading; what is empty is left out.
constexpr auto kFacts = std::array{
    Fact{"type", "type"},
    Fact{"flags", "flags"},
    Fact{"first_seen", "first seen"},
    Fact{"last_seen", "last seen"},
    Fact{"sessions", "sessions"},
    Fact{"observations", "observations"},
    Fact{"logins", "log-ins"},
    Fact{"commands", "commands"},
    Fact{"requests", "requests"},
    Fact{"downloads", "downloads"},
    Fact{"src", "from"},
    Fact{"src_port", "source port"},
    Fact{"dst", "to"},
    Fact{"dst_port", "port"},
    Fact{"transport", "transport"},
    Fact{"service", "service"},
    Fact{"sensor", "sensor"},
    Fact{"services", "services"},
    Fact{"ports", "ports"},
    Fact{"src_ports", "source ports"},
    Fact{"protocols", "protocols"},
    Fact{"country", "country"},
    Fact{"asn", "AS"},
    Fact{"network", "network"},
    Fact{"cves", "CVEs"},
    Fact{"client_versions", "clients"},
    Fact{"user_agents", "user agents"},
    Fact{"usernames", "user names"},
    Fact{"urls", "URLs"},
    Fact{"sha256", "files"},
    Fact{"sources", "asked by"},
    Fact{"tags", "tags"},
};

// Members of an observation that have a column of their own, or say the same in every row.
constexpr auto kNotDetails = std::array<std::string_view, 10>{"time", "session", "seq",      "kind",      "sensor",
                                                              "src",  "dst",     "dst_port", "transport", "service"};

auto heading(std::string_view kind, json::object const &thing) -> std::string {
  auto const name = printable(text_of(thing, kind));
  if (!thing.contains("verdict")) return fmt::format("session {}\n", name);
  auto text = fmt::format("{}: {}\n", name, text_of(thing, "verdict"));
  for (auto const &reason : list_of(thing, "reasons"))
    text += fmt::format("  {}\n", printable(text_of(object_of(reason), "sentence")));
  return text;
}

/// "vpn (list, 2026-08-11), special_purpose"
auto flags_text(json::array const &flags) -> std::string {
  auto text = std::string{};
  for (auto const &entry : flags) {
    auto const &flag = object_of(entry);
    text += (text.empty() ? "" : ", ") + printable(text_of(flag, "flag"));
    if (auto const source = text_of(flag, "source"); !source.empty())
      text += fmt::format(" ({}, {})", printable(source), printable(text_of(flag, "date")));
  }
  return text;
}

auto fact_text(json::object const &thing, Fact const &fact) -> std::string {
  auto const *const value = thing.if_contains(fact.member);
  // A session's observations are a list of their own below.
  if (value == nullptr || (value->is_array() && fact.member == "observations")) return {};
  if (fact.member == "flags") return flags_text(list_of(thing, "flags"));
  if (fact.member == "asn" && value->is_number()) return "AS" + text_of(*value);
  auto const text = fact.member.ends_with("_seen") ? time_of(thing, fact.member) + " UTC" : printable(text_of(*value));
  return text == "0" || text == "- UTC" ? std::string{} : text;
}

auto facts(json::object const &thing) -> std::string {
  auto text = std::string{};
  for (auto const &fact : kFacts)
    if (auto const value = fact_text(thing, fact); !value.empty()) text += fmt::format("{:<14}{}\n", fact.title, value);
  for (auto const &[name, values] : object_of(thing, "fingerprints"))
    if (auto const value = text_of(values); !value.empty())
      text += fmt::format("{:<14}{}\n", std::string_view{name}, printable(value));
  return text;
}

auto details_of(json::object const &observation) -> std::string {
  auto text = std::string{};
  for (auto const &[name, value] : observation) {
    if (std::ranges::find(kNotDetails, std::string_view{name}) != kNotDetails.end() || name == "src_port") continue;
    auto const shown = value.is_object() ? text_of(json::value{json::serialize(value)}) : text_of(value);
    if (!shown.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : "  ", std::string_view{name}, shown);
  }
  return text;
}

auto observations_table(json::array const &observations, bool with_source) -> Table {
  auto table = with_source ? Table{{"TIME (UTC)", "SESSION", "FROM", "SERVICE", "WHAT", "DETAILS"}}
                           : Table{{"TIME (UTC)", "WHAT", "DETAILS"}};
  table.note_last();
  if (with_source)
    table.keep({0, 1});
  else
    table.keep({0});
  for (auto const &entry : observations) {
    auto const &one = object_of(entry);
    if (with_source)
      table.add({time_of(one, "time"), text_of(one, "session"), text_of(one, "src"), text_of(one, "service"),
                 text_of(one, "kind"), details_of(one)});
    else
      table.add({time_of(one, "time"), text_of(one, "kind"), details_of(one)});
  }
  return table;
}

auto hits_table(json::array const &hits) -> Table {
  auto table = Table{{"KNOWN", "ROLE", "MATCH", "SOURCE", "SEEN AT", "REPORT", "LAST SEEN (UTC)", "COUNT", "WHY"}};
  table.keep({6}).note_last();
  for (auto const &entry : hits) {
    auto const &hit = object_of(entry);
    auto const &assessment = object_of(hit, "assessment");
    table.add({text_of(assessment, "strength"), text_of(hit, "role"), text_of(hit, "match"), text_of(hit, "source"),
               text_of(hit, "attribute"), text_of(hit, "report"), time_of(hit, "last_seen"), text_of(hit, "count"),
               text_of(assessment, "sentence")});
  }
  return table;
}

auto exploits_table(json::array const &exploits) -> Table {
  auto table = Table{{"CVE", "RULE", "WHAT", "PRODUCT"}};
  table.keep({0}).note_last();
  for (auto const &entry : exploits) {
    auto const &one = object_of(entry);
    table.add({text_of(one, "cves"), text_of(one, "rule"), text_of(one, "title"), text_of(one, "product")});
  }
  return table;
}

auto visits_table(json::array const &visits) -> Table {
  auto table = Table{{"TIME (UTC)", "SESSION", "SERVICE", "PORT", "COUNT", "SENSOR"}};
  table.keep({0, 1});
  for (auto const &entry : visits) {
    auto const &visit = object_of(entry);
    table.add({time_of(visit, "first_seen"), text_of(visit, "session"), text_of(visit, "service"),
               text_of(visit, "dst_port"), text_of(visit, "observations"),
               text_of(visit, "sensor") + (flag_of(visit, "distrusted") ? " (distrusted)" : "")});
  }
  return table;
}

}  // namespace

auto parse_page(std::string_view body) -> Result<json::object> {
  auto error = json::error_code{};
  auto document = json::parse(body, error);
  if (error || !document.is_object()) return fail(ErrorCode::internal, "the node's answer is no JSON object");
  return std::move(document.get_object());
}

auto page_text(std::string_view kind, json::object const &thing, std::size_t width) -> std::string {
  auto text = heading(kind, thing) + "\n" + facts(thing);
  auto const add = [&](std::string_view title, Table const &table) {
    if (!table.empty()) text += fmt::format("\n{}\n{}", title, table.text(width));
  };
  add("Indicators", hits_table(list_of(thing, "hits")));
  add("Exploits tried", exploits_table(list_of(thing, "exploits")));
  add("Latest visits", visits_table(list_of(thing, "visits")));
  add("Latest mentions", observations_table(list_of(thing, "mentions"), true));
  add("Observations", observations_table(list_of(thing, "observations"), false));
  return text;
}

auto page_table(json::object const &thing) -> Table {
  if (!list_of(thing, "observations").empty()) return observations_table(list_of(thing, "observations"), true);
  auto table = Table{{"member", "value"}};
  for (auto const &[name, value] : thing)
    if (name != "hits" && name != "visits" && name != "mentions" && name != "exploits" && name != "reasons" &&
        name != "fingerprints")
      table.add({std::string{std::string_view{name}},
                 name == "flags" ? flags_text(list_of(thing, "flags")) : text_of(value)});
  return table;
}

}  // namespace noroshi::apps
