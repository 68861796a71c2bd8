// The way past the general reading of values never differs from it.
#include <random>

#include <doctest/doctest.h>

#include "understand/feeds/quick_value.hpp"

using namespace noroshi;
using model::ValueType;
using understand::quick_value;

namespace {

/// What the quick way gives, the general way gives too.
void compare(std::string const &text) {
  if (auto const quick = quick_value(text, std::nullopt)) {
    auto const general = model::parse_value(text);
    REQUIRE_MESSAGE(general, text);
    CHECK_MESSAGE(general->type == quick->type, text);
    CHECK_MESSAGE(general->text == quick->text, text);
  }
  for (auto const type : {ValueType::ip, ValueType::domain, ValueType::md5, ValueType::sha256, ValueType::url}) {
    auto const quick = quick_value(text, type);
    if (!quick) continue;
    auto const general = model::canonical(type, text);
    REQUIRE_MESSAGE(general, text);
    CHECK_MESSAGE((quick->type == type && general->text == quick->text), text);
  }
}

}  // namespace

TEST_CASE("what is plain goes the quick way") {
  for (auto const *text : {"192.0.2.1", "192.0.2.1:443", "example.com", "a-b.c_d.example.co.jp", "0.0.0.0",
                           "d41d8cd98f00b204e9800998ecf8427e"})
    CHECK_MESSAGE(quick_value(text, std::nullopt), text);
  for (auto const *text : {"", "256.0.0.1", "01.2.3.4", "1.2.3", "Example.com", "example.com.", "xn--a.com", "a..com",
                           "-a.com", "a.invoice", "http://a.com", "1.2.3.4:70000", "1.2.3.4:443:1", "setup.exe"})
    CHECK_MESSAGE(!quick_value(text, std::nullopt), text);
}

TEST_CASE("the quick way and the general way agree on random text made of the parts of values") {
  auto const parts =
      std::vector<std::string>{"1",     "25",    "255",  "256",     "0",   "01", ".",  ".",   ".",   ":",   "443",
                               "65536", "a",     "z9",   "example", "com", "co", "jp", "exe", "zip", "sh",  "py",
                               "onion", "local", "xn--", "-",       "_",   "A",  "/",  "@",   "f",   "www", "ru",
                               "md",    "test",  "lnk",  "corp",    "app", "so", "rs", "ps",  "dll", "io",  "arpa"};
  auto random = std::mt19937{20261122};
  for (auto i = 0; i < 300'000; ++i) {
    auto text = std::string{};
    for (auto n = 1 + random() % 9; n > 0; --n) text += parts[random() % parts.size()];
    compare(text);
  }
}

TEST_CASE("the quick way and the general way agree on hashes and near-hashes") {
  auto random = std::mt19937{7};
  for (auto i = 0; i < 20'000; ++i) {
    auto constexpr kSizes = std::array{31, 32, 33, 40, 56, 64, 96, 128};
    auto text = std::string{};
    for (auto n = kSizes[random() % kSizes.size()]; n > 0; --n) text += "0123456789abcdef"[random() % 16];
    if (random() % 8 == 0) text[random() % text.size()] = "gA.-"[random() % 4];
    compare(text);
  }
}
