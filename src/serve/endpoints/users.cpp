// /api/v1/users, /api/v1/keys, /api/v1/audit: who may do what here, and who did. Administrators only. The catalogue
// audits each write in the write's own transaction.
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/paging.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

class ForAdministrators : public Endpoint {
public:
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool final { return viewer.may_administer(); }
};

void write(codec::JsonWriter &json, model::User const &user) {
  json.begin_object().member("id", user.id.number).member("name", user.name).member("role", to_string(user.role));
  json.member("organisation", user.organisation.number).member("disabled", user.disabled).end_object();
}

class ListUsers final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override { return {.summary = "Users", .answer = "Users"}; }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const users, call.services.catalogue.users(call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("users").begin_array();
    for (auto const &user : users) write(json, user);
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

class AddUser final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Add a user", .request = "NewUser", .answer = "User", .status = 201};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"name", "role"}));
    TRY(auto const name, text_member(document.get_object(), "name", Presence::required));
    TRY(auto const role_text, text_member(document.get_object(), "role", Presence::required));
    TRY(auto const role, model::parse_user_role(role_text));
    TRY(auto const user, call.services.catalogue.add_user(name, role, {}, call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    write(json, user);
    return json_reply(std::move(body), 201);
  }
};

class DisableUser final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Disable a user; the keys stop working at once",
            .parameters = {{"name", In::path, kText, "the user's name"}},
            .answer = "Empty"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY_VOID(call.services.catalogue.disable_user(call.arguments[0], call.viewer));
    return json_reply("{}");
  }
};

class ListKeys final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "API keys, without the keys themselves", .answer = "Keys"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const keys, call.services.catalogue.keys(call.viewer));
    TRY(auto const users, call.services.catalogue.users(call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("keys").begin_array();
    for (auto const &key : keys) {
      auto name = std::string{};
      for (auto const &user : users)
        if (user.id == key.user) name = user.name;
      json.begin_object()
          .member("id", key.id)
          .member("user", name)
          .member("label", key.label)
          .member("prefix", key.prefix);
      json.member("created", key.created).member("expires", key.expiry).member("last_used", key.last_used).end_object();
    }
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

class AddKey final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {
        .summary = "Make an API key; it is shown this once", .request = "NewKey", .answer = "AddedKey", .status = 201};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"user", "label", "expires"}));
    TRY(auto const user, text_member(document.get_object(), "user", Presence::required));
    TRY(auto label, text_member(document.get_object(), "label", Presence::optional));
    if (label.empty()) label = "of " + user;
    TRY(auto const expires, time_member(document.get_object(), "expires"));
    TRY(auto const key, call.services.catalogue.add_key(user, label, expires, call.viewer));
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("user", user).member("label", label).member("key", key).end_object();
    return json_reply(std::move(body), 201);
  }
};

class RevokeKey final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Revoke an API key",
            .parameters = {{"id", In::path, kNumber, "the key's number"}},
            .answer = "Empty"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const id, parse_number("a key's number", call.arguments[0]));
    TRY_VOID(call.services.catalogue.revoke_key(static_cast<std::int64_t>(id), call.viewer));
    return json_reply("{}");
  }
};

class Audit final : public ForAdministrators {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Who did what, the newest first", .parameters = paging_parameters(), .answer = "Audit"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const page, page_of(call.request));
    TRY(auto entries, call.services.catalogue.audit_log(with_one_more(page), call.viewer));
    auto const next = cut_page(entries, page, [](auto const &entry) { return entry.id; });
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().key("audit").begin_array();
    for (auto const &entry : entries) {
      json.begin_object().member("id", entry.id).member("time", entry.time).member("actor", entry.actor);
      json.member("action", entry.action).member("subject", entry.subject).member("detail", entry.detail).end_object();
    }
    json.end_array().member("next", next).end_object();
    return json_reply(std::move(body));
  }
};

Registered<Endpoint, ListUsers> const list_users{"GET /api/v1/users"};
Registered<Endpoint, AddUser> const add_user{"POST /api/v1/users"};
Registered<Endpoint, DisableUser> const disable_user{"POST /api/v1/users/{name}/disable"};
Registered<Endpoint, ListKeys> const list_keys{"GET /api/v1/keys"};
Registered<Endpoint, AddKey> const add_key{"POST /api/v1/keys"};
Registered<Endpoint, RevokeKey> const revoke_key{"POST /api/v1/keys/{id}/revoke"};
Registered<Endpoint, Audit> const audit{"GET /api/v1/audit"};

}  // namespace
}  // namespace noroshi::serve
