// POST /peer/v1/batches: a sensor hands in a sealed segment's frames; acknowledged means durable. POST /peer/v1/health:
// the same headers without a batch, so that a quiet sensor is heard too. Both answer with the tag of the configuration
// that the node wants. Headers: serve/handed_in.hpp.
#include "codec/json_writer.hpp"
#include "serve/handed_in.hpp"
#include "serve/peer_router.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

auto note_health(PeerCall const &call) -> Result<std::optional<model::SensorHealth>> {
  TRY(auto health, read_health(call.request, call.sensor.id, call.services.clock.now()));
  if (!health) return fail(ErrorCode::malformed, "the header Noroshi-Time is missing");
  call.services.health.note(*health);
  return health;
}

class Batches final : public PeerEndpoint {
public:
  auto answer(PeerCall const &call) -> Result<net::HttpResponse> override {
    TRY(auto const health, note_health(call));
    TRY(auto taken, take_batch(call.request, call.sensor.id, health, call.services.config, call.services.clock.now()));
    auto response = net::HttpResponse{};
    response.later =
        [intake = call.services.intake, batch = std::make_shared<model::Batch const>(std::move(taken.batch)),
         observations = taken.observations, tag = configuration_tag(call.sensor, *call.services.packs.list())](
            std::function<void(net::HttpResponse)> const &answer) {
          intake(*batch, [answer, observations, tag](Result<bool> const &is_new) {
            answer(is_new ? acknowledged(*is_new, observations, tag) : problem(is_new.error()));
          });
        };
    return response;
  }

private:
  static auto acknowledged(bool is_new, std::uint64_t observations, std::string_view tag) -> net::HttpResponse {
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("acknowledged", true).member("duplicate", !is_new);
    json.member("observations", observations).member("configuration", tag).end_object();
    return json_reply(std::move(body));
  }
};

class Health final : public PeerEndpoint {
public:
  auto answer(PeerCall const &call) -> Result<net::HttpResponse> override {
    TRY_VOID(note_health(call));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("sensor", call.sensor.name);
    json.member("configuration", configuration_tag(call.sensor, *call.services.packs.list())).end_object();
    return json_reply(std::move(body));
  }
};

Registered<PeerEndpoint, Batches> const batches{"POST /peer/v1/batches"};
Registered<PeerEndpoint, Health> const health{"POST /peer/v1/health"};

}  // namespace
}  // namespace noroshi::serve
