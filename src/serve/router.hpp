// Routes: one endpoint a file, registered by method and path pattern; the same handlers serve HTTP and the command
// line.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "serve/endpoint.hpp"

namespace noroshi::serve {

/// Finds the endpoint, settles who asks, calls it. Thread-safe.
///
/// Who asks: the API key of `Authorization: Bearer KEY`, or below /feeds/ the password of `Authorization: Basic`;
/// without one, over the Unix socket, the node's own user or root is the local administrator. No key or a wrong one:
/// 401. A right that is missing: 403.
class Router {
public:
  /// With the sentences that the product ships; where they are missing, a warning, and codes instead of sentences.
  explicit Router(Services services);
  Router(Services services, search::Sentences sentences);

  auto handle(net::HttpRequest &request) -> net::HttpResponse;
  /// An HttpDoor: who may not call the endpoint is told so before having sent more than a few KiB.
  auto refusal_of_body(net::HttpRequest const &header) -> std::optional<net::HttpResponse>;

private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;  // "{…}" takes any one segment
    std::unique_ptr<Endpoint> endpoint;
  };
  struct Found {
    Route const *route = nullptr;
    std::vector<std::string> arguments;
    std::string allowed;  // methods of that path, where the method was another
  };
  [[nodiscard]] auto find(std::string_view method, std::string_view path) const -> Found;
  auto identify(net::HttpRequest const &request) -> Result<std::optional<model::Viewer>>;
  auto answer(net::HttpRequest &request) -> net::HttpResponse;
  /// Who calls the endpoint, or the answer to one who may not.
  auto admit(Endpoint const &endpoint, net::HttpRequest const &request)
      -> std::variant<model::Viewer, net::HttpResponse>;
  auto call(Route const &route, std::vector<std::string> const &arguments, net::HttpRequest &request)
      -> net::HttpResponse;

  Services services_;
  search::Sentences sentences_;
  std::vector<Route> routes_;
};

}  // namespace noroshi::serve
