// Cowrie's JSON log: SSH and telnet sessions. Three generations: 2018 (no protocol on most lines), until 2026-04
// (durations as text of seconds), 3.0 (duration_ms). What each event becomes is the table of codec/cowrie.
#include "codec/cowrie.hpp"

#include "base/registry.hpp"
#include "understand/readers/json_line.hpp"

namespace noroshi::understand::readers {

namespace {

namespace cowrie = codec::cowrie;
using model::Field;
using model::Kind;

constexpr auto kName = std::string_view{"cowrie"};

/// The members that every event has, found in one walk.
struct Common {
  std::string_view event, timestamp, session, sensor, source, protocol, destination;
  std::uint16_t source_port = 0, destination_port = 0;

  void take(std::string_view key, Element value) {
    if (key == "eventid") event = text_of(value);
    if (key == "timestamp") timestamp = text_of(value);
    if (key == "session") session = text_of(value);
    if (key == "sensor") sensor = text_of(value);
    if (key == "src_ip") source = text_of(value);
    if (key == "protocol") protocol = text_of(value);
    if (key == "dst_ip") destination = text_of(value);
    if (key == "src_port") source_port = port_of(value);
    if (key == "dst_port") destination_port = port_of(value);
  }
};

/// For a log of 2018, whose lines do not name the protocol.
auto service_by_port(std::uint16_t port) -> std::string_view {
  return port == 23 || port == 2223 || port == 2323 ? "telnet" : "ssh";
}

class Cowrie final : public LogReader {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "Cowrie JSON log (of 2018, until 2026-04, 3.0): SSH and telnet sessions";
  }

  auto recognises(LogLine const &line) -> bool override {
    auto const object = json_.parse(line);
    return object && text_member(*object, "eventid").starts_with("cowrie.");
  }

  auto read(LogLine const &line, Reading &to) -> Result<LogEvent> override {
    TRY(auto const object, json_.parse(line));
    auto common = Common{};
    for (auto const [key, value] : object) common.take(key, value);
    if (common.event.empty()) return fail(ErrorCode::malformed, "no eventid: no event of Cowrie");
    if (common.session.empty()) return fail(ErrorCode::malformed, "{} without a session", common.event.substr(0, 60));
    TRY(auto const time, parse_rfc3339(common.timestamp));

    auto seen = model::Observation{};
    seen.time = time;
    seen.visit = visit_of(kName, common.sensor, common.session);
    auto const *const rule = cowrie::rule_for(common.event);
    auto const elsewhere = rule != nullptr && rule->destination == cowrie::Destination::elsewhere;
    TRY_VOID(set_endpoints(common, elsewhere, seen));
    seen.service = common.protocol;
    set_columns(object, rule, seen);
    if (elsewhere) seen.set(Field::host, common.destination);
    set_extra(object, common, rule, elsewhere, seen);
    if (seen.kind == Kind::opened) {
      if (seen.service.empty()) seen.service = service_by_port(seen.destination.port);
      to.sessions.remember(seen);
    } else {
      to.sessions.complete(seen);
      if (seen.service.empty()) seen.service = kName;
    }
    if (seen.source.address == model::IpAddress{})
      return fail(ErrorCode::malformed, "{} without src_ip, of a session whose beginning is not in this log",
                  common.event.substr(0, 60));
    to.sink.take(seen);
    return LogEvent{common.event, common.sensor, time};
  }

private:
  static auto set_endpoints(Common const &common, bool elsewhere, model::Observation &seen) -> Result<void> {
    if (!common.source.empty()) {
      TRY(seen.source.address, address_of("src_ip", common.source));
      seen.source.port = common.source_port;
    }
    if (elsewhere || common.destination.empty()) return ok;
    // A destination may be a host name where the log was made anonymous; the port alone says enough then.
    auto const address = model::IpAddress::parse(common.destination);
    seen.destination = {address ? *address : model::IpAddress{}, common.destination_port};
    return ok;
  }

  static auto column_of(cowrie::EventRule const &rule, std::string_view key) -> std::optional<Field> {
    for (auto const &[name, field] : rule.members)
      if (name == key && !name.empty()) return field;
    return std::nullopt;
  }

  static void set_columns(Object const &object, cowrie::EventRule const *rule, model::Observation &seen) {
    seen.kind = rule != nullptr ? rule->kind : Kind::other;
    if (rule == nullptr) return;
    for (auto const [key, value] : object) {
      if (auto const field = column_of(*rule, key); field && value.is_string()) seen.set(*field, text_of(value));
      if (rule->kind != Kind::closed) continue;
      if (key == cowrie::kDurationMs) {
        if (auto const number = number_of(value)) seen.set(Field::duration_ms, *number);
      } else if (key == cowrie::kDurationSeconds && !seen.has(Field::duration_ms)) {
        if (auto const number = milliseconds_of(value)) seen.set(Field::duration_ms, *number);
      }
    }
    if (rule->accepted) seen.set(Field::accepted, std::int64_t{*rule->accepted});
    if (!rule->method.empty()) seen.set(Field::method, rule->method);
    if (seen.kind == Kind::download && !seen.has(Field::url)) seen.kind = Kind::file;
  }

  void set_extra(Object const &object, Common const &common, cowrie::EventRule const *rule, bool elsewhere,
                 model::Observation &seen) {
    extra_.begin();
    extra_.add("eventid", common.event);
    for (auto const [key, value] : object) {
      auto const is_target = elsewhere && (key == "dst_ip" || key == "dst_port");
      // Of an event that nobody here knows, the sentence may be all that says what it was.
      auto const is_sentence = rule == nullptr && key == "message";
      if (cowrie::is_common(key) && !is_target && !is_sentence) continue;
      if (rule != nullptr && value.is_string() && column_of(*rule, key)) continue;
      if (rule != nullptr && rule->kind == Kind::closed && key.starts_with(cowrie::kDurationSeconds)) continue;
      extra_.add(key, value);
    }
    seen.extra = extra_.finish();
  }

  JsonLine json_;
  Extra extra_;
};

}  // namespace

Registered<LogReader, Cowrie> const cowrie_reader{"cowrie"};

}  // namespace noroshi::understand::readers
