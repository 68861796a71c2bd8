#include "serve/handed_in.hpp"

#include <cmath>

#include "base/text.hpp"
#include "model/frame_times.hpp"
#include "serve/body.hpp"

namespace noroshi::serve {

namespace {

ConfigKey<Duration> const clock_tolerance{
    "sensors.clock_tolerance", "60s", "time",
    "a sensor's clock may be off by so much before its observations' times are corrected (time servers keep clocks "
    "within a second; networks look up who had an address by the minute)"};

// "0.1.0-dev+20 digits of a commit" fits, and so does the longest word of a space.
constexpr auto kMaxWordBytes = std::size_t{64};
// One sentence; it is shown in a table.
constexpr auto kMaxTroubleBytes = std::size_t{300};

auto number_header(net::HttpRequest const &request, std::string_view name) -> Result<std::uint64_t> {
  return parse_number(fmt::format("the header {}", name), request.header(name));
}

auto word_header(net::HttpRequest const &request, std::string_view name, std::size_t limit) -> std::string {
  return printable(request.header(name).substr(0, limit));
}

}  // namespace

auto read_health(net::HttpRequest const &request, model::SensorId sensor, Time now)
    -> Result<std::optional<model::SensorHealth>> {
  auto const time = request.header("noroshi-time");
  if (time.empty()) return std::optional<model::SensorHealth>{};
  auto health = model::SensorHealth{};
  health.sensor = sensor;
  health.seen = now;
  TRY(auto const clock, parse_rfc3339(time));
  health.clock_offset_s = std::chrono::duration<double>(clock - now).count();
  TRY(health.spool_bytes, number_header(request, "noroshi-spool-bytes"));
  TRY(health.drops, number_header(request, "noroshi-drops"));
  health.version = word_header(request, "noroshi-version", kMaxWordBytes);
  health.space = word_header(request, "noroshi-space", kMaxWordBytes);
  health.configuration_trouble = word_header(request, "noroshi-configuration-trouble", kMaxTroubleBytes);
  if (!request.header("noroshi-configuration-version").empty()) {
    TRY(health.applied_version, number_header(request, "noroshi-configuration-version"));
  }
  return std::optional{std::move(health)};
}

auto take_batch(net::HttpRequest &request, model::SensorId sensor, std::optional<model::SensorHealth> const &health,
                Config const &config, Time now) -> Result<HandedIn> {
  auto taken = HandedIn{};
  taken.batch.sensor = sensor;
  TRY(taken.batch.epoch, number_header(request, "noroshi-epoch"));
  TRY(taken.batch.sequence, number_header(request, "noroshi-sequence"));
  auto const count = model::count_frames(request.body);
  if (count.damaged)
    return fail(ErrorCode::malformed, "the batch is damaged behind its first {} observations ({} bytes)", count.frames,
                count.bytes);
  if (count.frames == 0) return fail(ErrorCode::malformed, "the batch holds no observation");
  taken.observations = count.frames;
  auto const offset = health ? health->clock_offset_s : 0.0;
  if (std::abs(offset) <= std::chrono::duration<double>(config.get(clock_tolerance)).count())
    taken.batch.frames = model::with_none_after(std::move(request.body), now);
  else
    taken.batch.frames = model::with_clock_corrected(
        request.body, std::chrono::duration_cast<Duration>(std::chrono::duration<double>{offset}), now);
  return taken;
}

}  // namespace noroshi::serve
