// Members of the API's answers as text for tables. What is missing or of another type is empty: a table never fails.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace noroshi::apps {

/// A text as it is, numbers in decimal, yes and no, lists joined by ", "; null and objects are empty.
auto text_of(boost::json::value const &value) -> std::string;
auto text_of(boost::json::object const &object, std::string_view name) -> std::string;

/// "2026-11-21 09:30:00" of an RFC 3339 time; "-" of nothing.
auto time_of(boost::json::object const &object, std::string_view name) -> std::string;

/// 1536 → "1.5 KiB".
auto size_of(boost::json::object const &object, std::string_view name) -> std::string;

auto flag_of(boost::json::object const &object, std::string_view name) -> bool;

/// The member where it is a list or an object, else an empty one.
auto list_of(boost::json::object const &object, std::string_view name) -> boost::json::array const &;
auto object_of(boost::json::object const &object, std::string_view name) -> boost::json::object const &;
/// The same of a list's entry.
auto object_of(boost::json::value const &value) -> boost::json::object const &;

}  // namespace noroshi::apps
