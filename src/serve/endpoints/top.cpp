// GET /api/v1/top?kind=login&field=username[&since=TIME][&limit=N]: what visitors said most often, and
// where they come from (field=country, field=network) and which service they came to (field=service).
#include <algorithm>

#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

constexpr auto kDefaultLimit = std::uint64_t{20};
// A list of all paths of a large day is some tens of MiB.
constexpr auto kMaxLimit = std::uint64_t{1'000'000};

/// What is no field but where the source comes from, or where it went.
auto origin_named(std::string_view name) -> std::optional<model::Origin> {
  if (name == "country") return model::Origin::country;
  if (name == "network" || name == "asn") return model::Origin::network;
  if (name == "service") return model::Origin::service;
  return std::nullopt;
}

auto field_named(std::string_view name) -> Result<model::FieldInfo> {
  auto known = std::string{"country, network, service"};
  for (auto const &info : model::fields()) {
    if (info.type != model::FieldType::text || info.secret) continue;
    if (info.name == name) return info;
    known += ", " + std::string{info.name};
  }
  return fail(ErrorCode::malformed, "field \"{}\": one of {}", name.substr(0, 40), known);
}

class Top final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "What visitors said most often",
            .parameters = {{"kind", In::query, kText, "a kind of observation, such as login", true},
                           {"field", In::query, kText, "a text field, such as username", true},
                           {"since", In::query, kTime, "only what was received since"},
                           {"limit", In::query, kCount, "20 where it is not said"}},
            .answer = "Top"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const kind, model::parse_kind(call.request.parameter("kind")));
    auto const origin = origin_named(call.request.parameter("field"));
    auto field = model::FieldInfo{};
    if (!origin) {
      TRY(field, field_named(call.request.parameter("field")));
    }
    auto since = Time{};
    if (auto const text = call.request.parameter("since"); !text.empty()) {
      TRY(since, parse_rfc3339(text));
    }
    auto limit = kDefaultLimit;
    if (auto const text = call.request.parameter("limit"); !text.empty()) {
      TRY(limit, parse_number("limit", text));
    }
    limit = std::min(limit, kMaxLimit);
    auto &store = call.services.observations;
    TRY(auto const values, origin ? store.top_origins(kind, *origin, since, limit, call.viewer)
                                  : store.top_values(kind, field.field, since, limit, call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("values").begin_array();
    for (auto const &each : values)
      json.begin_object().member("value", each.value).member("count", each.count).end_object();
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, Top> const top{"GET /api/v1/top"};

}  // namespace
}  // namespace noroshi::serve
