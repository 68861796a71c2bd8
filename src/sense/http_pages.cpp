#include "sense/http_pages.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace noroshi::sense {
namespace {

using codec::http::Problem;
using codec::http::RequestHead;

constexpr auto kHeaders = std::to_array<std::string_view>(
    {"Server", "Date", "Content-Type", "Content-Length", "Last-Modified", "Connection", "ETag", "Accept-Ranges"});

/// As many hexadecimal digits as common servers' session ids have, and as a machine's label has.
constexpr auto kCookieDigits = std::size_t{32};
constexpr auto kSerialDigits = std::size_t{8};

/// RFC 9110 section 15, as far as these pages use it.
auto reason(unsigned status) -> std::string_view {
  switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
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

/// Seconds since 1970 of such a date; nothing where it is none.
auto seconds_of(std::string const &date) -> std::optional<std::time_t> {
  auto parts = std::tm{};
  auto const *const end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
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
    TRY(auto page, read_page(persona, key("body"), fmt::format("http.pages.{}.", i)));
    page.type = persona.text(key("type"), "text/html");
    page.modified = persona.text(key("modified"), "");
    page.etag = persona.text(key("etag"), "");
    // As servers make it of a file: who compares it with the page finds no contradiction.
    auto const seconds = seconds_of(page.modified);
    if (!page.modified.empty() && !seconds)
      return fail(ErrorCode::malformed, "persona {}: {} = \"{}\" is no date like \"Sun, 06 Nov 1994 08:49:37 GMT\"",
                  persona.name(), key("modified"), page.modified);
    replace_all(page.etag, "{modified}", fmt::format("{:x}", seconds.value_or(0)));
    replace_all(page.etag, "{size}", fmt::format("{:x}", page.body.size()));
    if (!path.starts_with('/') || page.body.empty())
      return fail(ErrorCode::malformed, "persona {}: http.pages.{} needs a path that begins with / and a body",
                  persona.name(), i);
    made.pages_.insert_or_assign(path, std::move(page));
  }
  made.login_ = {persona.text("http.login.path", ""), persona.text("http.login.user_field", "username"),
                 persona.text("http.login.password_field", "password")};
  TRY(made.login_failed_, read_page(persona, "http.login.failed_page", "http.login.failed_"));
  made.extra_ = persona.list("http.extra");
  made.secret_ = persona.secret();
  return made;
}

/// Body, status and header lines; a status that its reason is not known for would be sent with a wrong one.
auto HttpPages::read_page(Persona const &persona, std::string_view key, std::string_view prefix) -> Result<Page> {
  auto page = Page{"text/html", "", "", persona.text(key, "")};
  replace_all(page.body, "{host}", persona.text("host.name", "localhost"));
  replace_all(page.body, "{serial}", persona.keyed_hex("serial", kSerialDigits));
  TRY(auto const status, persona.number(fmt::format("{}status", prefix), 200));
  constexpr auto kStatuses = std::to_array<std::int64_t>({200, 301, 302, 303, 307, 401, 403, 404});
  if (std::ranges::find(kStatuses, status) == kStatuses.end())
    return fail(ErrorCode::malformed, "persona {}: {}status = {}; known are {}", persona.name(), prefix, status,
                fmt::join(kStatuses, ", "));
  page.status = static_cast<unsigned>(status);
  page.extra = persona.list(fmt::format("{}extra", prefix));
  return page;
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
  if (!login_.path.empty() && path == login_.path && request.method == "POST")
    return answer_with(login_failed_.status, login_failed_);
  if (!known_method(request.method)) return answer_with(405, error_page(405, error_template_));
  auto const page = pages_.find(path);
  if (page == pages_.end()) return answer_with(404, error_page(404, error_template_));
  if (request.method != "GET" && request.method != "HEAD") return answer_with(405, error_page(405, error_template_));
  return answer_with(page->second.status, page->second);
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
  write_extra(bytes, page.extra, now);
  write_extra(bytes, extra_, now);
  bytes += "\r\n";
  if (!form.head_only) bytes += page.body;
  return bytes;
}

void HttpPages::write_extra(std::string &bytes, std::vector<std::string> const &lines, Time now) const {
  for (auto line : lines) {
    if (line.find("{cookie}") != std::string::npos)
      replace_all(line, "{cookie}",
                  secret_.hex(fmt::format("cookie {}", now.time_since_epoch().count()), kCookieDigits));
    bytes += line;
    bytes += "\r\n";
  }
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
