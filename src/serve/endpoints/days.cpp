// /api/v1/days: the days of observations, and the holds that keep them from retention. Analysts place holds; only
// administrators lift them, because what is lifted may be gone within the hour.
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class ListDays final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "The days of observations that are kept", .answer = "Days"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const days, call.services.observations.days(call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("days").begin_array();
    for (auto const &day : days) {
      json.begin_object().member("day", to_string(day.day)).member("rows", day.rows).member("closed", day.closed);
      json.member("held", day.held).member("bytes", day.bytes).end_object();
    }
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

class Hold final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Keep days from retention", .request = "Hold", .answer = "Empty"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_write_reports(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"name", "from", "to"}));
    TRY(auto const name, text_member(document.get_object(), "name", Presence::required, 200));
    TRY(auto const from, day_member(document.get_object(), "from"));
    TRY(auto const to, day_member(document.get_object(), "to"));
    if (to < from)
      return fail(ErrorCode::malformed, "the hold ends ({}) before it begins ({})", to_string(to), to_string(from));
    // Audited first: an act that cannot be audited is not done.
    auto const span = fmt::format("{} to {}", to_string(from), to_string(to));
    TRY_VOID(call.services.catalogue.audit("days.hold", name, span, call.viewer));
    TRY_VOID(call.services.observations.hold(name, from, to));
    return json_reply("{}");
  }
};

class Release final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Lift a hold", .request = "Release", .answer = "Empty"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_administer(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"name"}));
    TRY(auto const name, text_member(document.get_object(), "name", Presence::required, 200));
    TRY_VOID(call.services.catalogue.audit("days.release", name, "", call.viewer));
    TRY_VOID(call.services.observations.release(name));
    return json_reply("{}");
  }
};

Registered<Endpoint, ListDays> const list_days{"GET /api/v1/days"};
Registered<Endpoint, Hold> const hold{"POST /api/v1/days/hold"};
Registered<Endpoint, Release> const release{"POST /api/v1/days/release"};

}  // namespace
}  // namespace noroshi::serve
