// GET /feeds/{name}: block lists for firewalls, resolvers and proxies. Whoever has the list already gets 304 (RFC 9110,
// section 13).
#include "search/show_parts.hpp"
#include "serve/lists.hpp"
#include "share/feed.hpp"

namespace noroshi::serve {
namespace {

ConfigKey<bool> const public_feeds{
    "feeds.public", "false", "",
    "serve the public- lists: what one's own decoys saw, without marking, to every holder of a key"};

/// "Sun, 22 Nov 2026 09:30:00 GMT" (RFC 9110, section 5.6.7), to the second.
auto http_date(Time time) -> std::string {
  static constexpr auto kDays = std::array{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr auto kMonths =
      std::array{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto const day = day_of(time);
  auto const date = std::chrono::year_month_day{day};
  auto const clock = std::chrono::hh_mm_ss{std::chrono::floor<std::chrono::seconds>(time - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(std::chrono::weekday{day}.c_encoding()),
                     static_cast<unsigned>(date.day()), kMonths.at(static_cast<unsigned>(date.month()) - 1),
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

/// If-None-Match: a list of tags, weak ones compared without their mark, or a star.
auto has_it(std::string_view tags, std::string_view etag) -> bool {
  if (tags == "*") return true;
  while (!tags.empty()) {
    auto one = tags.substr(0, tags.find(','));
    tags.remove_prefix(std::min(one.size() + 1, tags.size()));
    while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag) return true;
  }
  return false;
}

class Feeds final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "A block list, with ETag; the key may come as the password of HTTP Basic",
            .parameters = {{"name", In::path, kText, "a list and its format, such as inbound-ips.txt"}},
            .answer = "Anything",
            .answer_type = "*/*"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const name, share::parse_feed_name(call.arguments[0]));
    if (name.audience == share::Audience::open && !call.services.config.get(public_feeds))
      return fail(ErrorCode::not_found, "public lists are off on this node: feeds.public");
    TRY(auto const feed, cache_.get(name, search::home_name(call.services.catalogue), rules_of(call.services),
                                    call.services.indicators, call.viewer, call.services.clock));
    auto response = net::HttpResponse{};
    response.content_type = feed->content_type;
    response.headers.emplace_back("ETag", feed->etag);
    response.headers.emplace_back("Last-Modified", http_date(feed->modified));
    // Kept by the client, but asked about each time: what is blocked must be of this minute.
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    auto const tags = call.request.header("if-none-match");
    // The date counts only where no tag is sent (RFC 9110, section 13.1.3); ours is compared as it was given out.
    auto const unchanged =
        tags.empty() ? call.request.header("if-modified-since") == http_date(feed->modified) : has_it(tags, feed->etag);
    if (unchanged)
      response.status = 304;
    else
      response.body = feed->body;
    return response;
  }

private:
  share::FeedCache cache_;
};

Registered<Endpoint, Feeds> const feeds{"GET /feeds/{name}"};

}  // namespace
}  // namespace noroshi::serve
