#include "net/fetch.hpp"

#include <algorithm>
#include <array>

#include "net/web.hpp"

namespace noroshi::net {
namespace {

constexpr auto kMaxRedirects = 3;
constexpr auto kMoved = std::array{301U, 302U, 303U, 307U, 308U};  // RFC 9110 section 15.4

auto request_for(FetchOptions const &options) -> WebRequest {
  auto request = WebRequest{};
  request.headers.emplace_back("Accept", "*/*");
  if (!options.known.etag.empty()) request.headers.emplace_back("If-None-Match", options.known.etag);
  if (!options.known.last_modified.empty())
    request.headers.emplace_back("If-Modified-Since", options.known.last_modified);
  request.max_answer_bytes = options.max_bytes;
  request.until = std::chrono::steady_clock::now() + options.deadline;
  return request;
}

auto header_of(HttpResponse const &answer, std::string_view name) -> std::string {
  auto const found = std::ranges::find(answer.headers, name, &HttpFields::value_type::first);
  return found == answer.headers.end() ? std::string{} : found->second;
}

auto next_url(WebUrl const &from, std::string_view location) -> Result<WebUrl> {
  if (location.starts_with('/') && !location.starts_with("//")) {
    auto next = from;
    next.path = location;
    return next;
  }
  TRY(auto next, parse_web_url(location));
  if (from.secure && !next.secure)
    return fail(ErrorCode::unavailable, "{} sends from https to http, which is not followed", from.host);
  return next;
}

}  // namespace

auto fetch(std::string const &url, FetchOptions const &options) -> Result<Fetched> {
  TRY(auto place, parse_web_url(url));
  auto const request = request_for(options);
  for (auto redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    TRY(auto answer, ask_web(place, request));
    if (answer.status == 304) return Fetched{true, {}, options.known};
    if (answer.status == 200)
      return Fetched{false, std::move(answer.body), {header_of(answer, "etag"), header_of(answer, "last-modified")}};
    if (std::ranges::find(kMoved, answer.status) == kMoved.end())
      return fail(ErrorCode::unavailable, "{} answered with status {}", place.host, answer.status);
    TRY(place, next_url(place, header_of(answer, "location")));
  }
  return fail(ErrorCode::unavailable, "{} redirects more than {} times", place.host, kMaxRedirects);
}

}  // namespace noroshi::net
