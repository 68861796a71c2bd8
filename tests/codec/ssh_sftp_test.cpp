#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "codec/ssh/scp.hpp"
#include "codec/ssh/sftp.hpp"
#include "codec/ssh/wire.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::codec::ssh;

auto message(SftpType type, std::string_view fields) -> std::string {
  auto bytes = std::string{};
  append_be(bytes, static_cast<std::uint32_t>(fields.size() + 1));
  bytes.push_back(static_cast<char>(type));
  return bytes.append(fields);
}

auto number(std::uint32_t value) -> std::string {
  auto bytes = std::string{};
  append_be(bytes, value);
  return bytes;
}

auto text(std::string_view value) -> std::string {
  auto bytes = std::string{};
  append_string(bytes, value);
  return bytes;
}

TEST_CASE("an SFTP message has its size when it has come whole, and none past OpenSSH's limit") {
  auto const whole = message(SftpType::stat, number(7) + text("/tmp"));
  CHECK(*sftp_message_size(whole) == whole.size());
  CHECK_FALSE(sftp_message_size(whole.substr(0, whole.size() - 1))->has_value());
  CHECK_FALSE(sftp_message_size(number(kMaxSftpMessage + 1) + "x"));
}

TEST_CASE("an SFTP open is read with its flags and attributes") {
  auto const bytes = message(
      SftpType::open, number(9) + text("/tmp/x") + number(kSftpWrite | kSftpCreate) + number(4) + number(0100'755));
  auto const read = parse_sftp_request(bytes);
  REQUIRE(read);
  CHECK(read->id == 9);
  CHECK(read->path == "/tmp/x");
  CHECK(read->flags == 10);
  CHECK(read->attributes.mode == 0100'755U);
  CHECK_FALSE(read->attributes.size);
}

TEST_CASE("an SFTP message that ends too early, or has a NUL in a name, is malformed; more than it needs is not") {
  CHECK_FALSE(parse_sftp_request(message(SftpType::stat, number(7) + number(50) + "a")));
  CHECK_FALSE(parse_sftp_request(message(SftpType::stat, number(7) + text({"a\0b", 3}))));
  CHECK_FALSE(parse_sftp_request(number(0)));
  CHECK(parse_sftp_request(message(SftpType::stat, number(7) + text("a") + "more")));
}

TEST_CASE("SFTP answers are byte for byte those of OpenSSH 9.2") {
  // Measured: sftp-server of 1:9.2p1-2+deb12u10 over a pipe.
  CHECK(sftp_status(7, SftpStatus::no_such_file) ==
        std::string_view{"\0\0\0\x1d\x65\0\0\0\7\0\0\0\2\0\0\0\x0cNo such file\0\0\0\0", 33});
  CHECK(sftp_version().substr(4, 9) == std::string_view{"\2\0\0\0\3\0\0\0\x18", 9});
  CHECK(
      sftp_version().ends_with(std::string_view{"\0\0\0\x1eusers-groups-by-id@openssh.com\0\0\0\1"
                                                "1",
                                                39}));
  CHECK(sftp_handle(7, {"\0\0\0\1", 4}) == std::string_view{"\0\0\0\x0d\x66\0\0\0\7\0\0\0\4\0\0\0\1", 17});
  auto const folder = SftpAttributes{4'096, SftpAttributes::Owner{0, 0}, 0040'755U,
                                     SftpAttributes::Times{1'795'380'737, 1'795'380'737}};
  CHECK(sftp_long_name(".", folder, 2, 1'795'380'800) == "drwxr-xr-x    2 root     root         4096 Nov 22 20:52 .");
  CHECK(sftp_long_name(".", folder, 2, 1'825'380'800) == "drwxr-xr-x    2 root     root         4096 Nov 22  2026 .");
  auto const script = SftpAttributes{0, SftpAttributes::Owner{1000, 1000}, 0104'644U,
                                     SftpAttributes::Times{1'795'380'737, 1'795'380'737}};
  CHECK(sftp_long_name("x", script, 1, 1'795'380'800) == "-rwSr--r--    1 1000     1000            0 Nov 22 20:52 x");
}

TEST_CASE("an scp record is read, and its faults have OpenSSH's sentences") {
  auto const file = parse_scp_record("C0755 1234 a name");
  REQUIRE(file);
  CHECK(file->mode == 0755);
  CHECK(file->size == 1'234);
  CHECK(file->text == "a name");
  CHECK(parse_scp_record("T1700000000 0 1700000001 0")->accessed == 1'700'000'001);
  CHECK(parse_scp_record("E")->kind == ScpRecord::Kind::end_of_folder);
}

TEST_CASE("an scp record that is none has OpenSSH's sentence") {
  auto const sentence = [](std::string_view line) { return parse_scp_record(line).error().sentence; };
  CHECK(sentence("") == "unexpected <newline>");
  CHECK(sentence("hello") == "expected control record");
  CHECK(sentence("C0785 1 a") == "bad mode");
  CHECK(sentence("C06441 a") == "mode not delimited");
  CHECK(sentence("C0644 x a") == "size not present");
  CHECK(sentence("C0644 99999999999999999999999 a") == "size out of range");
  CHECK(sentence("C0644 1") == "size not delimited");
  CHECK(sentence("T1 0 2") == "atime.sec not delimited");
  CHECK_FALSE(is_scp_name("../x"));
  CHECK_FALSE(is_scp_name(".."));
  CHECK(is_scp_name(".bashrc"));
}

TEST_CASE("an scp command's flags are read together and apart") {
  auto const command = parse_scp_command({"scp", "-v", "-rp", "-t", "--", "-x"});
  CHECK(command.is_sink);
  CHECK(command.is_recursive);
  CHECK(command.keeps_times);
  CHECK_FALSE(command.is_source);
  CHECK(command.paths == std::vector<std::string>{"-x"});
}

}  // namespace
