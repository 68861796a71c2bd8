// /api/v1/reports: what analysts write down. A report is taken whole or not at all, and withdrawn as exactly as added.
#include "base/text.hpp"
#include "model/usual_direction.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/paging.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

namespace json = boost::json;

constexpr auto kMaxTags = std::size_t{32};      // of one value
constexpr auto kMaxProblems = std::size_t{10};  // malformed values that an answer quotes
constexpr auto kMaxQuoted = std::size_t{120};   // bytes of each

auto tags_member(json::object const &object) -> Result<std::vector<std::string>> {
  auto tags = std::vector<std::string>{};
  if (!object.contains("tags")) return tags;
  TRY(auto const *const list, list_member(object, "tags"));
  if (list->size() > kMaxTags)
    return fail(ErrorCode::too_large, "{} tags on one value, at most {} are taken", list->size(), kMaxTags);
  for (auto const &item : *list) {
    if (!item.is_string() || item.get_string().size() > 200)
      return fail(ErrorCode::malformed, "a tag is a text of at most 200 bytes");
    tags.emplace_back(std::string_view{item.get_string()});
  }
  std::ranges::sort(tags);
  tags.erase(std::ranges::unique(tags).begin(), tags.end());
  return tags;
}

/// The context that `object` describes, over what `usual` says.
auto context_of(json::object const &object, model::Context usual) -> Result<model::Context> {
  TRY(auto const role, text_member(object, "role", Presence::optional));
  if (!role.empty()) {
    TRY(usual.role, model::parse_role(role));
    usual.direction = model::usual_direction(usual.role);
  }
  TRY(auto const tlp, text_member(object, "tlp", Presence::optional));
  if (!tlp.empty()) {
    TRY(usual.tlp, model::parse_tlp(tlp));
  }
  TRY(auto const scope, text_member(object, "scope", Presence::optional));
  if (!scope.empty()) {
    TRY(usual.scope, model::parse_scope(scope));
  }
  TRY(auto const confidence, number_member(object, "confidence", 0, 100, usual.confidence));
  usual.confidence = static_cast<std::uint8_t>(confidence);
  TRY(usual.to_ids, flag_member(object, "to_ids", usual.to_ids));
  TRY(auto const seen, time_member(object, "seen"));
  if (seen) usual.first_seen = usual.last_seen = *seen;
  TRY(auto const expires, time_member(object, "expires"));
  if (expires) usual.expiry = expires;
  if (object.contains("tags")) {
    TRY(usual.tags, tags_member(object));
  }
  return usual;
}

auto write_of(json::value const &entry, model::Context const &usual) -> Result<model::IndicatorWrite> {
  if (entry.is_string()) {
    TRY(auto value, model::parse_value(entry.get_string()));
    return model::IndicatorWrite{std::move(value), usual};
  }
  if (!entry.is_object()) return fail(ErrorCode::malformed, "a value is a text, or an object with \"value\"");
  auto const &object = entry.get_object();
  TRY_VOID(check_members(object, {"value", "role", "tlp", "scope", "confidence", "to_ids", "seen", "expires", "tags"}));
  TRY(auto const text, text_member(object, "value", Presence::required, model::kMaxValueBytes));
  TRY(auto value, model::parse_value(text));
  TRY(auto context, context_of(object, usual));
  return model::IndicatorWrite{std::move(value), std::move(context)};
}

/// All values, or an error that quotes those that are malformed, so that they can be mended in one go.
auto writes_of(json::array const &list, model::Context const &usual) -> Result<std::vector<model::IndicatorWrite>> {
  auto writes = std::vector<model::IndicatorWrite>{};
  auto problems = std::string{};
  auto wrong = std::size_t{0};
  for (auto i = std::size_t{0}; i < list.size(); ++i) {
    auto write = write_of(list[i], usual);
    if (write) {
      writes.push_back(*std::move(write));
    } else if (++wrong <= kMaxProblems) {
      auto const quoted = list[i].is_string() ? std::string_view{list[i].get_string()} : std::string_view{"(object)"};
      problems += fmt::format("\n  {}: {}: {}", i + 1, printable(quoted.substr(0, kMaxQuoted)), write.error().sentence);
    }
  }
  if (wrong > 0)
    return fail(ErrorCode::malformed, "{} of {} values cannot be read; nothing was stored:{}{}", wrong, list.size(),
                problems, wrong > kMaxProblems ? "\n  …" : "");
  return writes;
}

void write(codec::JsonWriter &out, model::Report const &report, std::string_view source) {
  out.begin_object().member("id", report.id.number).member("source", source).member("title", report.title);
  out.member("created", report.created).member("withdrawn", report.withdrawn);
}

class ListReports final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Reports, the newest first", .parameters = paging_parameters(), .answer = "Reports"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const page, page_of(call.request));
    TRY(auto reports, call.services.catalogue.reports(with_one_more(page), call.viewer));
    auto const next = cut_page(reports, page, [](auto const &report) { return report.id.number; });
    auto body = std::string{};
    auto out = codec::JsonWriter{body};
    out.begin_object().key("reports").begin_array();
    for (auto const &report : reports) {
      auto const source = call.services.catalogue.source(report.source);
      write(out, report, source ? source->name : std::string{});
      out.end_object();
    }
    out.end_array().member("next", next).end_object();
    return json_reply(std::move(body));
  }
};

class AddReport final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Write a report: values and what is known of them",
            .request = "NewReport",
            .answer = "AddedReport",
            .status = 201};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_write_reports(); }

  /// {title, source?, values[], and what holds for all values: role, tlp, confidence, …}
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const document, parse_object(call.request.body, {"title", "source", "values", "role", "tlp", "scope",
                                                              "confidence", "to_ids", "seen", "expires", "tags"}));
    auto const &object = document.get_object();
    TRY(auto const title, text_member(object, "title", Presence::required));
    TRY(auto source, text_member(object, "source", Presence::optional));
    if (source.empty()) source = "analyst/" + call.viewer.name;
    TRY(auto const *const list, list_member(object, "values"));
    auto usual = model::Context{};
    usual.first_seen = usual.last_seen = call.services.clock.now();
    usual.collected_by = model::CollectedBy::report;
    // An analyst vouches for it; only what attackers typed is "claimed".
    usual.evidence = model::Evidence::observed;
    TRY(usual, context_of(object, std::move(usual)));
    TRY(auto const writes, writes_of(*list, usual));
    TRY(auto const report, call.services.catalogue.add_report(source, title, writes, call.viewer));
    TRY_VOID(call.services.apply_changes());
    auto body = std::string{};
    auto out = codec::JsonWriter{body};
    write(out, report, source);
    out.member("values", writes.size()).end_object();
    return json_reply(std::move(body), 201);
  }
};

class WithdrawReport final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Withdraw a report and all it said",
            .parameters = {{"id", In::path, kNumber, "the report's number"}},
            .answer = "Empty"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_write_reports(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const id, parse_number("a report's number", call.arguments[0]));
    TRY_VOID(call.services.catalogue.withdraw_report({static_cast<std::int64_t>(id)}, call.viewer));
    TRY_VOID(call.services.apply_changes());
    return json_reply("{}");
  }
};

Registered<Endpoint, ListReports> const list_reports{"GET /api/v1/reports"};
Registered<Endpoint, AddReport> const add_report{"POST /api/v1/reports"};
Registered<Endpoint, WithdrawReport> const withdraw_report{"POST /api/v1/reports/{id}/withdraw"};

}  // namespace
}  // namespace noroshi::serve
