#include "understand/readers/json_line.hpp"

#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "model/batch.hpp"

namespace noroshi::understand::readers {

namespace {

// A frame leaves out an `extra` that is longer than its limit: what is built here stays below it.
constexpr auto kMaxExtraBytes = model::kMaxTextBytes - 64;
// One text of a hostile visitor must not push out the members behind it.
constexpr auto kMaxTextInExtra = std::size_t{4096};

/// At most `limit` bytes, and no character cut in two.
auto cut_text(std::string_view text, std::size_t limit) -> std::string_view {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

auto JsonLine::parse(LogLine const &line) -> Result<Object> {
  if (line.text.empty()) return fail(ErrorCode::malformed, "no JSON: the line is empty");
  auto const *bytes = line.text.data();
  if (line.readable < line.text.size() + simdjson::SIMDJSON_PADDING) {
    padded_.reserve(line.text.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(line.text);
    bytes = padded_.data();
  }
  auto document = parser_.parse(bytes, line.text.size(), false);
  if (document.error() != simdjson::SUCCESS)
    return fail(ErrorCode::malformed, "no JSON: {}", simdjson::error_message(document.error()));
  auto object = Object{};
  if (document.get(object) != simdjson::SUCCESS) return fail(ErrorCode::malformed, "JSON, but no object");
  return object;
}

auto text_of(Element element) -> std::string_view {
  auto text = std::string_view{};
  return element.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

auto number_of(Element element) -> std::optional<std::int64_t> {
  auto number = std::int64_t{0};
  if (element.get(number) == simdjson::SUCCESS) return number;
  // What a double holds exactly; beyond it is no number of ports, bytes or milliseconds.
  constexpr auto kMost = 9.0e15;
  if (auto fraction = 0.0; element.get(fraction) == simdjson::SUCCESS)
    return std::abs(fraction) < kMost ? std::optional{static_cast<std::int64_t>(fraction)} : std::nullopt;
  auto const text = text_of(element);
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

auto port_of(Element element) -> std::uint16_t {
  auto const number = number_of(element);
  return number && *number >= 0 && *number <= 0xffff ? static_cast<std::uint16_t>(*number) : std::uint16_t{0};
}

auto milliseconds_of(Element seconds) -> std::optional<std::int64_t> {
  constexpr auto kLongest = 1e9;  // thirty years
  auto value = 0.0;
  if (seconds.get(value) != simdjson::SUCCESS) {
    auto const text = text_of(seconds);
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  }
  if (!(value >= 0 && value <= kLongest)) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(value * 1000));
}

auto member(Object const &object, std::string_view name) -> std::optional<Element> {
  auto element = Element{};
  if (object.at_key(name).get(element) != simdjson::SUCCESS) return std::nullopt;
  return element;
}

auto text_member(Object const &object, std::string_view name) -> std::string_view {
  auto const found = member(object, name);
  return found ? text_of(*found) : std::string_view{};
}

auto address_of(std::string_view what, std::string_view text) -> Result<model::IpAddress> {
  auto address = model::IpAddress::parse(text);
  if (!address) return fail(ErrorCode::malformed, "{}: \"{}\" is no IP address", what, printable(cut_text(text, 40)));
  return address;
}

void Extra::begin() {
  json_.assign("{");
  cut_ = false;
}

void Extra::begin_member(std::string_view name) {
  if (json_.size() > 1) json_.push_back(',');
  append_text(name);
  json_.push_back(':');
}

void Extra::end_member(std::size_t before) {
  if (json_.size() <= kMaxExtraBytes) return;
  json_.resize(before);
  cut_ = true;
}

void Extra::append_text(std::string_view text) {
  json_.push_back('"');
  while (!text.empty()) {
    auto plain = std::size_t{0};
    while (plain < text.size() && text[plain] != '"' && text[plain] != '\\' &&
           static_cast<unsigned char>(text[plain]) >= 0x20)
      ++plain;
    json_.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (text.front() == '"' || text.front() == '\\')
      json_.append({'\\', text.front()});
    else
      json_.append(fmt::format("\\u{:04x}", static_cast<unsigned char>(text.front())));
    text.remove_prefix(1);
  }
  json_.push_back('"');
}

void Extra::add(std::string_view name, std::string_view text) {
  auto const before = json_.size();
  auto const kept = cut_text(text, kMaxTextInExtra);
  cut_ = cut_ || kept.size() < text.size();
  begin_member(name);
  append_text(kept);
  end_member(before);
}

void Extra::add(std::string_view name, std::int64_t number) {
  auto const before = json_.size();
  begin_member(name);
  json_.append(std::to_string(number));
  end_member(before);
}

void Extra::add(std::string_view name, Element element) {
  auto text = std::string_view{};
  if (element.get(text) == simdjson::SUCCESS) return add(name, text);
  auto number = std::int64_t{0};
  if (element.get(number) == simdjson::SUCCESS) return add(name, number);
  auto const json = static_cast<std::string>(simdjson::minify(element));
  if (json.size() > kMaxTextInExtra) {
    cut_ = true;
    return;
  }
  auto const before = json_.size();
  begin_member(name);
  json_.append(json);
  end_member(before);
}

auto Extra::finish() -> std::string_view {
  if (cut_) json_.append(json_.size() > 1 ? ",\"cut\":true" : "\"cut\":true");
  json_.push_back('}');
  return json_;
}

}  // namespace noroshi::understand::readers
