#include "codec/stix.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "codec/json_writer.hpp"
#include "codec/uuid_name.hpp"

namespace noroshi::codec::stix {

namespace {

using model::Value;
using model::ValueType;

// The namespace that STIX 2.1 (section 2.9) prescribes for observables.
constexpr auto kObservables = model::Uuid{0x00abedb4'aa42'466c, 0x9c01'fed23315a9b7};
// Ours, drawn at random, for everything else.
constexpr auto kOurs = model::Uuid{0x5d0c1f6a'3f7e'4b52, 0xa1c6'9e2470d8b31f};

/// How STIX says a value: the object's type, and the property that holds it; a hash's name where it is one. Empty where
/// STIX 2.1 has no object for it.
struct Form {
  std::string_view object, property, hash;
};

auto form_of(Value const &value) -> Form {
  switch (value.type) {
    case ValueType::ip:
    case ValueType::cidr: return {value.text.contains(':') ? "ipv6-addr" : "ipv4-addr", "value", {}};
    case ValueType::domain: return {"domain-name", "value", {}};
    case ValueType::url: return {"url", "value", {}};
    case ValueType::email: return {"email-addr", "value", {}};
    case ValueType::md5: return {"file", "hashes", "MD5"};
    case ValueType::sha1: return {"file", "hashes", "SHA-1"};
    case ValueType::sha256: return {"file", "hashes", "SHA-256"};
    case ValueType::sha512: return {"file", "hashes", "SHA-512"};
    case ValueType::ssdeep: return {"file", "hashes", "SSDEEP"};
    case ValueType::tlsh: return {"file", "hashes", "TLSH"};
    case ValueType::asn: return {"autonomous-system", "number", {}};
    case ValueType::file_name: return {"file", "name", {}};
    case ValueType::registry_key: return {"windows-registry-key", "key", {}};
    case ValueType::mutex: return {"mutex", "name", {}};
    case ValueType::imphash:
    case ValueType::ja3:
    case ValueType::ja4:
    case ValueType::hassh:
    case ValueType::user_agent:
    case ValueType::cve:
    case ValueType::attack:
    case ValueType::btc:
    case ValueType::eth:
    case ValueType::xmr: return {};
  }
  return {};
}

/// "AS64500" is the integer 64500 there.
auto number_of(Value const &value) -> std::string_view { return std::string_view{value.text}.substr(2); }

/// A name of a file and the folder in front of it, which STIX keeps apart.
struct Path {
  std::string_view folder, name;
};
auto path_of(std::string_view text) -> Path {
  auto const slash = text.find_last_of("/\\");
  if (slash == std::string_view::npos || slash + 1 == text.size()) return {{}, text};
  return {text.substr(0, std::max(slash, std::size_t{1})), text.substr(slash + 1)};
}

/// Of a path only the name: the folder would be an object of its own, and the name alone is what is looked for.
auto text_of(Value const &value) -> std::string_view {
  return value.type == ValueType::file_name ? path_of(value.text).name : std::string_view{value.text};
}

void write_value(JsonWriter &writer, Value const &value) {
  auto const form = form_of(value);
  if (!form.hash.empty())
    writer.key("hashes").begin_object().member(form.hash, value.text).end_object();
  else if (value.type == ValueType::asn)
    writer.key(form.property).raw(number_of(value));
  else
    writer.member(form.property, text_of(value));
}

/// A string of canonical JSON (RFC 8785). Canonical values are UTF-8 without control characters.
auto json_string(std::string_view text) -> std::string {
  auto json = std::string{"\""};
  for (auto const character : text) {
    if (character == '"' || character == '\\') json.push_back('\\');
    json.push_back(character);
  }
  json.push_back('"');
  return json;
}

/// What identifies the object, in canonical JSON.
auto contribution(Value const &value) -> std::string {
  auto const form = form_of(value);
  if (!form.hash.empty())
    return fmt::format(R"({{"hashes":{{{}:{}}}}})", json_string(form.hash), json_string(value.text));
  auto const content = value.type == ValueType::asn ? std::string{number_of(value)} : json_string(text_of(value));
  return fmt::format("{{{}:{}}}", json_string(form.property), content);
}

/// A string of the pattern language: quotes and backslashes get a backslash (section 9.2).
auto quoted(std::string_view text) -> std::string {
  auto out = std::string{"'"};
  for (auto const character : text) {
    if (character == '\'' || character == '\\') out.push_back('\\');
    out.push_back(character);
  }
  out.push_back('\'');
  return out;
}

}  // namespace

auto observable_type(Value const &value) -> std::string_view { return form_of(value).object; }

auto observable_id(Value const &value) -> std::string {
  return fmt::format("{}--{}", observable_type(value), uuid_of_name(kObservables, contribution(value)).to_string());
}

auto observable(Value const &value) -> std::string {
  auto json = std::string{};
  auto writer = JsonWriter{json};
  writer.begin_object().member("type", observable_type(value)).member("spec_version", "2.1");
  writer.member("id", observable_id(value));
  write_value(writer, value);
  writer.end_object();
  return json;
}

auto pattern(Value const &value) -> std::string {
  auto const form = form_of(value);
  auto const compare = [](std::string_view path, std::string_view text) {
    return fmt::format("{} = {}", path, quoted(text));
  };
  if (value.type == ValueType::imphash)
    return fmt::format("[{}]", compare("file:extensions.'windows-pebinary-ext'.imphash", value.text));
  if (value.type == ValueType::user_agent)
    return fmt::format(
        "[{}]", compare("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", value.text));
  if (form.object.empty()) return {};
  if (!form.hash.empty())
    return fmt::format("[{}]", compare(fmt::format("file:hashes.{}", quoted(form.hash)), value.text));
  if (value.type == ValueType::asn) return fmt::format("[{}:number = {}]", form.object, number_of(value));
  auto found = compare(fmt::format("{}:{}", form.object, form.property), text_of(value));
  if (auto const path = path_of(value.text); value.type == ValueType::file_name && !path.folder.empty())
    found += " AND " + compare("file:parent_directory_ref.path", path.folder);
  return fmt::format("[{}]", found);
}

auto object_id(std::string_view type, std::string_view name) -> std::string {
  return fmt::format("{}--{}", type, uuid_of_name(kOurs, fmt::format("{} {}", type, name)).to_string());
}

auto marking_id(model::Tlp marking) -> std::string_view {
  switch (marking) {
    case model::Tlp::clear: return "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    case model::Tlp::green: return "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    case model::Tlp::amber: return "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    case model::Tlp::amber_strict: return "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";
    case model::Tlp::red: return "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
  }
  return "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
}

}  // namespace noroshi::codec::stix
