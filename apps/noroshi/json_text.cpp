#include "apps/noroshi/json_text.hpp"

#include <array>

#include <fmt/core.h>

namespace noroshi::apps {
namespace {

namespace json = boost::json;

auto joined(json::array const &list) -> std::string {
  auto text = std::string{};
  for (auto const &item : list) text += (text.empty() ? "" : ", ") + text_of(item);
  return text;
}

}  // namespace

auto text_of(json::value const &value) -> std::string {
  switch (value.kind()) {
    case json::kind::string: return std::string{std::string_view{value.get_string()}};
    case json::kind::int64: return std::to_string(value.get_int64());
    case json::kind::uint64: return std::to_string(value.get_uint64());
    case json::kind::double_: return fmt::format("{:.3g}", value.get_double());
    case json::kind::bool_: return value.get_bool() ? "yes" : "no";
    case json::kind::array: return joined(value.get_array());
    default: return {};
  }
}

auto text_of(json::object const &object, std::string_view name) -> std::string {
  auto const *const member = object.if_contains(name);
  return member == nullptr ? std::string{} : text_of(*member);
}

auto time_of(json::object const &object, std::string_view name) -> std::string {
  auto text = text_of(object, name);
  // "2026-11-21T09:30:00.123456Z": microseconds are for programs.
  if (text.size() < 19) return "-";
  text.resize(19);
  text[10] = ' ';
  return text;
}

auto size_of(json::object const &object, std::string_view name) -> std::string {
  auto const *const member = object.if_contains(name);
  auto error = json::error_code{};
  auto const bytes = member == nullptr ? 0.0 : member->to_number<double>(error);
  if (member == nullptr || error) return "-";
  static constexpr auto kUnits = std::array{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  auto scaled = bytes / 1024;
  auto unit = std::size_t{0};
  for (; scaled >= 1024 && unit + 1 < kUnits.size(); ++unit) scaled /= 1024;
  return fmt::format("{:.1f} {}", scaled, kUnits[unit]);
}

auto flag_of(json::object const &object, std::string_view name) -> bool {
  auto const *const member = object.if_contains(name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

auto list_of(json::object const &object, std::string_view name) -> json::array const & {
  static auto const none = json::array{};
  auto const *const member = object.if_contains(name);
  return member != nullptr && member->is_array() ? member->get_array() : none;
}

auto object_of(json::value const &value) -> json::object const & {
  static auto const none = json::object{};
  return value.is_object() ? value.get_object() : none;
}

auto object_of(json::object const &object, std::string_view name) -> json::object const & {
  static auto const none = json::object{};
  auto const *const member = object.if_contains(name);
  return member != nullptr ? object_of(*member) : none;
}

}  // namespace noroshi::apps
