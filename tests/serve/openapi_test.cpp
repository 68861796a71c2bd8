// The document that describes the API: whole, and true of the paging that it promises.
#include "serve/openapi.hpp"

#include <set>

#include <doctest/doctest.h>

#include "support/served.hpp"

using namespace noroshi;
using noroshi::test::Served;

namespace {

/// Every "$ref" below `value`.
void collect(boost::json::value const &value, std::set<std::string> &references) {
  if (value.is_array())
    for (auto const &item : value.get_array()) collect(item, references);
  if (!value.is_object()) return;
  for (auto const &[name, inner] : value.get_object()) {
    if (name == "$ref") references.emplace(inner.as_string());
    collect(inner, references);
  }
}

}  // namespace

TEST_CASE("every endpoint is described, and every schema that is named exists and is used") {
  ::setenv("NOROSHI_PACKS", NOROSHI_SOURCE_DIR "/packs", 1);
  auto const text = serve::openapi_document();
  REQUIRE(text);
  auto const document = boost::json::parse(*text).as_object();
  CHECK(document.at("openapi").as_string() == "3.1.0");
  auto const &paths = document.at("paths").as_object();
  for (auto const &name : Registry<serve::Endpoint>::instance().names()) {
    INFO(name);
    auto const space = name.find(' ');
    auto method = name.substr(0, space);
    for (auto &c : method) c = static_cast<char>(c + 32);
    auto const &operation = paths.at(name.substr(space + 1)).as_object().at(method).as_object();
    CHECK_FALSE(operation.at("summary").as_string().empty());
    CHECK_FALSE(operation.at("summary").as_string().ends_with('.'));
    // Each placeholder of the path is a parameter of it.
    auto const placeholders = std::ranges::count(name, '{');
    auto in_path = std::ptrdiff_t{0};
    if (operation.contains("parameters"))
      for (auto const &parameter : operation.at("parameters").as_array()) {
        CHECK_FALSE(parameter.at("description").as_string().empty());
        in_path += parameter.at("in").as_string() == "path" ? 1 : 0;
      }
    CHECK(in_path == placeholders);
  }
  auto used = std::set<std::string>{};
  collect(document, used);
  auto there = std::set<std::string>{};
  for (auto const &[name, schema] : document.at("components").at("schemas").as_object())
    there.insert("#/components/schemas/" + std::string{name});
  CHECK(used == there);
}

TEST_CASE("pages of a list join without a gap while entries are added") {
  auto served = Served{};
  for (auto i = 0; i < 25; ++i)
    REQUIRE(served
                .ask("analyst", "POST", "/api/v1/reports",
                     R"({"title":"report )" + std::to_string(i) + R"(","values":["192.0.2.1"]})")
                .status == 201);
  auto ids = std::vector<std::int64_t>{};
  auto query = net::HttpFields{{"limit", "10"}};
  for (auto page = 0; page < 10; ++page) {
    auto const answer = test::object_of(served.ask("reader", "GET", "/api/v1/reports", {}, query));
    for (auto const &report : answer.at("reports").as_array()) ids.push_back(report.at("id").to_number<std::int64_t>());
    if (answer.at("next").is_null()) break;
    query = {{"limit", "10"}, {"cursor", std::string{answer.at("next").as_string()}}};
    CHECK(served.ask("analyst", "POST", "/api/v1/reports", R"({"title":"new","values":["192.0.2.1"]})").status == 201);
  }
  auto wanted = std::vector<std::int64_t>{};
  for (auto id = std::int64_t{25}; id > 0; --id) wanted.push_back(id);
  CHECK(ids == wanted);
  for (auto const &wrong : net::HttpFields{{"limit", "0"}, {"limit", "x"}, {"cursor", "!"}, {"cursor", "-5"}})
    CHECK(served.ask("reader", "GET", "/api/v1/reports", {}, {wrong}).status == 400);
}
