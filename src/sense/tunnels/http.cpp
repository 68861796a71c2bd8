// HTTP in a tunnel: each request is recorded and answered by a small server without a site.
#include <algorithm>

#include "codec/http.hpp"
#include "sense/http_notes.hpp"
#include "sense/http_pages.hpp"
#include "sense/ssh_tunnel.hpp"

namespace noroshi::sense {
namespace {

/// As many as a common server answers on one connection.
constexpr auto kMaxRequests = 100;
constexpr auto kMaxBody = std::uint64_t{1} << 20;
constexpr auto kPersona = std::string_view{R"(
[http]
server = "nginx"
headers = ["Server", "Date", "Content-Type", "Content-Length", "Last-Modified", "Connection", "ETag", "Accept-Ranges"]
error_page = "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
[[http.pages]]
path = "/"
modified = "Mon, 22 Jan 2024 14:02:11 GMT"
etag = "{modified}-{size}"
body = """
<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>Home</title></head>
<body><p>It works.</p></body>
</html>
"""
)"};

auto pages() -> HttpPages const & {
  static auto const made = [] {
    auto const persona = Persona::parse("tunnel", kPersona);
    return *HttpPages::create(*persona);  // a constant, which a test reads
  }();
  return made;
}

class HttpTunnel final : public TunnelProtocol {
public:
  /// A method and what follows it.
  [[nodiscard]] auto fits(std::string_view first) const -> Fits override {
    constexpr auto kMaxMethod = std::size_t{16};
    auto const end = std::min(first.find(' '), first.size());
    auto const is_method = end > 0 && end <= kMaxMethod && std::ranges::all_of(first.substr(0, end), [](char letter) {
                             return letter >= 'A' && letter <= 'Z';
                           });
    if (!is_method) return Fits::no;
    if (end + 1 >= first.size()) return Fits::maybe;
    auto const next = first[end + 1];
    return next == '/' || next == '*' || first.substr(0, end) == "CONNECT" || first.substr(end + 1, 4) == "http"
               ? Fits::yes
           : std::string_view{"http"}.starts_with(first.substr(end + 1)) ? Fits::maybe
                                                                         : Fits::no;
  }

  auto take(std::string_view bytes, TunnelTarget const &target, SshReply &reply, Visit &visit) -> std::size_t override {
    auto rest = bytes;
    while (!rest.empty() && !reply.is_over && reply.output.size() < SshProgram::kPiece)
      if (!(in_body_ ? take_body(rest, target, reply, visit) : take_head(rest, target, reply, visit))) break;
    return bytes.size() - rest.size();
  }

  auto finish(TunnelTarget const &target, Visit &visit) -> bool override {
    if (in_body_) note(target, 0, visit);
    return has_noted_;
  }

private:
  /// False where more must come.
  auto take_head(std::string_view &rest, TunnelTarget const &target, SshReply &reply, Visit &visit) -> bool {
    auto const size = codec::http::head_size(rest, 0);
    if (!size && rest.size() <= codec::http::kMaxHead) return false;
    head_ = rest.substr(0, size.value_or(codec::http::kMaxHead));
    auto const head = codec::http::parse_head(head_);
    if (!size || !head) {
      note_no_request(visit, head_, size ? "no_request_line" : "head_too_large");
      has_noted_ = true;
      rest = {};
      return refuse(400, reply, visit);
    }
    rest.remove_prefix(*size);
    body_ = {};
    chunked_ = {};
    left_ = head->content_length.value_or(0);
    is_chunked_ = head->chunked;
    in_body_ = true;
    if (left_ > kMaxBody) return answer(target, reply, visit, 413);
    if (head->expects_continue) reply.output += "HTTP/1.1 100 Continue\r\n\r\n";
    return is_chunked_ || left_ > 0 || answer(target, reply, visit);
  }

  auto take_body(std::string_view &rest, TunnelTarget const &target, SshReply &reply, Visit &visit) -> bool {
    if (!is_chunked_) {
      auto const part = rest.substr(0, left_);
      body_.add(part);
      rest.remove_prefix(part.size());
      left_ -= part.size();
      return left_ > 0 || answer(target, reply, visit);
    }
    auto decoded = std::string{};
    body_.malformed = !chunked_.feed(rest, decoded);
    body_.add(decoded);
    if (body_.malformed) return answer(target, reply, visit, 400);
    if (body_.size > kMaxBody) return answer(target, reply, visit, 413);
    return !chunked_.done() || answer(target, reply, visit);
  }

  auto answer(TunnelTarget const &target, SshReply &reply, Visit &visit, unsigned refusal = 0) -> bool {
    auto const head = codec::http::parse_head(head_);
    auto const answer = refusal != 0 ? pages().refusal(refusal, visit.now(), HttpDoor::plain)
                                     : pages().answer(*head, visit.now(), HttpDoor::plain);
    note(target, answer.status, visit);
    reply.output += answer.bytes;
    reply.is_over = answer.close || ++requests_ >= kMaxRequests;
    return true;
  }

  auto refuse(unsigned status, SshReply &reply, Visit &visit) -> bool {
    reply.output += pages().refusal(status, visit.now(), HttpDoor::plain).bytes;
    reply.is_over = true;
    return true;
  }

  void note(TunnelTarget const &target, unsigned status, Visit &visit) {
    auto const head = codec::http::parse_head(head_);
    note_request(visit, *head, body_, status, {}, through(target));
    note_logins(visit, pages(), *head, body_);
    in_body_ = false;
    has_noted_ = true;
  }

  std::string head_;  // of the request that goes on
  HttpBody body_;
  codec::http::ChunkedBody chunked_;
  std::uint64_t left_ = 0;  // of its body
  int requests_ = 0;
  bool in_body_ = false, is_chunked_ = false, has_noted_ = false;
};

Registered<TunnelProtocol, HttpTunnel> const http{"http"};

}  // namespace
}  // namespace noroshi::sense
