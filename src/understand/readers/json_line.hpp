// A JSON object of one line, and what readers want from its members. Included by the readers of JSON logs only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/result.hpp"
#include "model/ip.hpp"
#include "understand/reader.hpp"

namespace noroshi::understand::readers {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

/// One parser, used again for every line. Elements are valid until the next parse().
class JsonLine {
public:
  /// Malformed where the line is not one valid JSON object in UTF-8.
  auto parse(LogLine const &line) -> Result<Object>;

private:
  simdjson::dom::parser parser_;
  std::string padded_;
};

/// Text of a text; empty for anything else.
auto text_of(Element element) -> std::string_view;
/// A whole number, as a number or as text; a fraction is cut off.
auto number_of(Element element) -> std::optional<std::int64_t>;
/// The same within 0…65535; 0 for anything else.
auto port_of(Element element) -> std::uint16_t;
/// Seconds as a number or text, in milliseconds.
auto milliseconds_of(Element seconds) -> std::optional<std::int64_t>;
/// An object's member, or nothing.
auto member(Object const &object, std::string_view name) -> std::optional<Element>;
auto text_member(Object const &object, std::string_view name) -> std::string_view;

/// An address and a port of a log's line; `what` names the member in the error.
auto address_of(std::string_view what, std::string_view text) -> Result<model::IpAddress>;

/// What has no column, as the JSON object of Observation::extra. Long texts are cut, and a member "cut" says so.
class Extra {
public:
  void begin();
  void add(std::string_view name, std::string_view text);
  void add(std::string_view name, std::int64_t number);
  void add(std::string_view name, Element element);
  /// The object. No member may be added after it.
  auto finish() -> std::string_view;

private:
  void begin_member(std::string_view name);
  /// Takes the member back, all behind `before`, where it made the object too long.
  void end_member(std::size_t before);
  void append_text(std::string_view text);

  std::string json_;
  bool cut_ = false;
};

}  // namespace noroshi::understand::readers
