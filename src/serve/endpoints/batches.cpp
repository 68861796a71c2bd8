// POST /api/v1/batches: a sensor hands in a sealed segment's frames. (sensor, epoch, sequence) names it for ever, so
// handing it in again is harmless. Acknowledged means durable. Headers: Noroshi-Sensor, Noroshi-Epoch,
// Noroshi-Sequence; and how the sensor is (serve/handed_in.hpp).
#include "base/log.hpp"
#include "serve/endpoint.hpp"
#include "serve/handed_in.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class Batches final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Hand in one sealed segment of a sensor; handing it in again is harmless",
            .parameters = {{"Noroshi-Sensor", In::header, kText, "the sensor's name", true},
                           {"Noroshi-Epoch", In::header, kNumber, "of its spool; grows with every start", true},
                           {"Noroshi-Sequence", In::header, kNumber, "of the segment in its epoch", true},
                           {"Noroshi-Time", In::header, kTime, "the sensor's clock; the three below go with it"},
                           {"Noroshi-Spool-Bytes", In::header, kNumber, "what waits in its spool"},
                           {"Noroshi-Drops", In::header, kNumber, "observations its spool has dropped"},
                           {"Noroshi-Version", In::header, kText, "of its program"}},
            .request = "Frames",
            .request_type = "application/octet-stream",
            .answer = "BatchReceipt"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_hand_in_batches();
  }

  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const sensor, sensor_of(call));
    auto const now = call.services.clock.now();
    // A sensor that tells wrongly how it is still hands in what it saw.
    auto const health = read_health(call.request, sensor, now);
    TRY(auto const taken, take_batch(call.request, sensor, health.value_or(std::nullopt), call.services.config, now));
    TRY(auto const is_new, call.services.intake(taken.batch));
    // The batch is durable: how the sensor is may be told with the next one.
    if (auto const noted = note(call, health); !noted)
      log_warning("sensor {}: its health was not noted: {}", call.request.header("noroshi-sensor"),
                  noted.error().sentence);
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object()
        .member("acknowledged", true)
        .member("duplicate", !is_new)
        .member("observations", taken.observations)
        .end_object();
    return json_reply(std::move(body));
  }

private:
  /// A sensor speaks for itself alone: its user is named like it.
  static auto sensor_of(Call const &call) -> Result<model::SensorId> {
    auto const name = call.request.header("noroshi-sensor");
    if (name.empty()) return fail(ErrorCode::malformed, "the header Noroshi-Sensor is missing");
    if (!call.viewer.may_administer() && name != call.viewer.name)
      return fail(ErrorCode::denied, "the key of {} cannot hand in batches of another sensor", call.viewer.name);
    TRY(auto const sensor, call.services.catalogue.ensure_sensor(name));
    return sensor.id;
  }

  static auto note(Call const &call, Result<std::optional<model::SensorHealth>> const &health) -> Result<void> {
    if (!health) return health.error();
    return *health ? call.services.catalogue.note_health({&**health, 1}) : Result<void>{ok};
  }
};

Registered<Endpoint, Batches> const batches{"POST /api/v1/batches"};

}  // namespace
}  // namespace noroshi::serve
