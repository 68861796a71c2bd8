#include "know/observations/observations_sieve.hpp"

#include <doctest/doctest.h>

#include <random>

#include "know/observations/observations_names.hpp"

using namespace noroshi;
using know::observations::names_in;
using know::observations::Sieve;
using model::Field;
using model::Value;
using model::ValueType;

namespace {

auto const wanted = std::vector<Value>{{ValueType::domain, "c2.example.com"},
                                       {ValueType::domain, "xn--bcher-kva.example"},
                                       {ValueType::url, "http://cdn.example.net:8080/x.sh"},
                                       {ValueType::ip, "192.0.2.7"},
                                       {ValueType::ip, "2001:db8::1"}};

auto sieve() -> Sieve const & {
  static auto const filled = [] {
    auto made = Sieve{};
    for (auto const &value : wanted) made.add(value);
    return made;
  }();
  return filled;
}

auto means_wanted(Field field, std::string_view text) -> bool {
  return std::ranges::any_of(names_in(field, text),
                             [](Value const &name) { return std::ranges::find(wanted, name) != wanted.end(); });
}

}  // namespace

TEST_CASE("a sieve lets every spelling of its values through") {
  for (auto const *host :
       {"c2.example.com", "C2.Example.COM", "c2.example.com:443", "c2.example.com.", "c2[.]example.com",
        "b\u00fccher.example", "192.0.2.7", "0xc0.0.2.7", "3221225991", "[2001:db8::1]:80", "c2%2eexample.com"}) {
    if (means_wanted(Field::host, host)) CHECK_MESSAGE(sieve().may_mean(Field::host, host), host);
  }
  for (auto const *url :
       {"http://cdn.example.net:8080/x.sh", "HTTP://CDN.example.net:8080/a/../x.sh", "hxxp://c2[.]example.com/",
        "http://c2.example.com?x=http://other.example/", "c2.example.com/x?u=http://other.example/",
        "http://user@c2.example.com/", "http:\\\\c2.example.com\\x", "http:///c2.example.com/", "tftp://192.0.2.7/x"})
    if (means_wanted(Field::url, url)) CHECK_MESSAGE(sieve().may_mean(Field::url, url), url);
  CHECK(means_wanted(Field::url, "c2.example.com/x?u=http://other.example/"));
}

TEST_CASE("a sieve keeps back what is plainly something else") {
  for (auto const *host : {"other.example.com", "example.com", "a.c2.example.com", "WWW.example.net:80"})
    CHECK_FALSE(sieve().may_mean(Field::host, host));
  CHECK_FALSE(sieve().may_mean(Field::url, "http://www.example.org/x.sh?c2.example.com"));
}

TEST_CASE("whatever a sieve keeps back means none of its values") {
  auto random = std::mt19937{5};
  auto const pieces = std::vector<std::string>{"c2",    ".",    "example",   "com", "http", "://",  "/",  "cdn", "net",
                                               ":8080", "x.sh", "192.0.2.7", "?",   "[.]",  "%2e",  "@",  "\\",  "C2",
                                               "xn--",  "0xc0", "[",         "]",   "\t",   "hxxp", "..", "-"};
  auto kept_back = 0;
  for (auto round = 0; round < 200'000; ++round) {
    auto text = std::string{};
    for (auto count = 1 + random() % 9; count > 0; --count) text += pieces[random() % pieces.size()];
    for (auto const field : {Field::host, Field::url}) {
      if (sieve().may_mean(field, text)) continue;
      ++kept_back;
      CHECK_MESSAGE(!means_wanted(field, text), text);
    }
  }
  CHECK(kept_back > 1'000);
}
