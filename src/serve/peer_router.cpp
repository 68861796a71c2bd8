#include "serve/peer_router.hpp"

#include <cstring>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {

namespace {

Counter const answered{"noroshi_peer_requests_total", "Requests on the peer port.", "outcome", "answered"};
Counter const refused{"noroshi_peer_requests_total", "Requests on the peer port.", "outcome", "refused"};
Counter const failed{"noroshi_peer_requests_total", "Requests on the peer port.", "outcome", "failed"};

auto turned_away(unsigned status, std::string_view sentence) -> net::HttpResponse {
  auto response = problem(status, "denied", sentence);
  response.ends_connection = true;
  return response;
}

auto without_key() -> net::HttpResponse {
  return turned_away(401, "the peer port takes callers with a key of their own only (mutual TLS)");
}

auto of_unknown_key() -> net::HttpResponse {
  return turned_away(403, "this key is not that of a sensor of this node: it was never enrolled, or was revoked");
}

void count(net::HttpResponse const &response) {
  (response.status >= 500 ? failed : response.status >= 400 ? refused : answered).add();
}

}  // namespace

auto PeerRouter::PinHash::operator()(model::KeyPin const &pin) const noexcept -> std::size_t {
  auto part = std::size_t{0};  // a hash already
  std::memcpy(&part, pin.bytes.data(), sizeof part);
  return part;
}

PeerRouter::PeerRouter(PeerServices services) : services_(std::move(services)) {
  auto const &registry = Registry<PeerEndpoint>::instance();
  for (auto const &name : registry.names()) endpoints_[name] = registry.create(name);
}

auto PeerRouter::known() -> Result<std::shared_ptr<Known const>> {
  // The version is read before the sensors: what changes in between is read again by the next request.
  auto const version = services_.registry.sensors_version();
  auto const lock = std::lock_guard{mutex_};
  if (known_ && version_ == version) return known_;
  TRY(auto const sensors, services_.registry.sensors(model::node_viewer()));
  auto fresh = std::make_shared<Known>();
  for (auto const &sensor : sensors)
    if (sensor.key && sensor.state == model::SensorState::joined) fresh->emplace(*sensor.key, sensor);
  known_ = std::move(fresh);
  version_ = version;
  return known_;
}

auto PeerRouter::handle(net::HttpRequest &request) -> net::HttpResponse {
  auto const found = endpoints_.find(request.method + " " + request.path);
  auto response = net::HttpResponse{};
  if (!request.peer_key)
    response = without_key();
  else if (found == endpoints_.end())
    response = problem(404, "not_found", "there is nothing of that name on the peer port; the API is on api.listen");
  else
    response = call(*found->second, request);
  if (!response.later) {
    count(response);
    return response;
  }
  response.later = [begin = std::move(response.later)](std::function<void(net::HttpResponse)> const &answer) {
    begin([answer](net::HttpResponse known) {
      count(known);
      answer(std::move(known));
    });
  };
  return response;
}

auto PeerRouter::refusal_of_body(net::HttpRequest const &header) -> std::optional<net::HttpResponse> {
  auto response = refusal_by_key(header);
  if (response) count(*response);
  return response;
}

auto PeerRouter::refusal_by_key(net::HttpRequest const &header) -> std::optional<net::HttpResponse> {
  if (!header.peer_key) return without_key();
  auto const all = known();
  if (!all) return problem(all.error());
  if ((*all)->contains(*header.peer_key)) return std::nullopt;
  auto const found = endpoints_.find(header.method + " " + header.path);
  if (found == endpoints_.end() || !found->second->is_for_strangers()) return of_unknown_key();
  return problem(413, "too_large", "from a key that this node does not know it takes a few KiB only");
}

auto PeerRouter::call(PeerEndpoint &endpoint, net::HttpRequest &request) -> net::HttpResponse {
  try {
    auto const all = known();
    if (!all) return problem(all.error());
    auto const sensor = (*all)->find(*request.peer_key);
    auto const stranger = sensor == (*all)->end();
    if (stranger && !endpoint.is_for_strangers()) return of_unknown_key();
    auto const nobody = model::Sensor{};
    auto response = endpoint.answer({request, stranger ? nobody : sensor->second, services_});
    return response ? *std::move(response) : problem(response.error());
  } catch (std::exception const &failure) {
    return problem(fail(ErrorCode::internal, "{} {}: {}", request.method, request.path, failure.what()));
  }
}

auto configuration_tag(model::Sensor const &sensor, PackList const &packs) -> std::string {
  return fmt::format("{}-{}", sensor.configuration, packs.digest);
}

}  // namespace noroshi::serve
