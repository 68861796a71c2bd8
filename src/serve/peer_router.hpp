// The peer port: what sensors may ask of the node, over TLS that has proved their key. Nothing of the API is reachable
// here, and nothing of this over the API.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/config.hpp"
#include "base/registry.hpp"
#include "base/time.hpp"
#include "model/batch.hpp"
#include "model/ports/sensor_registry.hpp"
#include "net/http.hpp"
#include "serve/peer_packs.hpp"
#include "serve/sensor_health.hpp"

namespace noroshi::serve {

/// What peer endpoints work with; outlives the router.
struct PeerServices {
  model::SensorRegistry &registry;
  Config const &config;
  Clock const &clock;
  /// Calls back once the batch is durable, maybe on another thread; false where it was there already.
  std::function<void(model::Batch const &, std::function<void(Result<bool>)>)> intake;
  SensorHealthBook &health;
  PeerPacks &packs;
};

struct PeerCall {
  net::HttpRequest &request;
  model::Sensor const &sensor;  // who asks; nobody in particular for strangers
  PeerServices &services;
};

/// One file in peer/, registered on its last line under "METHOD /path".
class PeerEndpoint {
public:
  virtual ~PeerEndpoint() = default;
  /// True for what a key may ask that the node does not know (yet).
  [[nodiscard]] virtual auto is_for_strangers() const -> bool { return false; }
  virtual auto answer(PeerCall const &call) -> Result<net::HttpResponse> = 0;
};

/// Thread-safe.
class PeerRouter {
public:
  explicit PeerRouter(PeerServices services);
  /// 401 without a key, 403 for one that is unknown or revoked; such a connection ends with the answer. What waits for
  /// the disk answers later.
  auto handle(net::HttpRequest &request) -> net::HttpResponse;
  /// An HttpDoor: whose key is no sensor's is told so before it has sent more than a few KiB.
  auto refusal_of_body(net::HttpRequest const &header) -> std::optional<net::HttpResponse>;

private:
  struct PinHash {
    auto operator()(model::KeyPin const &pin) const noexcept -> std::size_t;
  };
  using Known = std::unordered_map<model::KeyPin, model::Sensor, PinHash>;
  auto known() -> Result<std::shared_ptr<Known const>>;
  auto call(PeerEndpoint &endpoint, net::HttpRequest &request) -> net::HttpResponse;
  auto refusal_by_key(net::HttpRequest const &header) -> std::optional<net::HttpResponse>;

  PeerServices services_;
  std::unordered_map<std::string, std::unique_ptr<PeerEndpoint>> endpoints_;
  std::mutex mutex_;
  std::uint64_t version_ = 0;           // of the registry that known_ is a copy of
  std::shared_ptr<Known const> known_;  // shared with the requests that read it while it is replaced
};

/// By what a sensor tells whether its configuration is still the one that the node wants.
auto configuration_tag(model::Sensor const &sensor, PackList const &packs) -> std::string;

}  // namespace noroshi::serve
