#include "codec/stix.hpp"

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

auto hash_name(ValueType type) -> std::string_view {
  switch (type) {
    case ValueType::md5: return "MD5";
    case ValueType::sha1: return "SHA-1";
    case ValueType::sha256: return "SHA-256";
    case ValueType::sha512: return "SHA-512";
    default: return {};
  }
}

auto is_v6(Value const &value) -> bool { return value.text.find(':') != std::string::npos; }

void write_value(JsonWriter &writer, Value const &value) {
  if (auto const name = hash_name(value.type); !name.empty())
    writer.key("hashes").begin_object().member(name, value.text).end_object();
  else
    writer.member("value", value.text);
}

/// What identifies the object, in canonical JSON (RFC 8785). Canonical values hold no control characters, so plain JSON
/// is canonical.
auto contribution(Value const &value) -> std::string {
  auto json = std::string{};
  auto writer = JsonWriter{json};
  writer.begin_object();
  write_value(writer, value);
  writer.end_object();
  return json;
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

auto observable_type(Value const &value) -> std::string_view {
  switch (value.type) {
    case ValueType::ip:
    case ValueType::cidr: return is_v6(value) ? "ipv6-addr" : "ipv4-addr";
    case ValueType::domain: return "domain-name";
    case ValueType::url: return "url";
    case ValueType::email: return "email-addr";
    case ValueType::md5:
    case ValueType::sha1:
    case ValueType::sha256:
    case ValueType::sha512: return "file";
  }
  return "file";
}

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
  auto const name = hash_name(value.type);
  auto const property = name.empty() ? std::string{"value"} : fmt::format("hashes.{}", quoted(name));
  return fmt::format("[{}:{} = {}]", observable_type(value), property, quoted(value.text));
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
