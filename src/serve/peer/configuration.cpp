// GET /peer/v1/configuration: what the node wants of the sensor that asks: settings, and packs by the hash of their
// content. GET /peer/v1/packs?sha256=…: one pack's content.
#include <algorithm>

#include "codec/json_writer.hpp"
#include "serve/peer_router.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class Configuration final : public PeerEndpoint {
public:
  auto answer(PeerCall const &call) -> Result<net::HttpResponse> override {
    TRY(auto const wanted, call.services.registry.sensor_configuration(call.sensor.id));
    auto const packs = call.services.packs.list();
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("version", wanted.version);
    json.member("tag", configuration_tag(call.sensor, *packs)).key("settings").begin_object();
    for (auto const &[key, value] : wanted.settings) json.member(key, value);
    json.end_object().key("packs").begin_array();
    for (auto const &pack : packs->packs) {
      json.begin_object().member("name", pack.name).member("sha256", pack.sha256);
      json.member("bytes", pack.content.size()).end_object();
    }
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

class Packs final : public PeerEndpoint {
public:
  auto answer(PeerCall const &call) -> Result<net::HttpResponse> override {
    auto const packs = call.services.packs.list();
    auto const found = std::ranges::find(packs->packs, call.request.parameter("sha256"), &Pack::sha256);
    if (found == packs->packs.end())
      return fail(ErrorCode::not_found, "this node has no pack with that hash (any more)");
    auto response = net::HttpResponse{};
    response.content_type = "application/octet-stream";
    response.body = found->content;
    return response;
  }
};

Registered<PeerEndpoint, Configuration> const configuration{"GET /peer/v1/configuration"};
Registered<PeerEndpoint, Packs> const packs_endpoint{"GET /peer/v1/packs"};

}  // namespace
}  // namespace noroshi::serve
