#include "sense/http_pages.hpp"

#include <algorithm>
#include <array>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace noroshi::sense {
namespace {

using codec::http::Problem;
using codec::http::RequestHead;

constexpr auto kHeaders = std::to_array<std::string_view>(
    {"Server", "Date", "Content-Type", "Content-Length", "Last-Modified", "Connection", "ETag", "Accept-Ranges"});

/// RFC 9110 section 15, as far as these pages use it.
auto reason(unsigned status) -> std::string_view {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Not Allowed";  // sic: several servers say this instead of "Method Not Allowed"
    case 413: return "Request Entity Too Large";
    case 414: return "Request-URI Too Large";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

/// RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
auto http_date(Time time) -> std::string {
  auto const seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

void replace_all(std::string &text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Exploits write "/./" and "//" to slip past filters; servers merge them.
auto normal_path(std::string_view path) -> std::string {
  auto normal = std::string{path};
  replace_all(normal, "/./", "/");
  replace_all(normal, "//", "/");
  return normal;
}

auto known_method(std::string_view method) -> bool {
  constexpr auto kMethods = std::to_array<std::string_view>({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH",
                                                             "TRACE", "CONNECT", "PROPFIND", "MKCOL", "MOVE", "COPY"});
  return std::ranges::find(kMethods, method) != kMethods.end();
}

/// What a strict server answers with 400.
auto is_bad(RequestHead const &request) -> bool {
  return request.has(Problem::bad_method) || request.has(Problem::no_host) || request.has(Problem::two_hosts) ||
         request.has(Problem::bad_length) || request.has(Problem::length_and_chunked) ||
         request.has(Problem::null_byte) || request.has(Problem::bad_target);
}

}  // namespace

auto HttpPages::create(Persona const &persona) -> Result<HttpPages> {
  auto made = HttpPages{};
  made.server_ = persona.text("http.server", "");
  made.error_template_ = persona.text("http.error_page", "<h1>{status} {reason}</h1>\n");
  made.plain_at_tls_template_ = persona.text("tls.plain_http_page", made.error_template_);
  TRY(made.plain_at_tls_, wrong_door(persona, "tls.plain_http"));
  TRY(made.tls_at_plain_, wrong_door(persona, "http.tls_hello"));
  made.header_order_ = persona.list("http.headers");
  if (made.header_order_.empty()) made.header_order_.assign(kHeaders.begin(), kHeaders.end());
  for (auto const &header : made.header_order_)
    if (std::ranges::find(kHeaders, header) == kHeaders.end())
      return fail(ErrorCode::malformed, "persona {}: http.headers has \"{}\"; known are {}", persona.name(), header,
                  fmt::join(kHeaders, ", "));
  for (auto i = std::size_t{0}; i < persona.count("http.pages"); ++i) {
    auto const key = [i](std::string_view name) { return fmt::format("http.pages.{}.{}", i, name); };
    auto const path = persona.text(key("path"), "");
    auto page = Page{persona.text(key("type"), "text/html"), persona.text(key("modified"), ""),
                     persona.text(key("etag"), ""), persona.text(key("body"), "")};
    if (!path.starts_with('/') || page.body.empty())
      return fail(ErrorCode::malformed, "persona {}: http.pages.{} needs a path that begins with / and a body",
                  persona.name(), i);
    made.pages_.insert_or_assign(path, std::move(page));
  }
  made.login_ = {persona.text("http.login.path", ""), persona.text("http.login.user_field", "username"),
                 persona.text("http.login.password_field", "password")};
  made.login_failed_ = {"text/html", "", "", persona.text("http.login.failed_page", "")};
  return made;
}

auto HttpPages::wrong_door(Persona const &persona, std::string_view key) -> Result<Wrong> {
  auto const word = persona.text(key, "page");
  if (word != "page" && word != "close")
    return fail(ErrorCode::malformed, "persona {}: {} = \"{}\"; write page or close", persona.name(), key, word);
  return word == "page" ? Wrong::page : Wrong::close;
}

auto HttpPages::answer(RequestHead const &request, Time now, HttpDoor door) const -> Answer {
  if (is_bad(request)) return refusal(400, now, door);
  if (request.has(Problem::bad_version)) return refusal(505, now, door);
  if (door == HttpDoor::plain_at_tls) {
    if (plain_at_tls_ == Wrong::close) return refusal(400, now, door);
    auto const form_here = Form{request.method == "HEAD", true, request.minor_version == 9};
    return {400, write(400, error_page(400, plain_at_tls_template_), form_here, now), true};
  }
  auto const form = Form{request.method == "HEAD", !request.keep_alive, request.minor_version == 9};
  auto const answer_with = [&](unsigned status, Page const &page) {
    return Answer{status, write(status, page, form, now), form.close};
  };
  auto const path = normal_path(request.path);
  if (!login_.path.empty() && path == login_.path && request.method == "POST") return answer_with(200, login_failed_);
  if (!known_method(request.method)) return answer_with(405, error_page(405, error_template_));
  auto const page = pages_.find(path);
  if (page == pages_.end()) return answer_with(404, error_page(404, error_template_));
  if (request.method != "GET" && request.method != "HEAD") return answer_with(405, error_page(405, error_template_));
  return answer_with(200, page->second);
}

auto HttpPages::refusal(unsigned status, Time now, HttpDoor door) const -> Answer {
  if (door == HttpDoor::plain_at_tls && plain_at_tls_ == Wrong::close) return {0, {}, true};
  return {status, write(status, error_page(status, error_template_), {false, true, false}, now), true};
}

auto HttpPages::answer_to_tls(Time now) const -> Answer {
  if (tls_at_plain_ == Wrong::close) return {0, {}, true};
  return refusal(400, now, HttpDoor::plain);
}

auto HttpPages::error_page(unsigned status, std::string_view page) const -> Page {
  auto body = std::string{page};
  replace_all(body, "{status}", fmt::format("{}", status));
  replace_all(body, "{reason}", reason(status));
  replace_all(body, "{server}", server_);
  return {"text/html", "", "", std::move(body)};
}

auto HttpPages::write(unsigned status, Page const &page, Form form, Time now) const -> std::string {
  if (form.bare) return page.body;
  auto bytes = fmt::format("HTTP/1.1 {} {}\r\n", status, reason(status));
  for (auto const &header : header_order_)
    if (auto const value = value_of(header, page, form, now); !value.empty())
      fmt::format_to(std::back_inserter(bytes), "{}: {}\r\n", header, value);
  bytes += "\r\n";
  if (!form.head_only) bytes += page.body;
  return bytes;
}

auto HttpPages::value_of(std::string_view header, Page const &page, Form form, Time now) const -> std::string {
  if (header == "Server") return server_;
  if (header == "Date") return http_date(now);
  if (header == "Content-Type") return page.type;
  if (header == "Content-Length") return fmt::format("{}", page.body.size());
  if (header == "Connection") return form.close ? "close" : "keep-alive";
  if (header == "Last-Modified") return page.modified;
  if (header == "ETag") return page.etag.empty() ? std::string{} : fmt::format("\"{}\"", page.etag);
  return page.modified.empty() ? std::string{} : "bytes";  // Accept-Ranges: files only
}

}  // namespace noroshi::sense
