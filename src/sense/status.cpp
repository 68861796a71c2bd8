#include "sense/status.hpp"

#include <unistd.h>
#include <boost/json.hpp>

#include "base/metrics.hpp"
#include "base/text.hpp"

namespace noroshi::sense {
namespace {

namespace json = boost::json;

/// As many as `noroshi status` shows on one screen.
constexpr auto kTopCommands = std::size_t{20};

auto listeners_json(std::vector<ListenerSpec> const &listeners) -> json::array {
  auto array = json::array{};
  for (auto const &spec : listeners)
    array.push_back(json::object{{"decoy", spec.decoy},
                                 {"persona", spec.persona},
                                 {"transport", to_string(spec.transport)},
                                 {"address", spec.address()},
                                 {"port", spec.endpoint.port}});
  return array;
}

auto protections_json(std::vector<Protection> const &protections) -> json::array {
  auto array = json::array{};
  for (auto const &[name, active, reason] : protections)
    array.push_back(json::object{{"name", name}, {"active", active}, {"reason", reason}});
  return array;
}

auto counters_json() -> json::array {
  auto array = json::array{};
  for_each_metric([&](MetricSample const &sample) {
    if (sample.kind == MetricKind::histogram) return;
    array.push_back(json::object{{"name", sample.name},
                                 {"kind", sample.kind == MetricKind::counter ? "counter" : "gauge"},
                                 {"help", sample.help},
                                 {"label_name", sample.label_name},
                                 {"label_value", sample.label_value},
                                 {"value", sample.value}});
  });
  return array;
}

auto commands_json(UnknownCommands const &unknown) -> json::array {
  auto array = json::array{};
  for (auto const &[command, count] : unknown.top(kTopCommands))
    array.push_back(json::object{{"command", lossless_utf8(command)}, {"count", count}});
  return array;
}

}  // namespace

auto status_json(StatusFacts const &facts, Spool const &spool, UnknownCommands const &unknown) -> std::string {
  auto const &counters = spool.counters();
  auto const spool_object =
      json::object{{"bytes", counters.bytes.load()},         {"cap_bytes", facts.spool_cap_bytes},
                   {"frames", counters.frames.load()},       {"sealed", counters.sealed.load()},
                   {"recovered", counters.recovered.load()}, {"dropped", counters.dropped.load()},
                   {"lost", counters.lost.load()},           {"failures", counters.failures.load()}};
  auto const status = json::object{{"version", facts.version},
                                   {"pid", ::getpid()},
                                   {"epoch", spool.epoch()},
                                   {"time", to_rfc3339(system_clock().now())},
                                   {"listeners", listeners_json(facts.listeners)},
                                   {"protections", protections_json(facts.protections)},
                                   {"spool", spool_object},
                                   {"unknown_commands", commands_json(unknown)},
                                   {"counters", counters_json()}};
  return json::serialize(status) + "\n";
}

}  // namespace noroshi::sense
