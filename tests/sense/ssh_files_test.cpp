#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "codec/ssh/sftp.hpp"
#include "codec/ssh/wire.hpp"
#include "sense/ssh_scp.hpp"
#include "sense/ssh_sftp.hpp"
#include "sense/ssh_tunnel.hpp"
#include "support/client_hello.hpp"
#include "support/program_visit.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;
using codec::ssh::SftpType;

auto number(std::uint32_t value) -> std::string {
  auto bytes = std::string{};
  append_be(bytes, value);
  return bytes;
}

auto wide(std::uint64_t value) -> std::string {
  auto bytes = std::string{};
  append_be(bytes, value);
  return bytes;
}

auto text(std::string_view value) -> std::string {
  auto bytes = std::string{};
  codec::ssh::append_string(bytes, value);
  return bytes;
}

/// One program, spoken to.
class Talk {
public:
  explicit Talk(ProgramDecoy::Make make, VisitLimits limits = {})
      : decoy_(std::move(make)), visit_(decoy_, "ssh", limits) {
    visit_.start();
  }
  /// What it answers.
  auto say(std::string_view bytes) -> std::string {
    auto const before = visit_.output().size();
    visit_.send(bytes);
    return visit_.output().substr(before);
  }
  /// The answer to an SFTP request, without its length, type and request id.
  auto ask(SftpType type, std::string_view fields) -> std::string {
    auto const answer = say(number(static_cast<std::uint32_t>(fields.size() + 5)) +
                            std::string(1, static_cast<char>(type)) + number(7) + std::string{fields});
    return answer.size() < 9 ? answer : answer.substr(4, 1) + answer.substr(9);
  }
  auto visit() -> ScriptedVisit & { return visit_; }
  [[nodiscard]] auto status() const -> std::optional<std::uint32_t> { return decoy_.last.status; }
  [[nodiscard]] auto is_over() const -> bool { return decoy_.last.is_over; }
  [[nodiscard]] auto largest() const -> std::size_t { return decoy_.largest; }

private:
  ProgramDecoy decoy_;
  ScriptedVisit visit_;
};

auto sftp() -> ProgramDecoy::Make {
  return [](VisitFiles &files, Visit &) { return make_sftp(files, "/root"); };
}
auto scp(std::vector<std::string> words) -> ProgramDecoy::Make {
  return [words](VisitFiles &files, Visit &visit) {
    (void)files.create("/root/given", 0644, visit.now());
    (void)files.write("/root/given", 0, "bytes", visit.now());
    return make_scp(files, "/root", words);
  };
}
auto tunnel(std::uint32_t port) -> ProgramDecoy::Make {
  return [port](VisitFiles &, Visit &) { return make_tunnel({"target.example", port}); };
}

auto status(std::uint32_t code, std::string_view sentence) -> std::string {
  return "\x65" + number(code) + text(sentence) + number(0);
}

auto const kInit = number(5) + "\1" + number(3);

TEST_CASE("a file put by SFTP is an observation with its name, size and hash, and can be got again") {
  auto talk = Talk{sftp()};
  CHECK(talk.say(kInit) == codec::ssh::sftp_version());
  auto const handle = talk.ask(SftpType::open, text("/tmp/x") + number(2 | 8 | 16) + number(4) + number(0755));
  CHECK(handle == "f" + text(number(0)));
  CHECK(talk.ask(SftpType::write, text(number(0)) + wide(0) + text("hello ")) == status(0, "Success"));
  CHECK(talk.ask(SftpType::write, text(number(0)) + wide(6) + text("world")) == status(0, "Success"));
  CHECK(talk.ask(SftpType::close, text(number(0))) == status(0, "Success"));
  auto const files = talk.visit().notes(model::Kind::file);
  REQUIRE(files.size() == 1);
  CHECK(files[0].text(model::Field::file_name) == "/tmp/x");
  CHECK(files[0].text(model::Field::payload) == "hello world");
  CHECK(files[0].text(model::Field::sha256) == "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
  CHECK(files[0].extra == R"({"size":11,"kept":11})");
  CHECK(talk.ask(SftpType::open, text("../tmp/x") + number(1) + number(0)) == "f" + text(number(0)));
  CHECK(talk.ask(SftpType::read, text(number(0)) + wide(6) + number(100)) == "g" + text("world"));
  CHECK(talk.ask(SftpType::read, text(number(0)) + wide(11) + number(100)) == status(1, "End of file"));
}

TEST_CASE("a file that is larger than what is kept has its whole size and hash where it came in order") {
  auto limits = VisitLimits{};
  limits.bytes_in = std::uint64_t{8} << 20;
  auto talk = Talk{sftp(), limits};
  (void)talk.say(kInit);
  (void)talk.ask(SftpType::open, text("/tmp/big") + number(2 | 8) + number(0));
  auto const piece = std::string(std::size_t{128} << 10, 'x');
  auto digest = Sha256{};
  for (auto at = std::uint64_t{0}; at < 24; ++at) {
    digest.add(piece);
    REQUIRE(talk.ask(SftpType::write, text(number(0)) + wide(at * piece.size()) + text(piece)) == status(0, "Success"));
  }
  (void)talk.ask(SftpType::close, text(number(0)));
  auto const files = talk.visit().notes(model::Kind::file);
  REQUIRE(files.size() == 1);
  CHECK(files[0].extra == R"({"size":3145728,"kept":2097152})");
  CHECK(files[0].text(model::Field::sha256) == digest.hex());
}

TEST_CASE("SFTP says what OpenSSH's server says where something cannot be done") {
  auto talk = Talk{sftp()};
  (void)talk.say(kInit);
  auto const no_file = status(2, "No such file");
  auto const failure = status(4, "Failure");
  CHECK(talk.ask(SftpType::stat, text("/nothing")) == no_file);
  CHECK(talk.ask(SftpType::stat, text("/etc/passwd/x")) == no_file);
  CHECK(talk.ask(SftpType::stat, text("/etc/passwd/")) == no_file);
  CHECK(talk.ask(SftpType::opendir, text("/etc/passwd")) == no_file);
  CHECK(talk.ask(SftpType::mkdir, text("/tmp") + number(0)) == failure);
  CHECK(talk.ask(SftpType::mkdir, text("/no/x") + number(0)) == no_file);
  CHECK(talk.ask(SftpType::rmdir, text("/etc/passwd")) == no_file);
  CHECK(talk.ask(SftpType::remove, text("/tmp")) == failure);
  CHECK(talk.ask(SftpType::open, text("/tmp") + number(2) + number(0)) == failure);
  CHECK(talk.ask(SftpType::readlink, text("/etc/passwd")) == status(5, "Bad message"));
  CHECK(talk.ask(SftpType::close, text(number(5))) == no_file);
  CHECK(talk.ask(SftpType::read, text(number(5)) + wide(0) + number(1)) == failure);
  CHECK(talk.ask(SftpType::extended, text("no@such")) == status(8, "Operation unsupported"));
  CHECK(talk.ask(SftpType::realpath, text("/no/such")) == no_file);
  CHECK(talk.ask(SftpType::realpath, text("x")) == "h" + number(1) + text("/root/x") + text("/root/x") + number(0));
}

TEST_CASE("folders, names, modes and links are changed by SFTP as on a real disk") {
  auto talk = Talk{sftp()};
  (void)talk.say(kInit);
  auto const done = status(0, "Success");
  CHECK(talk.ask(SftpType::mkdir, text("kit") + number(0)) == done);
  CHECK(talk.ask(SftpType::open, text("kit/a") + number(2 | 8) + number(0)) == "f" + text(number(0)));
  CHECK(talk.ask(SftpType::write, text(number(0)) + wide(0) + text("one")) == done);
  CHECK(talk.ask(SftpType::rename, text("kit") + text("other")) == done);
  CHECK(talk.ask(SftpType::setstat, text("other/a") + number(4) + number(0700)) == done);
  CHECK(talk.ask(SftpType::symlink, text("a") + text("other/link")) == done);
  CHECK(talk.ask(SftpType::readlink, text("other/link")) == "h" + number(1) + text("a") + text("a") + number(0));
  auto const seen = talk.ask(SftpType::stat, text("other/link"));
  CHECK(seen.substr(0, 13) == "i" + number(15) + wide(3));
  CHECK(seen.substr(21, 4) == number(0100'700));
  CHECK(talk.ask(SftpType::rename, text("other/a") + text("other/link")) == status(4, "Failure"));
  CHECK(talk.ask(SftpType::extended, text("posix-rename@openssh.com") + text("other/a") + text("other/link")) == done);
  CHECK(talk.ask(SftpType::rmdir, text("other")) == status(4, "Failure"));
  CHECK(talk.ask(SftpType::opendir, text("other")) == "f" + text(number(1)));
  auto const names = talk.ask(SftpType::readdir, text(number(1)));
  CHECK(names.starts_with("h" + number(3) + text(".")));
  CHECK(names.find("-rwx------    1 root     root            3 Nov 21 09:30 link") != std::string::npos);
  CHECK(talk.ask(SftpType::readdir, text(number(1))) == status(1, "End of file"));
  CHECK(talk.ask(SftpType::remove, text("other/link")) == done);
  CHECK(talk.ask(SftpType::rmdir, text("other")) == done);
  CHECK(talk.visit().notes(model::Kind::file).size() == 1);
}

TEST_CASE("SFTP that breaks its own form ends as OpenSSH's server does") {
  auto early = Talk{sftp()};
  (void)early.ask(SftpType::stat, text("/"));
  CHECK(early.status() == 255U);
  auto large = Talk{sftp()};
  (void)large.say(kInit + number(300'000) + "x");
  CHECK(large.status() == 11U);
  auto cut = Talk{sftp()};
  (void)cut.say(kInit);
  (void)cut.ask(SftpType::stat, number(50) + "a");
  CHECK(cut.status() == 255U);
}

TEST_CASE("many reads of much are answered in pieces that the visitor has to take") {
  auto limits = VisitLimits{};
  limits.bytes_out = std::uint64_t{4} << 20;
  auto talk = Talk{sftp(), limits};
  (void)talk.say(kInit);
  (void)talk.ask(SftpType::open, text("/bin/ls") + number(1) + number(0));
  auto reads = std::string{};
  for (auto i = 0; i < 1'000; ++i) reads += number(25) + "\5" + number(7) + text(number(0)) + wide(0) + number(512);
  CHECK(talk.say(reads).size() == 1'000 * (13 + 512));
}

TEST_CASE("scp takes a file and says an empty byte for each step") {
  auto talk = Talk{scp({"scp", "-t", "/tmp"})};
  CHECK(talk.visit().output() == std::string_view{"\0", 1});
  CHECK(talk.say("C0755 5 dropper\n") == std::string_view{"\0", 1});
  CHECK(talk.say("hello") == "");
  CHECK(talk.say({"\0", 1}) == std::string_view{"\0", 1});
  auto const files = talk.visit().notes(model::Kind::file);
  REQUIRE(files.size() == 1);
  CHECK(files[0].text(model::Field::file_name) == "/tmp/dropper");
  CHECK(files[0].text(model::Field::payload) == "hello");
  talk.visit().close();
  CHECK(talk.status() == 0U);
}

TEST_CASE("scp takes folders with their times where it was told to") {
  auto talk = Talk{scp({"scp", "-r", "-p", "-d", "-t", "/tmp"})};
  (void)talk.say("T1700000000 0 1700000000 0\nD0700 0 kit\nC0600 1 a\nx");
  CHECK(talk.say({"\0E\n", 3}) == std::string_view{"\0\0", 2});
  CHECK(talk.visit().notes(model::Kind::file)[0].text(model::Field::file_name) == "/tmp/kit/a");
}

TEST_CASE("scp refuses in OpenSSH's words") {
  auto const ends = [](std::vector<std::string> words, std::string_view bytes, std::string_view sentence) {
    auto talk = Talk{scp(std::move(words))};
    (void)talk.say(bytes);
    CHECK(talk.visit().output().ends_with(sentence));
    CHECK(talk.status() == 1U);
  };
  ends({"scp", "-d", "-t", "/no"}, "", "\1scp: /no: No such file or directory\n");
  ends({"scp", "-t", "/tmp"}, "C0644 1 ../x\n", "\1scp: error: unexpected filename: ../x\n");
  ends({"scp", "-t", "/tmp"}, "D0755 0 x\n", "\1scp: protocol error: received directory without -r\n");
  ends({"scp", "-t", "/tmp"}, "hello\n", "\1scp: hello\n");
  ends({"scp", "-t", "/tmp"}, "C9\n", "\1scp: protocol error: bad mode\n");
  ends({"scp", "-f", "/no"}, {"\0", 1}, "\1scp: /no: No such file or directory\n");
  ends({"scp", "-f", "/etc"}, {"\0", 1}, "\1scp: /etc: not a regular file\n");
}

TEST_CASE("scp gives a file when it is asked to go on") {
  auto talk = Talk{scp({"scp", "-f", "given"})};
  CHECK(talk.visit().output().empty());
  CHECK(talk.say({"\0", 1}) == "C0644 5 given\n");
  CHECK(talk.say({"\0", 1}) == std::string_view{"bytes\0", 6});
  (void)talk.say({"\0", 1});
  CHECK(talk.status() == 0U);
}

TEST_CASE("an HTTP request in a tunnel is answered and recorded") {
  auto talk = Talk{tunnel(80)};
  CHECK(talk.visit().output().empty());
  CHECK(talk.say("GET / HTTP/1.1\r\nHost: target.example\r\nUser-Agent: probe\r\n\r\n")
            .starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(talk.say("POST /no HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc").starts_with("HTTP/1.1 404 "));
  auto const seen = talk.visit().notes(model::Kind::request);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].text(model::Field::user_agent) == "probe");
  CHECK(seen[0].extra.find("direct-tcpip target.example:80") != std::string_view::npos);
  CHECK(seen[1].text(model::Field::payload) == "abc");
  CHECK_FALSE(talk.is_over());
  CHECK(talk.say("GET / HTTP/1.0\r\n\r\n").find("200 OK") != std::string::npos);
  CHECK(talk.is_over());
}

TEST_CASE("a ClientHello in a tunnel is recorded and refused by an alert") {
  auto talk = Talk{tunnel(443)};
  auto const hello = noroshi::test::in_records(noroshi::test::usual_hello("example.com"));
  CHECK(talk.say(hello.substr(0, 20)).empty());
  CHECK(talk.say(hello.substr(20)) == std::string_view{"\x15\x03\x03\x00\x02\x02\x28", 7});
  CHECK(talk.is_over());
  auto const seen = talk.visit().notes(model::Kind::hello);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].text(model::Field::payload) == hello);
  CHECK_FALSE(seen[0].text(model::Field::ja4).empty());
}

TEST_CASE("a mail in a tunnel is taken, and recorded with its envelope") {
  auto talk = Talk{tunnel(25)};
  CHECK(talk.visit().output() == "220 target.example ESMTP Postfix\r\n");
  CHECK(talk.say("EHLO me\r\n").ends_with("\r\n250 CHUNKING\r\n"));
  CHECK(talk.say("AUTH PLAIN AHVzZXIAcGFzcw==\r\n") == "235 2.7.0 Authentication successful\r\n");
  CHECK(talk.say("DATA\r\n") == "503 5.5.1 Error: need RCPT command\r\n");
  CHECK(talk.say("MAIL FROM:<a@example.org> SIZE=5\r\nRCPT TO:<b@example.net>\r\nDATA\r\n")
            .ends_with("354 End data with <CR><LF>.<CR><LF>\r\n"));
  CHECK(talk.say("Subject: x\r\n\r\n..dot\r\n.\r\n").starts_with("250 2.0.0 Ok: queued as "));
  CHECK(talk.say("quit\r\n") == "221 2.0.0 Bye\r\n");
  CHECK(talk.is_over());
  auto const mails = talk.visit().notes(model::Kind::payload);
  REQUIRE(mails.size() == 1);
  CHECK(mails[0].text(model::Field::payload) == "Subject: x\r\n\r\n.dot\r\n");
  CHECK(mails[0].extra.find(R"("from":"a@example.org")") != std::string_view::npos);
  CHECK(mails[0].extra.find(R"("to":["b@example.net"])") != std::string_view::npos);
  auto const logins = talk.visit().notes(model::Kind::login);
  REQUIRE(logins.size() == 1);
  CHECK(logins[0].text(model::Field::username) == "user");
  CHECK(logins[0].text(model::Field::password) == "pass");
}

TEST_CASE("what nobody understands in a tunnel is kept up to a cap") {
  auto talk = Talk{tunnel(4444)};
  CHECK(talk.say(std::string(10'000, '\xee')).empty());
  talk.visit().close();
  auto const seen = talk.visit().notes(model::Kind::payload);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].text(model::Field::payload).size() == 4'096);
}

}  // namespace

TEST_CASE("scp's complaints to a long burst come a piece at a time, however long the names") {
  auto talk = Talk{scp({"scp", "-r", "-t", "/"})};
  auto burst = std::string{};
  for (auto i = 0; i < 2'000; ++i) burst += "D0755 0 " + std::string(300, 'a') + "\n";
  CHECK(talk.say(burst).size() > 500'000);
  CHECK(talk.largest() < 2 * SshProgram::kPiece);
}

TEST_CASE("a folder that leads round to itself is given to scp only as deep as a path may be") {
  auto talk = Talk{[](VisitFiles &files, Visit &visit) {
    (void)files.make_link("/tmp", "/tmp/" + std::string(250, 'a'), visit.now());
    for (auto i = 0; i < 100; ++i) (void)files.create("/tmp/" + std::to_string(i), 0644, visit.now());
    return make_scp(files, "/root", {"scp", "-r", "-f", "/tmp"});
  }};
  auto heard = std::size_t{0};
  for (auto i = 0; i < 200 && !talk.is_over(); ++i) heard += talk.say(std::string(64, '\0')).size();
  CHECK(talk.is_over());
  CHECK(heard < 256'000);
}
