// GET /api/v1/{ips,urls,domains,hashes,sessions}/…: everything known about one thing. A URL comes as ?value=, because a
// path cannot carry one whole.
#include "search/show.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class Ip final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Everything known about one address, and why",
            .parameters = {{"ip", In::path, kText, "may be defanged"}},
            .answer = "IpPage"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto body, search::show_ip(call.arguments[0], call.viewer, call.language, call.knowledge()));
    return json_reply(std::move(body));
  }
};

class Domain final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Everything known about one domain, and why",
            .parameters = {{"domain", In::path, kText, "may be defanged"}},
            .answer = "ThingPage"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto body, search::show_thing("domain", call.arguments[0], call.viewer, call.language, call.knowledge()));
    return json_reply(std::move(body));
  }
};

class Hash final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Everything known about one hash, and why",
            .parameters = {{"hash", In::path, kText, "may be defanged"}},
            .answer = "ThingPage"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto body, search::show_thing("hash", call.arguments[0], call.viewer, call.language, call.knowledge()));
    return json_reply(std::move(body));
  }
};

class Url final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Everything known about one URL, and why",
            .parameters = {{"value", In::query, kText, "the URL; may be defanged", true}},
            .answer = "ThingPage"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto body,
        search::show_thing("url", call.request.parameter("value"), call.viewer, call.language, call.knowledge()));
    return json_reply(std::move(body));
  }
};

class Session final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "One visit, observation by observation",
            .parameters = {{"id", In::path, kText, "as `show ip` lists it"}},
            .answer = "SessionPage"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto body, search::show_session(call.arguments[0], call.viewer, call.knowledge()));
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, Ip> const ip{"GET /api/v1/ips/{ip}"};
Registered<Endpoint, Domain> const domain{"GET /api/v1/domains/{domain}"};
Registered<Endpoint, Hash> const hash{"GET /api/v1/hashes/{hash}"};
Registered<Endpoint, Url> const url{"GET /api/v1/urls"};
Registered<Endpoint, Session> const session{"GET /api/v1/sessions/{id}"};

}  // namespace
}  // namespace noroshi::serve
