// /api/v1/watches: standing questions. Every new indicator and observation is checked against them; a new one is asked
// against what is known already, too.
#include <algorithm>

#include <boost/json/array.hpp>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "model/domain_names.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/paging.hpp"
#include "serve/reply.hpp"
#include "understand/webhooks.hpp"

namespace noroshi::serve {
namespace {

namespace json = boost::json;

constexpr auto kMaxProblems = std::size_t{10};     // malformed values that an answer quotes
constexpr auto kMaxQuoted = std::size_t{120};      // bytes of each
constexpr auto kShownValues = std::size_t{1'000};  // of one watch in one answer
// Wider blocks are a part of the internet, not a question: a /8 is the largest that was ever given to one owner.
constexpr auto kWidestV4 = 8U;
constexpr auto kWidestV6 = 16U;

/// Refuses what nearly everything would answer.
auto check_width(model::Value const &value) -> Result<void> {
  if (value.type == model::ValueType::cidr) {
    TRY(auto const block, model::IpPrefix::parse(value.text));
    auto const widest = block.address().is_v4() ? kWidestV4 : kWidestV6;
    if (block.length() < widest)
      return fail(ErrorCode::malformed,
                  "{} is so wide that nearly everything would answer it; watch for a /{} or smaller", value.text,
                  widest);
  }
  if (value.type == model::ValueType::domain && model::registrable_domain(value.text).empty())
    return fail(
        ErrorCode::malformed,
        "{} is a public suffix, below which anyone may register: everything would answer it; watch for a name below",
        value.text);
  return ok;
}

auto value_of(json::value const &entry) -> Result<model::Value> {
  if (!entry.is_string()) return fail(ErrorCode::malformed, "a value is a text");
  TRY(auto value, model::parse_value(entry.get_string()));
  TRY_VOID(check_width(value));
  return value;
}

auto values_of(json::object const &object) -> Result<std::vector<model::Value>> {
  auto values = std::vector<model::Value>{};
  if (!object.contains("values")) return values;
  TRY(auto const *const list, list_member(object, "values"));
  if (list->size() > model::kMaxValuesOfWatch)
    return fail(ErrorCode::too_large, "more than {} values in one watch; make several", model::kMaxValuesOfWatch);
  values.reserve(list->size());
  auto problems = std::string{};
  auto wrong = std::size_t{0};
  for (auto i = std::size_t{0}; i < list->size(); ++i) {
    auto value = value_of((*list)[i]);
    if (value) {
      values.push_back(*std::move(value));
    } else if (++wrong <= kMaxProblems) {
      auto const quoted =
          (*list)[i].is_string() ? std::string_view{(*list)[i].get_string()} : std::string_view{"(no text)"};
      problems += fmt::format("\n  {}: {}: {}", i + 1, printable(quoted.substr(0, kMaxQuoted)), value.error().sentence);
    }
  }
  if (wrong > 0)
    return fail(ErrorCode::malformed, "{} of {} values cannot be watched for; nothing was stored:{}{}", wrong,
                list->size(), problems, wrong > kMaxProblems ? "\n  …" : "");
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  return values;
}

void write(codec::JsonWriter &out, model::Watch const &watch) {
  out.begin_object().member("id", watch.id.number);
  out.key("owner");
  watch.owner ? out.value(watch.owner_name) : out.value(nullptr);
  out.member("about", to_string(watch.about)).member("note", watch.note).member("tlp", to_string(watch.tlp));
  out.member("created", watch.created).member("until", watch.until).member("values", watch.values);
  out.member("answers", watch.answered).member("left_out", watch.left_out).member("hunting", watch.hunting);
  out.key("webhook");
  if (watch.webhook.empty()) {
    out.value(nullptr);
    return;
  }
  out.begin_object().member("url", watch.webhook).member("delivered", watch.delivered);
  out.member("failures", watch.failures).member("trouble", watch.trouble).end_object();
}

auto id_of(Call const &call) -> Result<model::WatchId> {
  TRY(auto const id, parse_number("a watch's number", call.arguments[0]));
  return model::WatchId{static_cast<std::int64_t>(id)};
}

class WatchEndpoint : public Endpoint {
public:
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
};

class ListWatches final : public WatchEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Standing questions, the newest first", .parameters = paging_parameters(), .answer = "Watches"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const page, page_of(call.request));
    TRY(auto watches, call.services.watcher->book().watches(with_one_more(page), call.viewer));
    auto const next = cut_page(watches, page, [](auto const &watch) { return watch.id.number; });
    auto body = std::string{};
    auto out = codec::JsonWriter{body};
    out.begin_object().key("watches").begin_array();
    for (auto const &watch : watches) {
      write(out, watch);
      out.end_object();
    }
    out.end_array().member("next", next).end_object();
    return json_reply(std::move(body));
  }
};

class AddWatch final : public WatchEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Ask about values from now on, and about what is known of them already",
            .request = "NewWatch",
            .answer = "AddedWatch",
            .status = 201};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document,
        parse_object(call.request.body, {"values", "about", "note", "tlp", "until", "webhook", "past"}));
    auto const &object = document.get_object();
    TRY(auto const values, values_of(object));
    auto watch = model::NewWatch{};
    TRY(auto const about, text_member(object, "about", Presence::optional));
    if (about == "indicators")
      watch.about = model::WatchAbout::indicators;
    else if (!about.empty() && about != "values")
      return fail(ErrorCode::malformed, "\"about\" is values or indicators, not \"{}\"",
                  printable(about.substr(0, 40)));
    watch.values = values;
    TRY(watch.note, text_member(object, "note", Presence::optional));
    TRY(auto const tlp, text_member(object, "tlp", Presence::optional));
    if (!tlp.empty()) {
      TRY(watch.tlp, model::parse_tlp(tlp));
    }
    TRY(watch.until, time_member(object, "until"));
    TRY(watch.webhook, text_member(object, "webhook", Presence::optional));
    if (!watch.webhook.empty()) TRY_VOID(understand::check_webhook(watch.webhook, call.services.config));
    TRY(watch.past, flag_member(object, "past", true));
    auto &watcher = *call.services.watcher;
    TRY(auto const added, watcher.book().add(watch, call.viewer));
    TRY_VOID(watcher.refresh());
    auto body = std::string{};
    auto out = codec::JsonWriter{body};
    write(out, added.watch);
    out.key("webhook_secret");
    added.webhook_secret.empty() ? out.value(nullptr) : out.value(to_hex(added.webhook_secret));
    out.end_object();
    return json_reply(std::move(body), 201);
  }
};

class ShowWatch final : public WatchEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "One standing question, with the values it is about",
            .parameters = {{"id", In::path, kNumber, "the watch's number"},
                           {"after", In::query, kText, "values behind this one (the `next` of the answer before)"}},
            .answer = "WatchPage"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const id, id_of(call));
    auto after = model::Value{};
    if (auto const text = call.request.parameter("after"); !text.empty()) {
      TRY(after, model::parse_value(text));
    }
    auto &book = call.services.watcher->book();
    TRY(auto const watch, book.watch(id, call.viewer));
    TRY(auto const values, book.values(id, after, kShownValues, call.viewer));
    auto body = std::string{};
    auto out = codec::JsonWriter{body};
    out.begin_object().key("watch");
    write(out, watch);
    out.end_object().key("values").begin_array();
    for (auto const &value : values)
      out.begin_object().member("value", value.text).member("type", to_string(value.type)).end_object();
    out.end_array().key("next");
    values.size() == kShownValues ? out.value(model::to_text(values.back())) : out.value(nullptr);
    out.end_object();
    return json_reply(std::move(body));
  }
};

class RemoveWatch final : public WatchEndpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Stop asking; its answers go with it",
            .parameters = {{"id", In::path, kNumber, "the watch's number"}},
            .answer = "Empty"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const id, id_of(call));
    TRY_VOID(call.services.watcher->book().remove(id, call.viewer));
    TRY_VOID(call.services.watcher->refresh());
    return json_reply("{}");
  }
};

Registered<Endpoint, ListWatches> const list_watches{"GET /api/v1/watches"};
Registered<Endpoint, AddWatch> const add_watch{"POST /api/v1/watches"};
Registered<Endpoint, ShowWatch> const show_watch{"GET /api/v1/watches/{id}"};
Registered<Endpoint, RemoveWatch> const remove_watch{"POST /api/v1/watches/{id}/remove"};

}  // namespace
}  // namespace noroshi::serve
