// SMTP in a tunnel: a mail server that takes everything and delivers nothing. Envelope, log-in and the beginning of
// each message are recorded.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/text.hpp"
#include "codec/base64.hpp"
#include "sense/sha256.hpp"
#include "sense/ssh_tunnel.hpp"

namespace noroshi::sense {
namespace {

constexpr auto kMaxLine = std::size_t{2'048};      // as Postfix reads lines
constexpr auto kMaxKept = std::size_t{16} << 10;   // of a message
constexpr auto kMaxRecipients = std::size_t{100};  // noted; all are taken
constexpr auto kMaxText = std::size_t{512};        // of an address or name
constexpr auto kMaxLines = 10'000;                 // commands of one connection

auto lower(std::string_view text) -> std::string {
  auto lowered = std::string{text};
  for (auto &letter : lowered) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lowered;
}

auto decoded(std::string_view text) -> std::optional<std::string> {
  auto bytes = std::string{};
  if (!codec::from_base64(text, bytes)) return std::nullopt;
  return bytes;
}

class SmtpTunnel final : public TunnelProtocol {
public:
  /// The server speaks first; a client that does not wait says one of these.
  [[nodiscard]] auto fits(std::string_view first) const -> Fits override {
    auto const word = lower(first.substr(0, 5));
    for (auto const known : {"ehlo ", "helo "}) {
      if (word == known) return Fits::yes;
      if (std::string_view{known}.starts_with(word)) return Fits::maybe;
    }
    return Fits::no;
  }
  // At 465 the client begins, with TLS.
  [[nodiscard]] auto greets_at(std::uint32_t port) const -> bool override {
    return port == 25 || port == 587 || port == 2525;
  }

  void greet(TunnelTarget const &target, SshReply &reply, Visit & /*visit*/) override {
    has_greeted_ = true;
    reply.output += fmt::format("220 {} ESMTP Postfix\r\n", name_of_server(target));
  }

  auto take(std::string_view bytes, TunnelTarget const &target, SshReply &reply, Visit &visit) -> std::size_t override {
    if (!has_greeted_) greet(target, reply, visit);
    auto taken = std::size_t{0};
    while (taken < bytes.size() && !reply.is_over && reply.output.size() < SshProgram::kPiece) {
      auto const rest = bytes.substr(taken);
      auto const end = rest.find('\n');
      if (end == std::string_view::npos && rest.size() < kMaxLine) break;
      auto line = rest.substr(0, std::min(end, kMaxLine));
      taken += line.size() == end ? end + 1 : line.size();
      if (line.ends_with('\r')) line.remove_suffix(1);
      in_message_ ? take_text(line, target, reply, visit) : take_line(line, target, reply, visit);
    }
    return taken;
  }

  auto finish(TunnelTarget const &target, Visit &visit) -> bool override {
    if (in_message_ || !sender_.empty()) note_mail(target, visit, "unfinished");
    return has_noted_;
  }

private:
  enum class Login : std::uint8_t { none, plain, user, password };

  static auto name_of_server(TunnelTarget const &target) -> std::string {
    auto const &host = target.host;
    auto const is_name =
        !host.empty() && host.size() < 200 &&
        std::ranges::all_of(
            host,
            [](char letter) {
              return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '-' || letter == '.';
            }) &&
        std::ranges::any_of(host, [](char letter) { return std::isalpha(static_cast<unsigned char>(letter)) != 0; });
    return is_name ? host : "mail.localdomain";
  }

  static auto said(SshReply &reply, std::string_view text) { reply.output.append(text).append("\r\n"); }

  void take_line(std::string_view line, TunnelTarget const &target, SshReply &reply, Visit &visit) {
    if (++lines_ > kMaxLines) {
      said(reply, "421 4.7.0 Error: too many errors");
      reply.is_over = true;
      return;
    }
    if (login_ != Login::none) return take_login(line, target, reply, visit);
    auto const space = std::min(line.find(' '), line.size());
    auto const verb = lower(line.substr(0, space));
    auto const rest = line.substr(std::min(space + 1, line.size()));
    if (verb == "ehlo" || verb == "helo") return take_hello(verb, rest, target, reply);
    if (verb == "mail") return take_sender(rest, reply);
    if (verb == "rcpt") return take_recipient(rest, reply);
    if (verb == "data") return begin_message(reply);
    if (verb == "auth") return begin_login(rest, target, reply, visit);
    if (verb == "rset") return forget(), said(reply, "250 2.0.0 Ok");
    if (verb == "noop") return said(reply, "250 2.0.0 Ok");
    if (verb == "vrfy") return said(reply, fmt::format("252 2.0.0 {}", rest.substr(0, kMaxText)));
    if (verb == "etrn" || verb == "starttls") return said(reply, "502 5.5.1 Error: command not implemented");
    if (verb != "quit") return said(reply, "502 5.5.2 Error: command not recognized");
    said(reply, "221 2.0.0 Bye");
    reply.is_over = true;
  }

  void take_hello(std::string_view verb, std::string_view name, TunnelTarget const &target, SshReply &reply) {
    if (name.empty()) return said(reply, fmt::format("501 Syntax: {} hostname", verb == "ehlo" ? "EHLO" : "HELO"));
    hello_ = name.substr(0, kMaxText);
    auto const server = name_of_server(target);
    if (verb == "helo") return said(reply, fmt::format("250 {}", server));
    said(reply, fmt::format("250-{}\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n250-AUTH PLAIN "
                            "LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING",
                            server));
  }

  /// What is between < and > behind `word`.
  static auto address_of(std::string_view rest, std::string_view word) -> std::optional<std::string> {
    if (lower(rest.substr(0, word.size())) != word) return std::nullopt;
    rest.remove_prefix(word.size());
    auto const begin = rest.find('<');
    auto const end = rest.find('>');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
      return std::string{rest.substr(
          rest.find_first_not_of(' ') == std::string_view::npos ? rest.size() : rest.find_first_not_of(' '), kMaxText)};
    return std::string{rest.substr(begin + 1, std::min(end - begin - 1, kMaxText))};
  }

  void take_sender(std::string_view rest, SshReply &reply) {
    if (hello_.empty()) return said(reply, "503 5.5.1 Error: send HELO/EHLO first");
    if (has_sender_) return said(reply, "503 5.5.1 Error: nested MAIL command");
    auto const address = address_of(rest, "from:");
    if (!address) return said(reply, "501 5.5.4 Syntax: MAIL FROM:<address>");
    sender_ = *address;
    has_sender_ = true;
    said(reply, "250 2.1.0 Ok");
  }

  void take_recipient(std::string_view rest, SshReply &reply) {
    if (!has_sender_) return said(reply, "503 5.5.1 Error: need MAIL command");
    auto const address = address_of(rest, "to:");
    if (!address || address->empty()) return said(reply, "501 5.5.4 Syntax: RCPT TO:<address>");
    if (recipients_.size() < kMaxRecipients) recipients_.push_back(*address);
    said(reply, "250 2.1.5 Ok");
  }

  void begin_message(SshReply &reply) {
    if (!has_sender_ || recipients_.empty())
      return said(reply, has_sender_ ? "554 5.5.1 Error: no valid recipients" : "503 5.5.1 Error: need RCPT command");
    in_message_ = true;
    said(reply, "354 End data with <CR><LF>.<CR><LF>");
  }

  void take_text(std::string_view line, TunnelTarget const &target, SshReply &reply, Visit &visit) {
    if (line == ".") {
      note_mail(target, visit, {});
      return said(reply, fmt::format("250 2.0.0 Ok: queued as {:010X}", visit.random() & 0xff'ffff'ffffU));
    }
    if (line.starts_with('.')) line.remove_prefix(1);  // RFC 5321 section 4.5.2
    auto whole = std::string{line} + "\r\n";
    digest_.add(whole);
    size_ += whole.size();
    message_ += std::string_view{whole}.substr(0, kMaxKept - std::min(kMaxKept, message_.size()));
  }

  void begin_login(std::string_view rest, TunnelTarget const &target, SshReply &reply, Visit &visit) {
    if (hello_.empty()) return said(reply, "503 5.5.1 Error: send HELO/EHLO first");
    auto const space = std::min(rest.find(' '), rest.size());
    auto const method = lower(rest.substr(0, space));
    auto const first = rest.substr(std::min(space + 1, rest.size()));
    if (method != "plain" && method != "login")
      return said(reply, "535 5.7.8 Error: authentication failed: Invalid authentication mechanism");
    login_ = method == "plain" ? Login::plain : Login::user;
    if (!first.empty()) return take_login(first, target, reply, visit);
    said(reply, login_ == Login::plain ? "334 " : "334 VXNlcm5hbWU6");
  }

  void take_login(std::string_view line, TunnelTarget const &target, SshReply &reply, Visit &visit) {
    auto const step = std::exchange(login_, Login::none);
    auto const text = decoded(line);
    if (!text) return said(reply, "535 5.7.8 Error: authentication failed: Invalid base64 data in continued response");
    if (step == Login::user) {
      user_ = text->substr(0, kMaxText);
      login_ = Login::password;
      return said(reply, "334 UGFzc3dvcmQ6");
    }
    auto password = *text;
    if (step == Login::plain) {  // RFC 4616: identity NUL user NUL password
      auto const first = std::min(text->find('\0'), text->size());
      auto const second = std::min(text->find('\0', first + 1), text->size());
      user_ = text->substr(std::min(first + 1, text->size()), second - std::min(first + 1, second));
      password = text->substr(std::min(second + 1, text->size()));
    }
    note_login(target, visit, password);
    said(reply, "235 2.7.0 Authentication successful");
  }

  void note_login(TunnelTarget const &target, Visit &visit, std::string_view password) {
    auto const extra = boost::json::serialize(boost::json::object{{"through", through(target)}});
    auto seen = model::Observation{};
    seen.kind = model::Kind::login;
    seen.extra = extra;
    seen.set(model::Field::protocol, std::string_view{"smtp"})
        .set(model::Field::username, std::string_view{user_}.substr(0, kMaxText))
        .set(model::Field::password, password.substr(0, kMaxText))
        .set(model::Field::accepted, std::int64_t{1});
    visit.note(seen);
    has_noted_ = true;
  }

  void note_mail(TunnelTarget const &target, Visit &visit, std::string_view problem) {
    auto extra = boost::json::object{{"through", through(target)},
                                     {"hello", lossless_utf8(hello_)},
                                     {"from", lossless_utf8(sender_)},
                                     {"size", size_}};
    auto &to = extra["to"].emplace_array();
    for (auto const &recipient : recipients_) to.push_back(boost::json::string{lossless_utf8(recipient)});
    if (!problem.empty()) extra["problem"] = problem;
    auto const json = boost::json::serialize(extra);
    auto const sha256 = digest_.hex();
    auto seen = model::Observation{};
    seen.kind = model::Kind::payload;
    seen.extra = json;
    seen.set(model::Field::protocol, std::string_view{"smtp"})
        .set(model::Field::payload, std::string_view{message_})
        .set(model::Field::sha256, std::string_view{sha256});
    visit.note(seen);
    has_noted_ = true;
    forget();
  }

  void forget() {
    sender_.clear();
    recipients_.clear();
    message_.clear();
    digest_ = {};
    size_ = 0;
    in_message_ = has_sender_ = false;
  }

  std::string hello_, sender_, user_, message_;
  std::vector<std::string> recipients_;
  Sha256 digest_;
  std::uint64_t size_ = 0;
  int lines_ = 0;
  Login login_ = Login::none;
  bool has_greeted_ = false, has_sender_ = false, in_message_ = false, has_noted_ = false;
};

Registered<TunnelProtocol, SmtpTunnel> const smtp{"smtp"};

}  // namespace
}  // namespace noroshi::sense
