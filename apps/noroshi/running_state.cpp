#include "apps/noroshi/running_state.hpp"

#include <fcntl.h>

#include <algorithm>

#include <boost/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/uplink.hpp"

namespace noroshi::apps {

namespace json = boost::json;

namespace {

// Two hundred listeners and as many counters fit many times over.
constexpr auto kMaxStatusBytes = std::uint64_t{1} << 20;
constexpr auto kMaxEntries = std::size_t{1000};
constexpr auto kMaxText = std::size_t{300};

auto text(json::object const &object, std::string_view name) -> std::string {
  auto const *const member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return printable(std::string_view{member->get_string()}.substr(0, kMaxText));
}

auto number(json::object const &object, std::string_view name) -> std::uint64_t {
  auto const *const member = object.if_contains(name);
  if (member == nullptr) return 0;
  auto error = boost::system::error_code{};
  auto const value = member->to_number<std::uint64_t>(error);
  return error ? 0 : value;
}

auto flag(json::object const &object, std::string_view name) -> bool {
  auto const *const member = object.if_contains(name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

template <class Read>
void each(json::object const &object, std::string_view name, Read read) {
  auto const *const member = object.if_contains(name);
  if (member == nullptr || !member->is_array()) return;
  auto left = kMaxEntries;
  for (auto const &entry : member->get_array())
    if (entry.is_object() && left-- > 0) read(entry.get_object());
}

auto parse(json::object const &object) -> SpoolStatus {
  auto status = SpoolStatus{};
  status.pid = static_cast<pid_t>(number(object, "pid"));
  if (auto const *const spool = object.if_contains("spool"); spool != nullptr && spool->is_object()) {
    status.drops = number(spool->get_object(), "dropped") + number(spool->get_object(), "lost");
    status.spool_bytes = number(spool->get_object(), "bytes");
  }
  status.epoch = number(object, "epoch");
  status.version = text(object, "version");
  status.time = text(object, "time");
  each(object, "listeners", [&](json::object const &entry) {
    status.listeners.push_back({text(entry, "decoy"), text(entry, "persona"), text(entry, "transport"),
                                text(entry, "address"), static_cast<std::uint16_t>(number(entry, "port"))});
  });
  each(object, "protections", [&](json::object const &entry) {
    status.protections.push_back({text(entry, "name"), flag(entry, "active"), text(entry, "reason")});
  });
  each(object, "unknown_commands", [&](json::object const &entry) {
    status.unknown_commands.push_back({text(entry, "command"), number(entry, "count")});
  });
  each(object, "counters", [&](json::object const &entry) {
    auto sample = MetricSample{};
    sample.name = text(entry, "name");
    sample.help = text(entry, "help");
    sample.kind = text(entry, "kind") == "gauge" ? MetricKind::gauge : MetricKind::counter;
    sample.label_name = text(entry, "label_name");
    sample.label_value = text(entry, "label_value");
    sample.value = static_cast<std::int64_t>(number(entry, "value"));
    status.metrics.push_back(std::move(sample));
  });
  return status;
}

auto listeners_of(RunningState const &state) -> json::array {
  auto listeners = json::array{};
  if (!state.decoys_running || !state.decoys) return listeners;
  for (auto const &listener : state.decoys->listeners)
    listeners.push_back(json::object{{"decoy", listener.decoy},
                                     {"persona", listener.persona},
                                     {"transport", listener.transport},
                                     {"address", listener.address},
                                     {"port", listener.port}});
  return listeners;
}

}  // namespace

auto read_spool_status(std::string const &spool) -> std::optional<SpoolStatus> {
  auto const folder = open_file(spool, O_RDONLY | O_DIRECTORY);
  if (!folder) return std::nullopt;
  auto const bytes = net::read_untrusted_file(*folder, "status.json", kMaxStatusBytes);
  if (!bytes) return std::nullopt;
  auto error = boost::system::error_code{};
  auto const document = json::parse(*bytes, error);
  if (error || !document.is_object()) return std::nullopt;
  return parse(document.get_object());
}

auto to_json(RunningState const &state) -> std::string {
  auto const known = state.decoys.value_or(SpoolStatus{});
  auto protections = json::array{};
  for (auto const &protection : known.protections)
    protections.push_back(json::object{
        {"role", "decoys"}, {"name", protection.name}, {"active", protection.active}, {"reason", protection.reason}});
  auto unknown = json::array{};
  for (auto const &count : known.unknown_commands)
    unknown.push_back(json::object{{"command", count.name}, {"count", count.count}});
  auto counters = json::object{};
  for (auto const &sample : known.metrics)
    counters[sample.label_value.empty() ? sample.name : sample.name + "/" + sample.label_value] = sample.value;
  auto api = json::array{};
  for (auto const &address : state.api) api.push_back(json::string{address});
  auto peer = json::array{};
  for (auto const &address : state.peer) peer.push_back(json::string{address});
  auto const object = json::object{
      {"peer", std::move(peer)},
      {"listeners", listeners_of(state)},
      {"protections", std::move(protections)},
      {"api", std::move(api)},
      {"decoys", json::object{{"running", state.decoys_running},
                              {"restarts", state.decoys_restarts},
                              {"version", known.version},
                              {"status_time", known.time},
                              {"counters", std::move(counters)}}},
      {"spool", json::object{{"folder", state.spool},
                             {"bytes", known.spool_bytes},
                             {"drops", known.drops},
                             {"trouble", state.uplink_trouble}}},
      {"intake", json::object{{"bytes", state.intake_bytes}, {"trouble", state.intake_trouble}}},
      {"unknown_commands", std::move(unknown)},
      {"events_per_second", state.observations_per_second},
      {"uptime", static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(state.uptime).count())}};
  return json::serialize(object);
}

}  // namespace noroshi::apps
