#include "codec/ssh/auth.hpp"
#include "codec/ssh/channels.hpp"

#include <doctest/doctest.h>

using namespace noroshi;
using namespace codec::ssh;

namespace {

auto text(std::string_view of) -> std::string {
  auto to = std::string{};
  append_string(to, of);
  return to;
}
auto number(std::uint32_t of) -> std::string {
  auto to = std::string{};
  append_be(to, of);
  return to;
}
auto request(std::string_view method, std::string const &rest) -> std::string {
  return begin_message(Message::auth_request) + text("root") + text("ssh-connection") + text(method) + rest;
}

/// Whole it is read; cut anywhere, or with a byte more, it is not.
template <class Parse>
void check_whole(std::string const &payload, Parse parse) {
  CHECK(parse(payload));
  for (auto size = std::size_t{0}; size < payload.size(); ++size)
    CHECK_FALSE(parse(std::string_view{payload}.substr(0, size)));
  CHECK_FALSE(parse(payload + "x"));
}

/// The same; and where a program does not look behind a message's end, the byte more is nothing.
template <class Read>
void check_whole(std::string const &payload, Result<Read> (*parse)(std::string_view, Trailing)) {
  check_whole(payload, [parse](std::string_view bytes) { return parse(bytes, Trailing::refused); });
  CHECK(parse(payload + "x", Trailing::ignored));
  CHECK_FALSE(parse(std::string_view{payload}.substr(0, payload.size() - 1), Trailing::ignored));
}

}  // namespace

TEST_CASE("log-ins are read by method, whole or not at all") {
  auto const password = request("password", std::string(1, '\0') + text("toor"));
  CHECK(parse_auth_request(password)->password == "toor");
  check_whole(password, parse_auth_request);
  check_whole(request("password", "\1" + text("old") + text("new")), parse_auth_request);
  auto const signed_key = request("publickey", "\1" + text("ssh-ed25519") + text("blob") + text("signature"));
  CHECK(parse_auth_request(signed_key)->signature == "signature");
  check_whole(signed_key, parse_auth_request);
  CHECK(parse_auth_request(request("publickey", std::string(1, '\0') + text("ssh-ed25519") + text("blob")))->is_query);
  check_whole(request("keyboard-interactive", text("") + text("pam")), parse_auth_request);
  check_whole(request("none", ""), parse_auth_request);
  CHECK(parse_auth_request(request("hostbased", "whatever"))->method == "hostbased");
  CHECK_FALSE(parse_auth_request(begin_message(Message::auth_request) + text(std::string("ro\0ot", 5)) +
                                 text("ssh-connection") + text("none")));
}

TEST_CASE("answers to questions are read up to as many as were asked") {
  auto const answers = begin_message(Message::auth_info_response) + number(1) + text("secret");
  CHECK(parse_info_response(answers, 1)->front() == "secret");
  check_whole(answers, [](std::string_view payload) { return parse_info_response(payload, 1); });
  CHECK(parse_info_response(begin_message(Message::auth_info_response) + number(2'000'000'000), 1).error().code ==
        ErrorCode::too_large);
}

TEST_CASE("channels are opened, asked and fed by messages that are whole") {
  auto const open = begin_message(Message::channel_open) + text("direct-tcpip") + number(3) + number(1'000) +
                    number(500) + text("mail.example") + number(25) + text("10.0.0.1") + number(4'000);
  auto const opened = parse_channel_open(open);
  REQUIRE(opened);
  CHECK(opened->host == "mail.example");
  CHECK(opened->port == 25);
  CHECK(opened->sender == 3);
  check_whole(open, parse_channel_open);
  auto const terminal = begin_message(Message::channel_request) + number(0) + text("pty-req") + "\1" + text("xterm") +
                        number(80) + number(24) + number(0) + number(0) + text("");
  CHECK(parse_channel_request(terminal)->rows == 24);
  check_whole(terminal, parse_channel_request);
  auto const data = channel_data(5, "some bytes");
  CHECK(parse_channel_message(data)->data == "some bytes");
  check_whole(data, parse_channel_message);
  check_whole(window_adjust(1, 2), parse_channel_message);
  check_whole(channel_message(Message::channel_eof, 1), parse_channel_message);
  auto const forward = begin_message(Message::global_request) + text("tcpip-forward") + "\1" + text("") + number(80);
  CHECK(parse_global_request(forward)->port == 80);
  check_whole(forward, parse_global_request);
}
