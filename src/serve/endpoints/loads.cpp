// /api/v1/loads: indicators by the million. A load is begun, takes the bytes of a feed in parts, and is finished: then
// all of it is visible at once. One that is abandoned, or of which nothing comes for ten minutes, never was.
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"
#include "understand/feed_desk.hpp"

namespace noroshi::serve {
namespace {

namespace json = boost::json;

constexpr auto kMaxTags = std::size_t{32};
constexpr auto kMaxTag = std::size_t{200};
constexpr auto kLongestExpiry = std::int64_t{100} * 366 * 86'400;  // seconds

/// A member's word as what `parse` makes of it; nothing where it is absent.
template <class Parse>
auto word_member(json::object const &object, std::string_view name, Parse parse)
    -> Result<std::optional<typename decltype(parse(std::string_view{}))::value_type>> {
  TRY(auto const text, text_member(object, name, Presence::optional));
  if (text.empty()) return std::optional<typename decltype(parse(std::string_view{}))::value_type>{};
  TRY(auto const word, parse(text));
  return std::optional{word};
}

auto tags_of(json::object const &object) -> Result<std::vector<std::string>> {
  auto tags = std::vector<std::string>{};
  if (!object.contains("tags")) return tags;
  TRY(auto const *const list, list_member(object, "tags"));
  if (list->size() > kMaxTags)
    return fail(ErrorCode::too_large, "{} tags; at most {} are taken", list->size(), kMaxTags);
  for (auto const &item : *list) {
    if (!item.is_string() || item.get_string().size() > kMaxTag)
      return fail(ErrorCode::malformed, "a tag is a text of at most {} bytes", kMaxTag);
    tags.emplace_back(std::string_view{item.get_string()});
  }
  return tags;
}

auto order_of(std::string_view body) -> Result<understand::FeedOrder> {
  TRY(auto const document, parse_object(body, {"format", "source", "columns", "type", "role", "confidence", "tlp",
                                               "to_ids", "scope", "tags", "expires_s", "replace", "even_if_smaller"}));
  auto const &object = document.get_object();
  auto order = understand::FeedOrder{};
  TRY(order.format, text_member(object, "format", Presence::required));
  TRY(order.source, text_member(object, "source", Presence::required));
  TRY(order.columns, text_member(object, "columns", Presence::optional));
  TRY(order.type, word_member(object, "type", model::parse_value_type));
  TRY(order.role, word_member(object, "role", model::parse_role));
  TRY(order.tlp, word_member(object, "tlp", model::parse_tlp));
  TRY(order.scope, word_member(object, "scope", model::parse_scope));
  TRY(auto const confidence, number_member(object, "confidence", 0, 100, -1));
  if (confidence >= 0) order.confidence = static_cast<std::uint8_t>(confidence);
  if (object.contains("to_ids")) {
    TRY(order.to_ids, flag_member(object, "to_ids", false));
  }
  TRY(order.tags, tags_of(object));
  TRY(auto const expires, number_member(object, "expires_s", 1, kLongestExpiry, 0));
  if (expires > 0) order.expires = std::chrono::seconds{expires};
  TRY(auto const replace, flag_member(object, "replace", false));
  if (replace) order.older = understand::OlderEntries::replaced;
  TRY(order.even_if_smaller, flag_member(object, "even_if_smaller", false));
  return order;
}

void write_tally(codec::JsonWriter &out, std::string_view name, understand::Tally const &tally) {
  out.member(name, tally.count()).key(fmt::format("{}_reasons", name)).begin_array();
  for (auto const &[reason, counted] : tally.reasons()) {
    out.begin_object().member("reason", reason).member("count", counted.count).key("examples").begin_array();
    for (auto const &example : counted.examples)
      out.begin_object()
          .member("file", example.file)
          .member("line", example.line)
          .member("text", example.text)
          .member("sentence", example.sentence)
          .end_object();
    out.end_array().end_object();
  }
  out.end_array();
}

auto body_of(understand::FeedOutcome const &outcome) -> std::string {
  auto body = std::string{};
  auto out = codec::JsonWriter{body};
  out.begin_object()
      .member("format", outcome.format)
      .member("source", outcome.source)
      .member("files", outcome.files)
      .member("bytes", outcome.bytes)
      .member("lines", outcome.lines)
      .member("comments", outcome.comments)
      .member("values", outcome.values)
      .member("indicators", outcome.indicators)
      .member("reports", outcome.reports);
  out.key("types").begin_array();
  for (auto const &[type, count] : outcome.types)
    out.begin_object().member("type", to_string(type)).member("values", count).end_object();
  out.end_array();
  write_tally(out, "refused", outcome.refused);
  write_tally(out, "left_out", outcome.left_out);
  write_tally(out, "changed", outcome.changed);
  out.end_object();
  return body;
}

/// What the four have in common: who may, and where the desk is.
class LoadEndpoint : public Endpoint {
public:
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_write_reports(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    if (call.services.feeds == nullptr) return fail(ErrorCode::unavailable, "this node takes no feeds");
    return answer_at(*call.services.feeds, call);
  }

private:
  virtual auto answer_at(understand::FeedDesk &desk, Call const &call) -> Result<net::HttpResponse> = 0;
};

class BeginLoad final : public LoadEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {
        .summary = "Begin to load a feed of indicators", .request = "NewLoad", .answer = "BegunLoad", .status = 201};
  }

private:
  auto answer_at(understand::FeedDesk &desk, Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto order, order_of(call.request.body));
    TRY(auto const id, desk.begin(std::move(order), call.viewer));
    auto body = std::string{};
    codec::JsonWriter{body}.begin_object().member("load", id).end_object();
    return json_reply(std::move(body), 201);
  }
};

class TakePart final : public LoadEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "The next part of a load: bytes of one of the feed's files",
            .parameters = {{"id", In::path, kText, "the load's id"},
                           {"part", In::query, kNumber, "parts count from 0; they come in order", true},
                           {"file", In::query, kText, "the file's name; given, these are its first bytes"},
                           {"end", In::query, kNumber, "1: these are the file's last bytes"}},
            .request = "FeedBytes",
            .request_type = "application/octet-stream",
            .answer = "LoadOutcome"};
  }

private:
  auto answer_at(understand::FeedDesk &desk, Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const number, parse_number("part", call.request.parameter("part")));
    auto const file = call.request.parameter("file");
    TRY(auto const outcome, desk.take(call.arguments[0],
                                      {.number = number,
                                       .file = file,
                                       .begins_file = !file.empty(),
                                       .ends_file = call.request.parameter("end") == "1",
                                       .bytes = call.request.body},
                                      call.viewer));
    return json_reply(body_of(outcome));
  }
};

class FinishLoad final : public LoadEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Make all of a load visible at once",
            .parameters = {{"id", In::path, kText, "the load's id"}},
            .answer = "LoadOutcome"};
  }

private:
  auto answer_at(understand::FeedDesk &desk, Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const outcome, desk.finish(call.arguments[0], call.viewer));
    return json_reply(body_of(outcome));
  }
};

class AbandonLoad final : public LoadEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Give a load up; nothing of it was ever visible",
            .parameters = {{"id", In::path, kText, "the load's id"}},
            .answer = "Empty"};
  }

private:
  auto answer_at(understand::FeedDesk &desk, Call const &call) -> Result<net::HttpResponse> override {
    TRY_VOID(desk.abandon(call.arguments[0], call.viewer));
    return json_reply("{}");
  }
};

Registered<Endpoint, BeginLoad> const begin_load{"POST /api/v1/loads"};
Registered<Endpoint, TakePart> const take_part{"POST /api/v1/loads/{id}/parts"};
Registered<Endpoint, FinishLoad> const finish_load{"POST /api/v1/loads/{id}/finish"};
Registered<Endpoint, AbandonLoad> const abandon_load{"POST /api/v1/loads/{id}/abandon"};

}  // namespace
}  // namespace noroshi::serve
