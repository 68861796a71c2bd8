// glutton's JSON log: one line a connection (TCP) or datagram (UDP), with the bytes it carried. Source: glutton's
// producer/producer.go.
#include "codec/base64.hpp"

#include "base/registry.hpp"
#include "understand/readers/json_line.hpp"

namespace noroshi::understand::readers {

namespace {

using model::Field;
using model::Kind;

constexpr auto kName = std::string_view{"glutton"};

class Glutton final : public LogReader {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "glutton JSON log: connections and datagrams on any port, with their bytes";
  }

  auto recognises(LogLine const &line) -> bool override {
    auto const object = json_.parse(line);
    return object && member(*object, "srcHost") && member(*object, "dstPort") && member(*object, "timestamp");
  }

  auto read(LogLine const &line, Reading &to) -> Result<LogEvent> override {
    TRY(auto const object, json_.parse(line));
    auto seen = model::Observation{};
    TRY(seen.time, parse_rfc3339(text_member(object, "timestamp")));
    TRY(seen.source.address, address_of("srcHost", text_member(object, "srcHost")));
    if (auto const port = member(object, "srcPort")) seen.source.port = port_of(*port);
    if (auto const port = member(object, "dstPort")) seen.destination.port = port_of(*port);
    auto const transport = text_member(object, "transport");
    if (transport != "tcp" && transport != "udp")
      return fail(ErrorCode::malformed, "transport: \"{}\" is neither tcp nor udp", transport.substr(0, 20));
    seen.transport = transport == "udp" ? model::Transport::udp : model::Transport::tcp;
    auto const sensor = text_member(object, "sensorID");
    auto const handler = text_member(object, "handler");
    seen.service = handler.empty() ? kName : handler;
    seen.visit = visit_of(kName, sensor, line.text);
    TRY_VOID(codec::from_base64(text_member(object, "payload"), payload_));
    set_extra(object, seen);
    note(seen, to);
    return LogEvent{handler.empty() ? transport : handler, sensor, seen.time};
  }

private:
  void set_extra(Object const &object, model::Observation &seen) {
    extra_.begin();
    for (auto const name : {"rule", "handler", "scanner", "decoded"})
      if (auto const found = member(object, name)) extra_.add(name, *found);
    seen.extra = extra_.finish();
  }

  /// A datagram opens nothing: whoever sent it is not known to be its source.
  void note(model::Observation &seen, Reading &to) const {
    if (seen.transport == model::Transport::tcp) {
      seen.kind = Kind::opened;
      to.sink.take(seen);
      if (payload_.empty()) return;
      seen.extra = {};
      seen.sequence = 1;
    }
    seen.kind = payload_.empty() ? Kind::other : Kind::payload;
    if (!payload_.empty()) seen.set(Field::payload, payload_);
    to.sink.take(seen);
  }

  JsonLine json_;
  Extra extra_;
  std::string payload_;
};

}  // namespace

Registered<LogReader, Glutton> const glutton{"glutton"};

}  // namespace noroshi::understand::readers
