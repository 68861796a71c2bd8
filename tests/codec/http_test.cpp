#include "codec/http.hpp"

#include <doctest/doctest.h>

namespace {

using namespace noroshi;
using namespace noroshi::codec::http;
using namespace std::string_view_literals;

auto parsed(std::string_view head) -> RequestHead {
  auto result = parse_head(head);
  REQUIRE_MESSAGE(result, result.error().sentence);
  return *result;
}

}  // namespace

TEST_CASE("a usual request gives method, path, query, host and headers in order") {
  auto const head = parsed("GET /a/b?c=1&d HTTP/1.1\r\nHost: example.org\r\nX-One:  two \r\n\r\n");
  CHECK(head.method == "GET");
  CHECK(head.target == "/a/b?c=1&d");
  CHECK(head.path == "/a/b");
  CHECK(head.query == "c=1&d");
  CHECK(head.host == "example.org");
  REQUIRE(head.headers.size() == 2);
  CHECK(head.headers[1].name == "X-One");
  CHECK(head.headers[1].value == "two");
  CHECK(head.header("x-one") == "two");
  CHECK(head.keep_alive);
  CHECK(head.problems == 0);
}

TEST_CASE("absolute form, CONNECT and asterisk targets are understood") {
  auto const absolute = parsed("GET http://proxy.test:80/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
  CHECK(absolute.host == "proxy.test:80");
  CHECK(absolute.path == "/x");
  CHECK(absolute.query == "y");
  CHECK(parsed("GET http://bare.test HTTP/1.1\r\nHost: b\r\n\r\n").path == "/");
  CHECK(parsed("CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n").host == "a.test:443");
  CHECK(parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path == "*");
}

TEST_CASE("each departure from the grammar is named, and what makes sense is still read") {
  struct Case {
    std::string_view head;
    Problem problem;
  };
  auto const cases = std::vector<Case>{
      {"GET / HTTP/1.1\nHost: a\n\n", Problem::bare_line_feed},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", Problem::folded_header},
      {"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", Problem::no_colon},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", Problem::space_before_colon},
      {"GET / HTTP/1.1\r\nHost: a\r\nX(y): 1\r\n\r\n", Problem::bad_header_name},
      {"G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", Problem::bad_method},
      {"GET / HTTP/7.1\r\nHost: a\r\n\r\n", Problem::bad_version},
      {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Problem::bad_target},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", Problem::bad_length},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Problem::bad_length},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       Problem::length_and_chunked},
      {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", Problem::bad_transfer_coding},
      {"GET / HTTP/1.1\r\n\r\n", Problem::no_host},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Problem::two_hosts},
      {"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, Problem::null_byte},
  };
  for (auto const &[text, problem] : cases) {
    CAPTURE(text);
    auto const head = parsed(text);
    CHECK(head.has(problem));
    CHECK(head.problems == static_cast<std::uint16_t>(problem));
    CHECK(names(head.problems).size() == 1);
    CHECK(head.path.starts_with("/"));
  }
}

TEST_CASE("only what has no request line is refused") {
  CHECK(!parse_head("\r\n\r\n"));
  CHECK(!parse_head("nonsense\r\n\r\n"));
  CHECK(!parse_head(" GET / HTTP/1.1\r\n\r\n"));
  CHECK(parsed("GET /old\r\n\r\n").minor_version == 9);
}

TEST_CASE("the end of a head is found wherever the bytes are cut") {
  auto const bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody"sv;
  auto const size = bytes.size() - 4;
  for (auto cut = std::size_t{0}; cut < size; ++cut) {
    CHECK(!head_size(bytes.substr(0, cut), 0));
    CHECK(head_size(bytes, cut) == size);
  }
  CHECK(head_size("GET /\n\nx", 0) == 7);
}

TEST_CASE("a chunked body comes out whole however it is cut, and what follows stays") {
  auto const bytes = "4\r\nWiki\r\n6;name=value\r\npedia \r\n0\r\nTrailer: x\r\n\r\nGET"sv;
  for (auto piece = std::size_t{1}; piece < bytes.size(); ++piece) {
    auto chunked = ChunkedBody{};
    auto body = std::string{};
    auto pending = std::string{};
    for (auto at = std::size_t{0}; at < bytes.size(); at += piece) {
      pending += bytes.substr(at, piece);
      auto view = std::string_view{pending};
      REQUIRE(chunked.feed(view, body));
      pending = view;
    }
    CHECK(chunked.done());
    CHECK(body == "Wikipedia ");
    CHECK(pending == "GET");
  }
}

TEST_CASE("malformed chunking is an error that keeps what came before") {
  auto chunked = ChunkedBody{};
  auto body = std::string{};
  auto bytes = "3\r\nabcXX\r\n"sv;
  CHECK(!chunked.feed(bytes, body));
  CHECK(body == "abc");
  auto long_line = ChunkedBody{};
  auto const flood = std::string(5'000, '1');
  auto view = std::string_view{flood};
  CHECK(!long_line.feed(view, body));
  auto huge = ChunkedBody{};
  auto overflow = "fffffffffffffffff\r\n"sv;
  CHECK(!huge.feed(overflow, body));
}

TEST_CASE("forms and basic credentials are decoded") {
  auto const fields = parse_form("a=1&b=x%20y+z&c&=d&e=%zz");
  REQUIRE(fields.size() == 5);
  CHECK(fields[1].value == "x y z");
  CHECK(fields[2].name == "c");
  CHECK(fields[4].value == "%zz");
  auto const pair = basic_credentials("Basic YWRtaW46YTpi");
  REQUIRE(pair);
  CHECK(pair->name == "admin");
  CHECK(pair->value == "a:b");
  CHECK(!basic_credentials("Bearer x"));
  CHECK(parse_form(std::string(1'000, '&') + std::string(1'000, 'a') + "&b&b").size() == 3);
}
