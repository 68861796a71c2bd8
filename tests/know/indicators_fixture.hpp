// What the indicator store's tests share: a store, a reader, values and writes in short form.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "know/indicator_store.hpp"
#include "model/ip.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi::test {

inline auto const kNow = Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};

inline auto open_store(std::string const &path) -> std::unique_ptr<model::IndicatorStore> {
  static auto const clock = ManualClock{kNow};  // what expired then is not forgotten
  auto store = know::open_indicator_store(path, clock);
  if (!store) FAIL(store.error().sentence);
  return *std::move(store);
}

inline auto reader() -> model::Viewer {
  return {model::UserId{5}, "reader", model::UserRole::reader, model::OrganisationId{1}};
}

/// `text` is canonical already; only its type is found.
inline auto value(std::string_view text) -> model::Value {
  auto const type = model::IpAddress::parse(text)  ? model::ValueType::ip
                    : model::IpPrefix::parse(text) ? model::ValueType::cidr
                    : text.contains("://")         ? model::ValueType::url
                                                   : model::ValueType::domain;
  return {type, std::string{text}};
}

inline auto write(std::string_view text, std::int64_t source = 1, std::int64_t report = 0) -> model::IndicatorWrite {
  auto context = model::Context{};
  context.source = model::SourceId{source};
  context.report = model::ReportId{report};
  context.first_seen = kNow - std::chrono::hours{2};
  context.last_seen = kNow - std::chrono::hours{1};
  return {value(text), context};
}

inline auto look_up(model::IndicatorStore &store, std::string_view text, Time now = kNow) -> std::vector<model::Hit> {
  auto const asked = value(text);
  auto found = store.look_up(std::span{&asked, 1}, reader(), now);
  if (!found) FAIL(found.error().sentence);
  REQUIRE(found->size() == 1);
  return found->front();
}

}  // namespace noroshi::test
