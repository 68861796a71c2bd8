// GET /api/v1/export/{format}: observations or indicators in another program's format, a page at a time. The pages put
// together are the export. Headers: Noroshi-Next, the cursor of the page that follows (absent behind the last one), and
// Noroshi-Left-Out, how many entries of this page the format has no place for.
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "search/show_parts.hpp"
#include "serve/endpoint.hpp"
#include "serve/lists.hpp"
#include "serve/observation_query.hpp"
#include "share/secrecy.hpp"

namespace noroshi::serve {
namespace {

constexpr auto kUsual = std::size_t{1'000};
constexpr auto kMost = std::size_t{2'000};  // of posted bodies, some tens of MiB at once

/// A page under way.
struct Page {
  share::Writer const &writer;
  net::HttpResponse response;
  std::optional<std::string> next;
  std::uint64_t written = 0, left_out = 0;

  void count(bool was_written) { ++(was_written ? written : left_out); }
};

auto writer_named(std::string_view name) -> Result<std::unique_ptr<share::Writer>> {
  auto const &registry = Registry<share::Writer>::instance();
  auto writer = registry.create(name);
  if (writer != nullptr) return writer;
  return fail(ErrorCode::not_found, "no format is named \"{}\"; there are {}", printable(name.substr(0, 40)),
              fmt::join(registry.names(), ", "));
}

class Export final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    auto parameters = observation_parameters();
    parameters.push_back({"format", In::path, kText, "a format, such as csv"});
    parameters.push_back(
        {"limit", In::query, kCount, "entries of one answer: 1,000 where it is not said, 2,000 at most"});
    parameters.push_back({"keep_sensors", In::query, kFlag, "leave addresses and names of sensors in"});
    parameters.push_back({"with_secrets", In::query, kFlag, "with passwords and posted bodies, for analysts"});
    return {.summary = "Observations or indicators in another program's format; Noroshi-Next is the next cursor",
            .parameters = parameters,
            .answer = "Anything",
            .answer_type = "*/*"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }

  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const writer, writer_named(call.arguments[0]));
    TRY(auto const query, observation_query(call.request));
    TRY(auto const limit, limit_of(call.request, kUsual, kMost));
    auto page = Page{*writer, {}, {}};
    page.response.content_type = writer->about().content_type;
    auto const is_first = call.request.parameter("cursor").empty();
    if (is_first) writer->begin(search::home_name(call.services.catalogue), page.response.body);
    auto const is_about_observations = writer->about().subject == share::Subject::observations;
    TRY_VOID(is_about_observations ? add_observations(call, query, limit, page)
                                   : add_indicators(call, query, limit, page));
    if (!page.next) writer->end(page.response.body);
    if (page.next) page.response.headers.emplace_back("Noroshi-Next", *page.next);
    page.response.headers.emplace_back("Noroshi-Written", std::to_string(page.written));
    page.response.headers.emplace_back("Noroshi-Left-Out", std::to_string(page.left_out));
    return std::move(page.response);
  }

private:
  static auto add_observations(Call const &call, model::ObservationQuery const &query, std::size_t limit, Page &page)
      -> Result<void> {
    TRY(auto const keep_sensors, flag_parameter(call.request, "keep_sensors"));
    TRY(auto const with_secrets, flag_parameter(call.request, "with_secrets"));
    if (with_secrets && !call.viewer.may_see_secrets())
      return fail(ErrorCode::denied, "log-in secrets are exported for analysts only; leave with_secrets out");
    TRY(auto const secrecy, share::Secrecy::create(call.services.config));
    TRY(auto found, call.services.observations.page(query, call.request.parameter("cursor"), limit, call.viewer));
    auto const names = keep_sensors ? search::sensor_names(call.viewer, call.services.catalogue)
                                    : std::map<model::SensorId, std::string>{};
    for (auto &seen : found.observations) {
      if (!with_secrets) std::erase_if(seen.fields, [](auto const &field) { return model::info(field.field).secret; });
      if (!keep_sensors) secrecy.scrub(seen);
      auto const name = names.find(seen.sensor);
      auto const sensor = name == names.end() ? fmt::format("sensor-{}", seen.sensor.number) : name->second;
      page.count(page.writer.write(share::OutObservation{seen, sensor, keep_sensors}, page.response.body));
    }
    page.next = std::move(found.next);
    return ok;
  }

  static auto add_indicators(Call const &call, model::ObservationQuery const &query, std::size_t limit, Page &page)
      -> Result<void> {
    if (query.kind || query.source || !query.service.empty())
      return fail(ErrorCode::malformed, "this format holds indicators: kind, source and service do not apply to it");
    auto filter = model::IndicatorFilter{};
    filter.since = query.since;
    filter.before = query.before;
    auto const now = call.services.clock.now();
    auto const rules = rules_of(call.services);
    TRY(auto found, call.services.indicators.list(filter, call.request.parameter("cursor"), limit, call.viewer, now));
    for (auto const &listed : found.listed)
      page.count(page.writer.write(share::summarise(listed, rules, now), page.response.body));
    page.next = std::move(found.next);
    return ok;
  }
};

Registered<Endpoint, Export> const export_endpoint{"GET /api/v1/export/{format}"};

}  // namespace
}  // namespace noroshi::serve
