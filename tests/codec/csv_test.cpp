#include "codec/csv.hpp"

#include <doctest/doctest.h>

namespace noroshi::codec::csv {
namespace {

auto fields_of(std::string_view line) -> std::vector<std::string> {
  auto fields = std::vector<std::string_view>{};
  auto scratch = std::string{};
  if (auto const done = split(line, fields, scratch); !done) return {"error: " + done.error().sentence};
  return {fields.begin(), fields.end()};
}
using Fields = std::vector<std::string>;

}  // namespace

TEST_CASE("a CSV line is split at commas outside quotes, and doubled quotes become one") {
  CHECK(fields_of("") == Fields{""});
  CHECK(fields_of("a,b,,c") == Fields{"a", "b", "", "c"});
  CHECK(fields_of("a,") == Fields{"a", ""});
  CHECK(fields_of(R"("a,b","c""d","")") == Fields{"a,b", "c\"d", ""});
  CHECK(fields_of(R"("""","""""")") == Fields{"\"", "\"\""});
  CHECK(fields_of(R"(a"b,c)") == Fields{"a\"b", "c"});
}

TEST_CASE("what is no CSV line says why") {
  CHECK(fields_of("\"open")[0].contains("past the end"));
  CHECK(fields_of("\"a\"b,c")[0].contains("behind the closing quote"));
  CHECK(fields_of(std::string(300, ','))[0].contains("more than"));
}

}  // namespace noroshi::codec::csv
