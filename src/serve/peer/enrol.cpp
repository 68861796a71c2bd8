// POST /peer/v1/enrol {"secret": hexadecimal}: a one-time code is used up, and the key that this connection proved to
// hold is the sensor's from now on. The one thing that a stranger may ask here.
#include "base/bytes.hpp"
#include "codec/enrolment_code.hpp"
#include "codec/json_writer.hpp"
#include "serve/body.hpp"
#include "serve/peer_router.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class Enrol final : public PeerEndpoint {
public:
  [[nodiscard]] auto is_for_strangers() const -> bool override { return true; }

  auto answer(PeerCall const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"secret"}));
    TRY(auto const hex, text_member(document.get_object(), "secret", Presence::required));
    TRY(auto const secret, from_hex(hex));
    // 160 bits cannot be guessed, so nobody is kept from trying; how much of the audit guesses may fill is bounded
    // there.
    TRY(auto const joined, call.services.registry.join_sensor(codec::sha256(secret), *call.request.peer_key,
                                                              "peer " + call.request.peer.to_string()));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("sensor", joined.name).end_object();
    return json_reply(std::move(body));
  }
};

Registered<PeerEndpoint, Enrol> const enrol{"POST /peer/v1/enrol"};

}  // namespace
}  // namespace noroshi::serve
