// Every method that takes a viewer, for every role: allowed or denied as the port says, and a refused act changes
// nothing.
#include <functional>
#include <set>

#include "tests/know/catalogue_fixture.hpp"

namespace noroshi {
namespace {

using model::UserRole;
using model::Viewer;
using test::CatalogueFixture;

struct Method {
  std::string_view name;
  std::set<UserRole> allowed;
  std::function<std::optional<Error>(model::Catalogue &, Viewer const &)> call;
};

template <class T>
auto error_of(Result<T> result) -> std::optional<Error> {
  if (result) return std::nullopt;
  return std::move(result).error();
}

auto methods() -> std::vector<Method> {
  auto const admin = std::set{UserRole::admin};
  auto const writers = std::set{UserRole::admin, UserRole::analyst};
  auto const own = std::set{UserRole::admin, UserRole::analyst, UserRole::reader};
  auto const readers = std::set{UserRole::admin, UserRole::analyst, UserRole::reader, UserRole::member};
  auto const anyone =
      std::set{UserRole::admin, UserRole::analyst, UserRole::reader, UserRole::member, UserRole::sensor};
  using C = model::Catalogue;
  using V = Viewer const;
  return {
      {"users", admin, [](C &c, V &v) { return error_of(c.users(v)); }},
      {"add_user", admin, [](C &c, V &v) { return error_of(c.add_user("new", UserRole::reader, {}, v)); }},
      {"disable_user", admin, [](C &c, V &v) { return error_of(c.disable_user("victim", v)); }},
      {"add_key", admin, [](C &c, V &v) { return error_of(c.add_key("victim", "label", std::nullopt, v)); }},
      {"keys", admin, [](C &c, V &v) { return error_of(c.keys(v)); }},
      {"revoke_key", admin, [](C &c, V &v) { return error_of(c.revoke_key(1, v)); }},
      {"audit", anyone, [](C &c, V &v) { return error_of(c.audit("search", "x", "", v)); }},
      {"audit_log", admin, [](C &c, V &v) { return error_of(c.audit_log({10}, v)); }},
      {"sensors", own, [](C &c, V &v) { return error_of(c.sensors(v)); }},
      {"add_report", writers, [](C &c, V &v) { return error_of(c.add_report("analyst/x", "title", {}, v)); }},
      {"withdraw_report", writers, [](C &c, V &v) { return error_of(c.withdraw_report(model::ReportId{1}, v)); }},
      {"reports", readers, [](C &c, V &v) { return error_of(c.reports({}, v)); }},
      {"report", readers, [](C &c, V &v) { return error_of(c.report(model::ReportId{1}, v)); }},
  };
}

/// A user "victim" with key 1, and a GREEN report 1, so that every method has something to act on.
void furnish(CatalogueFixture &fixture) {
  auto const admin = fixture.admin();
  REQUIRE(fixture.catalogue->add_user("victim", UserRole::reader, {}, admin));
  REQUIRE(fixture.catalogue->add_key("victim", "key", std::nullopt, admin));
  auto write = model::IndicatorWrite{{model::ValueType::domain, "a.example"}, {}};
  write.context.tlp = model::Tlp::green;
  REQUIRE(fixture.catalogue->add_report("analyst/x", "title", std::span{&write, 1}, admin));
}

/// All that a refused act could have changed.
auto state_of(CatalogueFixture &fixture) -> std::string {
  auto const admin = fixture.admin();
  auto state = std::string{};
  for (auto const &user : *fixture.catalogue->users(admin)) state += user.name + (user.disabled ? "-" : "+");
  state += fmt::format(" keys {}", fixture.catalogue->keys(admin)->size());
  for (auto const &report : *fixture.catalogue->reports({}, admin)) state += report.withdrawn ? "-" : "+";
  state += fmt::format(" audit {}", fixture.catalogue->audit_log({1000}, admin)->size());
  state += fmt::format(" changes {}", (*fixture.catalogue->changes_after(0, 1000))->position);
  return state;
}

TEST_CASE("every role may do what the port says and nothing else") {
  for (auto const &method : methods()) {
    CAPTURE(method.name);
    auto fixture = CatalogueFixture{};
    furnish(fixture);
    auto const before = state_of(fixture);
    for (auto const role : test::kRoles) {
      if (method.allowed.contains(role)) continue;
      auto const error = method.call(*fixture.catalogue, test::viewer_of(role));
      REQUIRE_MESSAGE(error, to_string(role));
      CHECK(error->code == ErrorCode::denied);
      CHECK(error->sentence.contains(to_string(role)));
    }
    CHECK(state_of(fixture) == before);
    for (auto const role : method.allowed) {
      auto const error = method.call(*fixture.catalogue, test::viewer_of(role));
      CHECK_MESSAGE(!error, to_string(role), ": ", (error ? error->sentence : ""));
    }
  }
}

}  // namespace
}  // namespace noroshi
