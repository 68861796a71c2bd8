// Observations as Cowrie's JSON log (3.0), one event a line. What came from such a log is written as the event it was;
// the reader's table (codec/cowrie) is followed backwards.
#include <boost/json/parse.hpp>

#include "codec/cowrie.hpp"
#include "codec/json_writer.hpp"
#include "share/secrecy.hpp"
#include "share/writer.hpp"

namespace noroshi::share {

namespace {

namespace cowrie = codec::cowrie;
using model::Field;
using model::Kind;

/// The event for what our own decoys saw; nullptr where Cowrie has none (an HTTP request, for one).
auto event_for(model::StoredObservation const &seen) -> cowrie::EventRule const * {
  auto const *const accepted = find_field(seen, Field::accepted);
  switch (seen.kind) {
    case Kind::opened: return cowrie::rule_for("cowrie.session.connect");
    case Kind::closed: return cowrie::rule_for("cowrie.session.closed");
    case Kind::hello: return cowrie::rule_for("cowrie.client.version");
    case Kind::login:
      return cowrie::rule_for(accepted != nullptr && accepted->number != 0 ? "cowrie.login.success"
                                                                           : "cowrie.login.failed");
    case Kind::command: return cowrie::rule_for("cowrie.command.input");
    case Kind::download: return cowrie::rule_for("cowrie.session.file_download");
    case Kind::file: return cowrie::rule_for("cowrie.session.file_upload");
    case Kind::negotiation: return cowrie::rule_for("cowrie.telnet.option");
    case Kind::malformed: return cowrie::rule_for("cowrie.client.malformed_packet");
    default: return nullptr;
  }
}

auto object_of(std::string const &extra) -> boost::json::object {
  auto error = boost::json::error_code{};
  auto document = boost::json::parse(extra, error);
  return !error && document.is_object() ? std::move(document.get_object()) : boost::json::object{};
}

auto text_of(boost::json::object const &object, std::string_view name) -> std::string_view {
  auto const *const found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

/// Cowrie's sessions have twelve hexadecimal digits: the last, random ones of ours.
auto session_of(model::StoredObservation const &seen) -> std::string { return seen.visit.to_string().substr(24); }

class CowrieJson final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"observations as Cowrie's JSON log (3.0)", "application/x-ndjson", Subject::observations};
  }

  auto write(OutObservation const &out, std::string &to) const -> bool override {
    auto const &seen = out.seen;
    auto const extra = object_of(seen.extra);
    auto event = text_of(extra, "eventid");
    auto const *const rule = event.starts_with("cowrie.") ? cowrie::rule_for(event) : event_for(seen);
    if (!event.starts_with("cowrie.")) event = rule == nullptr ? std::string_view{} : rule->event;
    if (event.empty()) return false;
    auto const elsewhere = rule != nullptr && rule->destination == cowrie::Destination::elsewhere;
    auto json = codec::JsonWriter{to};
    json.begin_object().member("eventid", event);
    write_columns(seen, rule, json);
    write_extra(extra, json);
    if (!elsewhere) {
      // A log made anonymous names its honeypot so; readers take the port alone then.
      json.member("dst_ip", out.sensor_shown ? seen.destination.address.to_string() : std::string{kSensorMark});
      json.member("dst_port", seen.destination.port);
    }
    json.member("src_ip", seen.source.address.to_string()).member("src_port", seen.source.port);
    json.member("protocol", seen.service).member("session", session_of(seen)).member("sensor", out.sensor);
    json.member("timestamp", to_rfc3339(seen.time)).end_object();
    to.push_back('\n');
    return true;
  }

private:
  static void write_columns(model::StoredObservation const &seen, cowrie::EventRule const *rule,
                            codec::JsonWriter &json) {
    if (rule == nullptr) return;
    for (auto const &[name, field] : rule->members)
      if (!name.empty() && find_field(seen, field) != nullptr) json.member(name, field_text(seen, field));
    if (rule->kind != Kind::closed) return;
    if (auto const *const duration = find_field(seen, Field::duration_ms)) json.member("duration_ms", duration->number);
  }

  /// What the log had beyond our columns goes back as it was; `cut` is a word of ours.
  static void write_extra(boost::json::object const &extra, codec::JsonWriter &json) {
    if (text_of(extra, "eventid").empty()) return;
    for (auto const &[name, value] : extra)
      if (name != "eventid" && name != "cut") json.key(name).value(value);
  }
};

}  // namespace

Registered<Writer, CowrieJson> const cowrie_json{"cowrie-json"};

}  // namespace noroshi::share
