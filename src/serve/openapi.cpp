#include "serve/openapi.hpp"

#include <map>

#include "base/file.hpp"
#include "base/packs.hpp"
#include "base/version.hpp"
#include "serve/endpoint.hpp"

namespace noroshi::serve {
namespace {

// As shipped it is some 30 KiB.
constexpr auto kMaxSchemaBytes = std::size_t{4} << 20;

auto to_string(In in) -> std::string_view {
  switch (in) {
    case In::query: return "query";
    case In::path: return "path";
    case In::header: return "header";
  }
  return "query";
}

void write_content(codec::JsonWriter &json, std::string_view type, std::string_view schema) {
  json.key("content").begin_object().key(type).begin_object();
  json.key("schema").begin_object();
  if (schema.empty())
    json.member("type", "string");
  else
    json.member("$ref", fmt::format("#/components/schemas/{}", schema));
  json.end_object().end_object().end_object();
}

void write_parameters(codec::JsonWriter &json, std::vector<Parameter> const &parameters) {
  json.key("parameters").begin_array();
  for (auto const &each : parameters) {
    json.begin_object().member("name", each.name).member("in", to_string(each.in)).member("description", each.about);
    json.member("required", each.required || each.in == In::path).key("schema").raw(each.schema).end_object();
  }
  json.end_array();
}

/// "GET /api/v1/ips/{ip}" is get_ips_ip.
auto operation_id(std::string_view method, std::string_view path) -> std::string {
  auto id = std::string{};
  for (auto const c : method) id.push_back(static_cast<char>(c + 32));
  if (path.starts_with("/api/v1")) path.remove_prefix(7);
  for (auto const c : path)
    if (c == '/' || c == '-' || c == '.')
      id.push_back('_');
    else if (c != '{' && c != '}')
      id.push_back(c);
  return id;
}

void write_operation(codec::JsonWriter &json, std::string_view method, std::string_view path,
                     Endpoint const &endpoint) {
  auto const about = endpoint.describe();
  auto lower = std::string{method};
  for (auto &c : lower) c = static_cast<char>(c + 32);
  json.key(lower).begin_object().member("operationId", operation_id(method, path)).member("summary", about.summary);
  if (endpoint.is_public()) json.key("security").begin_array().end_array();
  if (!about.parameters.empty()) write_parameters(json, about.parameters);
  if (!about.request.empty()) {
    json.key("requestBody").begin_object().member("required", true);
    write_content(json, about.request_type, about.request);
    json.end_object();
  }
  json.key("responses").begin_object().key(std::to_string(about.status)).begin_object();
  json.member("description", "done");
  write_content(json, about.answer_type, about.answer);
  json.end_object().key("default").begin_object().member("description", "refused or failed; `detail` says why");
  write_content(json, "application/problem+json", "Problem");
  json.end_object().end_object().end_object();
}

void write_paths(codec::JsonWriter &json) {
  auto const &registry = Registry<Endpoint>::instance();
  auto by_path = std::map<std::string, std::map<std::string, std::unique_ptr<Endpoint>>>{};
  for (auto const &name : registry.names()) {
    auto const space = name.find(' ');
    by_path[name.substr(space + 1)][name.substr(0, space)] = registry.create(name);
  }
  json.key("paths").begin_object();
  for (auto const &[path, methods] : by_path) {
    json.key(path).begin_object();
    for (auto const &[method, endpoint] : methods) write_operation(json, method, path, *endpoint);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

auto openapi_document() -> Result<std::string> {
  TRY(auto const packs, packs_folder());
  TRY(auto const schemas, read_file(packs + "/api/schemas.json", kMaxSchemaBytes));
  auto body = std::string{};
  auto json = codec::JsonWriter{body};
  json.begin_object().member("openapi", "3.1.0").key("info").begin_object();
  json.member("title", "Noroshi").member("version", version());
  json.member("summary", "A threat-intelligence node: what it knows, what its sensors saw, and who may ask");
  json.key("license").begin_object().member("name", "Apache-2.0").member("identifier", "Apache-2.0").end_object();
  json.end_object().key("servers").begin_array().begin_object().member("url", "/").end_object().end_array();
  json.key("security").begin_array().begin_object().key("key").begin_array().end_array().end_object().end_array();
  write_paths(json);
  json.key("components").begin_object().key("schemas").raw(schemas).key("securitySchemes").begin_object();
  json.key("key").begin_object().member("type", "http").member("scheme", "bearer").end_object();
  json.end_object().end_object().end_object();
  return body;
}

}  // namespace noroshi::serve
