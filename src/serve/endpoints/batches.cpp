// POST /api/v1/batches: a sensor hands in a sealed segment's frames. (sensor, epoch, sequence) names it for ever, so
// handing it in again is harmless. Acknowledged means durable. Headers: Noroshi-Sensor, Noroshi-Epoch,
// Noroshi-Sequence; and how the sensor is: Noroshi-Time (RFC 3339), Noroshi-Spool-Bytes, Noroshi-Drops,
// Noroshi-Version.
#include "base/log.hpp"
#include "base/text.hpp"
#include "model/batch.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

// "0.1.0-dev+20 digits of a commit" fits.
constexpr auto kMaxVersionBytes = std::size_t{64};

auto number_header(net::HttpRequest const &request, std::string_view name) -> Result<std::uint64_t> {
  return parse_number(fmt::format("the header {}", name), request.header(name));
}

auto check_frames(std::string_view frames) -> Result<std::uint64_t> {
  auto const count = model::count_frames(frames);
  if (count.damaged)
    return fail(ErrorCode::malformed, "the batch is damaged behind its first {} observations ({} bytes)", count.frames,
                count.bytes);
  if (count.frames == 0) return fail(ErrorCode::malformed, "the batch holds no observation");
  return count.frames;
}

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
    auto batch = model::Batch{};
    TRY(batch.epoch, number_header(call.request, "noroshi-epoch"));
    TRY(batch.sequence, number_header(call.request, "noroshi-sequence"));
    TRY(batch.sensor, sensor_of(call));
    TRY(auto const frames, check_frames(call.request.body));
    batch.frames = std::move(call.request.body);
    TRY(auto const is_new, call.services.intake(batch));
    // The batch is durable: how the sensor is may be told with the next one.
    if (auto const noted = note_health(call, batch.sensor); !noted)
      log_warning("sensor {}: its health was not noted: {}", call.request.header("noroshi-sensor"),
                  noted.error().sentence);
    auto body = std::string{};
    auto json = search::JsonWriter{body};
    json.begin_object()
        .member("acknowledged", true)
        .member("duplicate", !is_new)
        .member("observations", frames)
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

  static auto note_health(Call const &call, model::SensorId sensor) -> Result<void> {
    auto const time = call.request.header("noroshi-time");
    if (time.empty()) return ok;
    auto health = model::SensorHealth{};
    health.sensor = sensor;
    TRY(auto const clock, parse_rfc3339(time));
    health.clock_offset_s = std::chrono::duration<double>(clock - call.services.clock.now()).count();
    TRY(health.spool_bytes, number_header(call.request, "noroshi-spool-bytes"));
    TRY(health.drops, number_header(call.request, "noroshi-drops"));
    health.version = printable(call.request.header("noroshi-version").substr(0, kMaxVersionBytes));
    return call.services.catalogue.note_health(health);
  }
};

Registered<Endpoint, Batches> const batches{"POST /api/v1/batches"};

}  // namespace
}  // namespace noroshi::serve
