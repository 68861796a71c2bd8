#include "codec/shell_words.hpp"

#include <doctest/doctest.h>

namespace {

using namespace noroshi;
using namespace noroshi::codec;
using Words = std::vector<std::string>;

auto split(std::string_view line) -> ShellLine {
  auto result = split_shell_line(line);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("words lose their quotes and escapes, and nothing else") {
  CHECK(split(R"(echo -ne '\x7f' "a\x b" c\ d "e\"f" 'g"h'i)").commands.at(0).words ==
        Words{"echo", "-ne", "\\x7f", "a\\x b", "c d", "e\"f", "g\"hi"});
  CHECK(split("a '' b").commands.at(0).words == Words{"a", "", "b"});
}

TEST_CASE("commands are cut at ; && || | & and say how they hang together") {
  auto const line = split("a; b && c || d | e & f");
  REQUIRE(line.commands.size() == 6);
  auto const joins = std::vector<ShellJoin>{ShellJoin::first,     ShellJoin::always, ShellJoin::if_ok,
                                            ShellJoin::if_failed, ShellJoin::pipe,   ShellJoin::background};
  for (auto i = std::size_t{0}; i < joins.size(); ++i) CHECK(line.commands[i].join == joins[i]);
  CHECK(split(";;a;;").commands.size() == 1);
}

TEST_CASE("redirections are taken out of the words") {
  auto const command = split(R"(echo x>f >>"g h" 2>/dev/null <in 2>&1)").commands.at(0);
  CHECK(command.words == Words{"echo", "x"});
  REQUIRE(command.redirections.size() == 5);
  CHECK(command.redirections[0].target == "f");
  CHECK(command.redirections[1].kind == ShellRedirection::Kind::append);
  CHECK(command.redirections[1].target == "g h");
  CHECK(command.redirections[2].target == "/dev/null");
  CHECK(command.redirections[3].kind == ShellRedirection::Kind::read);
  CHECK(command.redirections[4].target == "&1");
  CHECK(split(">file").commands.at(0).words.empty());
}

TEST_CASE("open quotes end with the line, comments are dropped, floods are refused") {
  CHECK(split("echo 'abc").unterminated);
  CHECK(split("echo 'abc").commands.at(0).words == Words{"echo", "abc"});
  CHECK(split("a # b; c").commands.size() == 1);
  CHECK(split("").commands.empty());
  auto flood = std::string{};
  for (auto i = 0; i < 1'000; ++i) flood += "a;";
  CHECK(!split_shell_line(flood));
  CHECK(!split_shell_line(std::string(kMaxShellLine + 1, 'a')));
}
