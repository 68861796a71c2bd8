// What an HTTP decoy answers, as its persona has it, without any network: request in, bytes out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/http.hpp"
#include "sense/node_secret.hpp"
#include "sense/persona.hpp"

namespace noroshi::sense {

/// How a visitor reached the server.
enum class HttpDoor : std::uint8_t {
  plain,         // a port without TLS
  tls,           // inside TLS
  plain_at_tls,  // plain HTTP to a port that expects TLS
};

class HttpPages {
public:
  /// Fails where the persona names an unknown header or leaves out what a page needs.
  static auto create(Persona const &persona) -> Result<HttpPages>;

  /// A form that visitors log in with.
  struct Login {
    std::string path;  // empty: none
    std::string user_field;
    std::string password_field;
  };
  [[nodiscard]] auto login() const -> Login const & { return login_; }

  struct Answer {
    unsigned status = 200;  // 0: none, it just closes
    std::string bytes;
    bool close = false;  // the server closes the connection behind it
  };
  /// To a request whose head could be read.
  [[nodiscard]] auto answer(codec::http::RequestHead const &request, Time now, HttpDoor door) const -> Answer;
  /// The server's error page for `status`, after which it closes: for what is no HTTP, or too large.
  [[nodiscard]] auto refusal(unsigned status, Time now, HttpDoor door) const -> Answer;
  /// To a client that speaks TLS to the plain door.
  [[nodiscard]] auto answer_to_tls(Time now) const -> Answer;

private:
  struct Page {
    std::string type;
    std::string modified;  // RFC 9110 date; empty: generated, no validators
    std::string etag;
    std::string body;
    unsigned status = 200;
    std::vector<std::string> extra = {};  // further header lines; {cookie} is new in each answer
  };
  struct Form {
    bool head_only = false;
    bool close = false;
    bool bare = false;  // HTTP/0.9: the body alone
  };
  enum class Wrong : std::uint8_t { page, close };  // what a client at the wrong door gets
  static auto wrong_door(Persona const &persona, std::string_view key) -> Result<Wrong>;
  [[nodiscard]] auto error_page(unsigned status, std::string_view page) const -> Page;
  [[nodiscard]] auto write(unsigned status, Page const &page, Form form, Time now) const -> std::string;
  static auto read_page(Persona const &persona, std::string_view key, std::string_view prefix) -> Result<Page>;
  void write_extra(std::string &bytes, std::vector<std::string> const &lines, Time now) const;
  [[nodiscard]] auto value_of(std::string_view header, Page const &page, Form form, Time now) const -> std::string;

  std::string server_;
  std::string error_template_;
  std::string plain_at_tls_template_;
  Wrong plain_at_tls_ = Wrong::page;
  Wrong tls_at_plain_ = Wrong::page;
  std::vector<std::string> header_order_;
  std::vector<std::string> extra_;  // header lines of every answer
  NodeSecret secret_;               // of which cookies are made
  std::map<std::string, Page, std::less<>> pages_;
  Login login_;
  Page login_failed_;
};

}  // namespace noroshi::sense
