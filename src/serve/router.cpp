#include "serve/router.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/packs.hpp"
#include "codec/base64.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

Counter const answered{"noroshi_api_requests_total", "Requests answered.", "outcome", "answered"};
Counter const refused{"noroshi_api_requests_total", "Requests answered.", "outcome", "refused"};
Counter const failed{"noroshi_api_requests_total", "Requests answered.", "outcome", "failed"};
Histogram const took{"noroshi_api_request_seconds", "How long requests took."};

// Longer paths than this have no endpoint; a hostile one is not cut into a million pieces.
constexpr auto kMaxSegments = std::size_t{16};

auto split(std::string_view path) -> std::vector<std::string> {
  auto segments = std::vector<std::string>{};
  while (path.starts_with('/') && segments.size() <= kMaxSegments) {
    path.remove_prefix(1);
    auto const end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

auto is_placeholder(std::string_view segment) -> bool { return segment.starts_with('{'); }

auto matches(std::vector<std::string> const &pattern, std::vector<std::string> const &segments) -> bool {
  return std::ranges::equal(pattern, segments, [](std::string const &wanted, std::string const &given) {
    return is_placeholder(wanted) ? !given.empty() : wanted == given;
  });
}

auto shipped_sentences() -> search::Sentences {
  auto const packs = packs_folder();
  auto sentences = packs ? search::Sentences::load(*packs + "/text") : Result<search::Sentences>{packs.error()};
  if (sentences) return *std::move(sentences);
  log_warning("answers carry codes instead of sentences: {}", sentences.error().sentence);
  return {};
}

auto to_lower(char c) -> char { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr auto kBasic = std::string_view{"basic "};

/// The key of "Authorization: Bearer KEY"; nothing where the header is missing.
auto bearer_key(net::HttpRequest const &request) -> std::optional<std::string_view> {
  auto const header = request.header("authorization");
  if (header.empty()) return std::nullopt;
  auto const space = header.find(' ');
  auto scheme = std::string{header.substr(0, space)};
  std::ranges::transform(scheme, scheme.begin(), to_lower);
  if (scheme != "bearer" || space == std::string_view::npos) return std::string_view{};
  return header.substr(space + 1);
}

/// Firewalls that pull a list often can send no header of their own, but a password. Nowhere else: a browser sends
/// passwords by itself, for any page that asks it to.
constexpr auto kTakesPasswords = std::string_view{"/feeds/"};

/// The password of "Authorization: Basic …" (RFC 7617), whatever the user's name.
auto basic_password(net::HttpRequest const &request) -> std::optional<std::string> {
  auto const header = request.header("authorization");
  if (header.size() < kBasic.size() || !request.path.starts_with(kTakesPasswords)) return std::nullopt;
  if (!std::ranges::equal(header.substr(0, kBasic.size()), kBasic, {}, to_lower)) return std::nullopt;
  auto pair = std::string{};
  if (!codec::from_base64(header.substr(kBasic.size()), pair)) return std::string{};
  auto const colon = pair.find(':');
  return colon == std::string::npos ? std::string{} : pair.substr(colon + 1);
}

auto unauthorized(net::HttpRequest const &request, std::string_view detail) -> net::HttpResponse {
  auto response = problem(401, "denied", detail);
  response.headers.emplace_back("WWW-Authenticate", request.path.starts_with(kTakesPasswords)
                                                        ? "Basic realm=\"noroshi\", Bearer realm=\"noroshi\""
                                                        : "Bearer realm=\"noroshi\"");
  return response;
}

auto says_how_to_keep(net::HttpResponse const &response) -> bool {
  return std::ranges::any_of(response.headers, [](auto const &header) { return header.first == "Cache-Control"; });
}

void count(unsigned status) {
  if (status >= 500)
    failed.add();
  else if (status >= 400)
    refused.add();
  else
    answered.add();
}

auto not_there(std::string_view path, std::string const &allowed) -> net::HttpResponse {
  if (allowed.empty()) return problem(404, "not_found", fmt::format("there is nothing at {}", path.substr(0, 200)));
  auto response = problem(405, "malformed", fmt::format("{} takes {}", path.substr(0, 200), allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

void finish(net::HttpResponse &response) {
  count(response.status);
  // Answers are for the one who asked, unless the endpoint says how they may be kept; a browser shall not guess what
  // attacker text might be.
  if (!says_how_to_keep(response)) response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
}

}  // namespace

Router::Router(Services services) : Router(std::move(services), shipped_sentences()) {}

Router::Router(Services services, search::Sentences sentences)
    : services_(std::move(services)), sentences_(std::move(sentences)) {
  auto const &registry = Registry<Endpoint>::instance();
  for (auto const &name : registry.names()) {
    auto const space = name.find(' ');
    routes_.push_back({name.substr(0, space), split(std::string_view{name}.substr(space + 1)), registry.create(name)});
  }
}

auto Router::find(std::string_view method, std::string_view path) const -> Found {
  auto const segments = split(path);
  auto found = Found{};
  for (auto const &route : routes_) {
    if (!matches(route.segments, segments)) continue;
    if (route.method != method) {
      found.allowed += (found.allowed.empty() ? "" : ", ") + route.method;
      continue;
    }
    found.route = &route;
    for (auto i = std::size_t{0}; i < segments.size(); ++i)
      if (is_placeholder(route.segments[i])) found.arguments.push_back(segments[i]);
    return found;
  }
  return found;
}

auto Router::identify(net::HttpRequest const &request) -> Result<std::optional<model::Viewer>> {
  if (auto const password = basic_password(request)) {
    TRY(auto viewer, services_.catalogue.authenticate(*password, services_.clock.now()));
    return std::optional{std::move(viewer)};
  }
  if (auto const key = bearer_key(request)) {
    TRY(auto viewer, services_.catalogue.authenticate(*key, services_.clock.now()));
    return std::optional{std::move(viewer)};
  }
  if (request.peer_uid && (*request.peer_uid == ::geteuid() || *request.peer_uid == 0)) {
    TRY(auto viewer, services_.catalogue.local_administrator());
    return std::optional{std::move(viewer)};
  }
  return std::optional<model::Viewer>{};
}

auto Router::handle(net::HttpRequest &request) -> net::HttpResponse {
  auto const start = services_.clock.steady();
  auto response = answer(request);
  took.observe(std::chrono::duration_cast<Duration>(services_.clock.steady() - start));
  finish(response);
  return response;
}

auto Router::refusal_of_body(net::HttpRequest const &header) -> std::optional<net::HttpResponse> {
  auto const [route, arguments, allowed] = find(header.method, header.path);
  auto response = std::optional<net::HttpResponse>{};
  if (route == nullptr) {
    response = not_there(header.path, allowed);
  } else if (route->endpoint->is_public()) {
    response = problem(413, "too_large", "what anybody may ask takes no body of this size");
  } else {
    auto admitted = admit(*route->endpoint, header);
    if (auto *const refusal = std::get_if<net::HttpResponse>(&admitted)) response = std::move(*refusal);
  }
  if (response) finish(*response);
  return response;
}

auto Router::answer(net::HttpRequest &request) -> net::HttpResponse {
  auto const method = request.method == "HEAD" ? std::string_view{"GET"} : std::string_view{request.method};
  auto const [route, arguments, allowed] = find(method, request.path);
  if (route != nullptr) return call(*route, arguments, request);
  return not_there(request.path, allowed);
}

auto Router::admit(Endpoint const &endpoint, net::HttpRequest const &request)
    -> std::variant<model::Viewer, net::HttpResponse> {
  if (endpoint.is_public()) return model::Viewer{};  // a sensor's: the least
  auto identified = identify(request);
  if (!identified && identified.error().code == ErrorCode::denied)
    return unauthorized(request, identified.error().sentence);
  if (!identified) return problem(identified.error());
  if (!*identified)
    return unauthorized(request, "this needs an API key: send the header \"Authorization: Bearer KEY\"");
  auto viewer = **std::move(identified);
  if (!endpoint.permits(viewer))
    return problem(403, "denied", fmt::format("{} ({}) may not do this", viewer.name, to_string(viewer.role)));
  return viewer;
}

auto Router::call(Route const &route, std::vector<std::string> const &arguments, net::HttpRequest &request)
    -> net::HttpResponse {
  auto admitted = admit(*route.endpoint, request);
  if (auto *const refusal = std::get_if<net::HttpResponse>(&admitted)) return std::move(*refusal);
  auto const &viewer = std::get<model::Viewer>(admitted);
  auto const asked = request.parameter("lang");
  auto language = sentences_.choose(asked.empty() ? request.header("accept-language") : asked);
  try {
    auto response = route.endpoint->answer({request, arguments, viewer, services_, sentences_, std::move(language)});
    return response ? *std::move(response) : problem(response.error());
  } catch (std::exception const &failure) {
    return problem(fail(ErrorCode::internal, "{} {}: {}", request.method, request.path, failure.what()));
  }
}

}  // namespace noroshi::serve
