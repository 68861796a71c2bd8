#include "serve/body.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/stream_parser.hpp>

#include <fmt/ranges.h>

#include "base/text.hpp"

namespace noroshi::serve {
namespace {

namespace json = boost::json;

// No request of ours is nested deeper than four; the parser's stack is not the caller's to fill.
constexpr auto kMaxDepth = std::size_t{32};

auto wrong(std::string_view name, std::string_view expected) -> Error {
  return fail(ErrorCode::malformed, "\"{}\" must be {}", name, expected);
}

auto present(json::object const &object, std::string_view name) -> json::value const * {
  auto const *const value = object.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

}  // namespace

auto parse_object(std::string_view body, std::initializer_list<std::string_view> known) -> Result<json::value> {
  auto options = json::parse_options{};
  options.max_depth = kMaxDepth;
  // One block after another, freed at once: a million values cost no million frees.
  auto parser = json::stream_parser{json::make_shared_resource<json::monotonic_resource>(), options};
  auto error = json::error_code{};
  auto const read = parser.write_some(body, error);
  if (!error && read < body.size()) error = json::make_error_code(json::error::extra_data);
  if (!error) parser.finish(error);
  if (error) return fail(ErrorCode::malformed, "the body is not JSON: {} near byte {}", error.message(), read);
  auto document = parser.release();
  if (!document.is_object())
    return fail(ErrorCode::malformed, "the body must be a JSON object, as in {{\"name\": \"…\"}}");
  TRY_VOID(check_members(document.get_object(), known));
  return document;
}

auto check_members(json::object const &object, std::initializer_list<std::string_view> known) -> Result<void> {
  for (auto const &member : object) {
    auto const name = std::string_view{member.key()};
    if (std::ranges::find(known, name) == known.end())
      return fail(ErrorCode::malformed, "\"{}\" is not known here; known are {}", printable(name.substr(0, 64)),
                  fmt::join(known, ", "));
  }
  return ok;
}

auto text_member(json::object const &object, std::string_view name, Presence presence, std::size_t limit)
    -> Result<std::string> {
  auto const *const value = present(object, name);
  if (value == nullptr && presence == Presence::optional) return std::string{};
  if (value == nullptr || !value->is_string()) return wrong(name, "a text");
  auto const text = std::string_view{value->get_string()};
  if (text.size() > limit)
    return fail(ErrorCode::too_large, "\"{}\" has {} bytes, at most {} are taken", name, text.size(), limit);
  if (text.empty() && presence == Presence::required) return wrong(name, "a text that is not empty");
  return std::string{text};
}

auto number_member(json::object const &object, std::string_view name, std::int64_t least, std::int64_t most,
                   std::int64_t otherwise) -> Result<std::int64_t> {
  auto const *const value = present(object, name);
  if (value == nullptr) return otherwise;
  auto error = json::error_code{};
  auto const number = value->is_number() ? value->to_number<std::int64_t>(error) : std::int64_t{0};
  if (!value->is_number() || error || number < least || number > most)
    return wrong(name, fmt::format("a whole number from {} to {}", least, most));
  return number;
}

auto flag_member(json::object const &object, std::string_view name, bool otherwise) -> Result<bool> {
  auto const *const value = present(object, name);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return wrong(name, "true or false");
  return value->get_bool();
}

auto time_member(json::object const &object, std::string_view name) -> Result<std::optional<Time>> {
  TRY(auto const text, text_member(object, name, Presence::optional));
  if (text.empty()) return std::optional<Time>{};
  auto time = parse_rfc3339(text);
  if (!time) return at(name, time.error());
  return std::optional{*time};
}

auto day_member(json::object const &object, std::string_view name) -> Result<Day> {
  TRY(auto const text, text_member(object, name, Presence::required));
  auto day = parse_day(text);
  if (!day) return at(name, day.error());
  return *day;
}

auto list_member(json::object const &object, std::string_view name) -> Result<json::array const *> {
  auto const *const value = present(object, name);
  if (value == nullptr || !value->is_array() || value->get_array().empty())
    return wrong(name, "a list with at least one entry");
  return &value->get_array();
}

auto parse_number(std::string_view name, std::string_view text) -> Result<std::uint64_t> {
  auto number = std::uint64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(ErrorCode::malformed, "{} must be a whole number, not \"{}\"", name, printable(text.substr(0, 64)));
  return number;
}

}  // namespace noroshi::serve
