#include "codec/asked_values.hpp"

#include <simdjson.h>

#include "base/text.hpp"

namespace noroshi::codec {
namespace {

// The server takes no larger ones (net::HttpServerOptions).
constexpr auto kMaxBody = std::size_t{1} << 30;
constexpr auto kSpace = std::string_view{" \t\r\n"};

auto trimmed(std::string_view line) -> std::string_view {
  auto const first = line.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

auto AskedValues::parse(std::string body) -> Result<std::unique_ptr<AskedValues>> {
  auto all = std::make_unique<AskedValues>();
  auto &asked = *all;
  asked.body_ = std::move(body);
  // No value begins with a brace, so the body itself tells; clients often send a wrong Content-Type.
  auto const first = asked.body_.find_first_not_of(kSpace);
  auto const is_json = first != std::string::npos && asked.body_[first] == '{';
  TRY_VOID(is_json ? asked.parse_json() : asked.parse_lines());
  if (asked.values_.empty())
    return fail(ErrorCode::malformed, "no value was asked; send {{\"values\": [\"192.0.2.1\"]}}, or one a line");
  return all;
}

auto AskedValues::add(std::string_view value) -> Result<void> {
  if (values_.size() == kMax)
    return fail(ErrorCode::too_large, "more than {} values in one question; ask in parts", kMax);
  values_.push_back(value);
  return ok;
}

auto AskedValues::parse_json() -> Result<void> {
  // Its document interface: the other one is compiled for one processor, and would be that for the oldest.
  auto const parser = std::make_shared<simdjson::dom::parser>(kMaxBody);
  body_.reserve(body_.size() + simdjson::SIMDJSON_PADDING);
  auto object = simdjson::dom::object{};
  if (auto const error = parser->parse(body_.data(), body_.size(), false).get(object)) {
    if (error == simdjson::INCORRECT_TYPE)
      return fail(ErrorCode::malformed, "the body must be a JSON object, as in {{\"values\": [\"192.0.2.1\"]}}");
    return fail(ErrorCode::malformed, "the body is not JSON: {}", simdjson::error_message(error));
  }
  for (auto const &[key, value] : object) {
    if (key != "values")
      return fail(ErrorCode::malformed, "\"{}\" is not known here; known is values", printable(key.substr(0, 64)));
    auto list = simdjson::dom::array{};
    if (value.get(list) != simdjson::SUCCESS || list.size() == 0)
      return fail(ErrorCode::malformed, "\"values\" must be a list with at least one entry");
    values_.clear();  // of a member that stands twice the last one counts
    values_.reserve(std::min(list.size(), kMax));
    for (auto const entry : list) {
      auto text = std::string_view{};
      if (entry.get(text) != simdjson::SUCCESS)
        return fail(ErrorCode::malformed, "entry {} of \"values\" is not a text", values_.size());
      TRY_VOID(add(text));
    }
  }
  parser_ = parser;
  std::string{}.swap(body_);
  return ok;
}

auto AskedValues::parse_lines() -> Result<void> {
  for (auto text = std::string_view{body_}; !text.empty();) {
    auto const line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (auto const value = trimmed(line); !value.empty()) TRY_VOID(add(value));
  }
  return ok;
}

}  // namespace noroshi::codec
