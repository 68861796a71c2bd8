#include "codec/resp.hpp"

#include <doctest/doctest.h>

using namespace noroshi::codec::resp;
using Step = RequestParser::Step;
using Words = std::vector<std::string>;

namespace {

/// All commands of the bytes, cut into pieces of that size; the last one is {"!", problem} where they break.
auto commands(std::string_view bytes, std::size_t piece) -> std::vector<Words> {
  auto parser = RequestParser{};
  auto all = std::vector<Words>{};
  for (auto at = std::size_t{0}; at < bytes.size(); at += piece) {
    auto rest = bytes.substr(at, piece);
    auto step = parser.next(rest);
    for (; step == Step::command; step = parser.next(rest)) all.push_back(parser.words());
    if (step == Step::broken) {
      all.push_back({"!", parser.problem()});
      break;
    }
    CHECK(rest.empty());
  }
  return all;
}

auto problem_of(std::string_view bytes) -> std::string {
  auto const all = commands(bytes, 7);
  REQUIRE(!all.empty());
  REQUIRE(all.back().size() == 2);
  CHECK(all.back()[0] == "!");
  return all.back()[1];
}

}  // namespace

TEST_CASE("requests are read in any pieces, arrays and inline lines mixed") {
  auto const bytes = std::string{
      "*1\r\n$4\r\nPING\r\nSET  key \"a\\x41\\n b\" "
      "'it\\'s'\r\n\r\n*0\r\n*-1\r\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\n\r\n\0x\r\nINFO\n",
      89};
  auto const expected =
      std::vector<Words>{{"PING"}, {"SET", "key", "aA\n b", "it's"}, {"SET", "", std::string{"\r\n\0x", 4}}, {"INFO"}};
  for (auto const piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{1000}})
    CHECK(commands(bytes, piece) == expected);
}

TEST_CASE("what breaks the protocol is named as the server names it") {
  CHECK(problem_of("*1\r\n:4\r\nPING\r\n") == "Protocol error: expected '$', got ':'");
  CHECK(problem_of("*x\r\n") == "Protocol error: invalid multibulk length");
  CHECK(problem_of("*99999999999\r\n") == "Protocol error: invalid multibulk length");
  CHECK(problem_of("*1025\r\n") == "Protocol error: invalid multibulk length");
  CHECK(problem_of("*1\r\n$-5\r\n") == "Protocol error: invalid bulk length");
  CHECK(problem_of("*1\r\n$536870912\r\n") == "Protocol error: invalid bulk length");
  CHECK(problem_of("SET a \"b\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(problem_of("SET a \"b\"c\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(problem_of(std::string(20'000, 'a')) == "Protocol error: too big inline request");
  CHECK(problem_of("*" + std::string(20'000, '1')) == "Protocol error: too big mbulk count string");
  CHECK(problem_of("*1\r\n$" + std::string(20'000, '1')) == "Protocol error: too big bulk count string");
}

TEST_CASE("what one command may hold is bounded, however it is cut into words") {
  auto const half = std::to_string(kMaxCommandBytes / 2 + 1);
  auto bytes = "*2\r\n$" + half + "\r\n" + std::string(kMaxCommandBytes / 2 + 1, 'a') + "\r\n$" + half + "\r\n";
  CHECK(problem_of(bytes) == "Protocol error: invalid bulk length");
}

TEST_CASE("replies have the form of the protocol, and no attacker's text breaks their lines") {
  auto to = std::string{};
  append_simple(to, "OK");
  append_error(to, "ERR bad\r\n+OK");
  append_integer(to, -2);
  append_bulk(to, "a\r\nb");
  append_null(to);
  append_array(to, 3);
  CHECK(to == "+OK\r\n-ERR bad  +OK\r\n:-2\r\n$4\r\na\r\nb\r\n$-1\r\n*3\r\n");
}
