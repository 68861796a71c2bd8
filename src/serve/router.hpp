// Routes: one endpoint a file, registered by method and path pattern; the same handlers serve HTTP and the command line.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/time.hpp"
#include "model/batch.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"
#include "net/http.hpp"

namespace noroshi::serve {

/// What endpoints work with. Owned by whoever opened the data directory; outlives the router.
struct Services {
  model::IndicatorStore &indicators;
  model::ObservationStore &observations;
  model::Catalogue &catalogue;
  Config const &config;
  Clock const &clock;
  /// Durable when it returns; false where the batch was there already.
  std::function<Result<bool>(model::Batch const &)> intake;
  /// Applies pending catalogue changes to the indicator store; a write returns when its change is applied.
  std::function<Result<void>()> apply_changes;
  /// The members of `noroshi status` that only the running program knows (listeners, protections, spool…), as JSON text.
  std::function<std::string()> running_state;
};

/// One endpoint. Registered<Endpoint, X> const x{"GET /api/v1/ips/{ip}"};
class Endpoint {
public:
  virtual ~Endpoint() = default;
  /// False for the few endpoints that anyone may call (/healthz).
  [[nodiscard]] virtual auto needs_viewer() const -> bool { return true; }
  /// `arguments` are the path's {placeholders} in order.
  virtual auto handle(net::HttpRequest &request, std::vector<std::string> const &arguments, model::Viewer const &viewer,
                      Services &services) -> net::HttpResponse = 0;
};

/// Finds the endpoint, settles who asks (API key; own user over the Unix socket), calls it. Thread-safe.
class Router {
public:
  explicit Router(Services services);
  auto handle(net::HttpRequest &request) -> net::HttpResponse;

private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    std::unique_ptr<Endpoint> endpoint;
  };
  Services services_;
  std::vector<Route> routes_;
};

}  // namespace noroshi::serve
