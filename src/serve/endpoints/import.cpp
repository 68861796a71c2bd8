// POST /api/v1/import[?reader=NAME][&line=N]: whole lines of another honeypot's log as the body, a piece of a file at a
// time. What it answers as taken is durable; the same piece again doubles nothing. `line` is the number of the piece's
// first line in its file. 503: the stores are behind, send the piece again in a moment.
#include "codec/json_writer.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

void write_types(codec::JsonWriter &json, understand::ImportOutcome const &outcome) {
  json.key("types").begin_array();
  for (auto const &[type, count] : outcome.types)
    json.begin_object().member("type", type).member("lines", count.lines).member("taken", count.taken).end_object();
  json.end_array();
}

void write_refusals(codec::JsonWriter &json, understand::ImportOutcome const &outcome) {
  json.key("refusals").begin_array();
  for (auto const &refusal : outcome.refusals)
    json.begin_object()
        .member("line", refusal.line)
        .member("reason", refusal.reason)
        .member("beginning", refusal.beginning)
        .end_object();
  json.end_array();
}

auto body_of(understand::ImportOutcome const &outcome) -> std::string {
  auto body = std::string{};
  auto json = codec::JsonWriter{body};
  json.begin_object()
      .member("reader", outcome.reader)
      .member("has_header", outcome.has_header)
      .member("lines", outcome.lines)
      .member("taken", outcome.taken)
      .member("known", outcome.known)
      .member("observations", outcome.observations)
      .member("refused", outcome.refused);
  json.key("unfinished_line");
  if (outcome.unfinished != 0)
    json.value(outcome.unfinished);
  else
    json.value(nullptr);
  json.member("sensors", outcome.sensors);
  write_types(json, outcome);
  write_refusals(json, outcome);
  json.end_object();
  return body;
}

class Import final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {
        .summary = "Lines of another honeypot's log, a piece of a file at a time; the same piece again doubles nothing",
        .parameters = {{"reader", In::query, kText, "the format, where it is not to be recognised"},
                       {"line", In::query, kCount, "the number of the piece's first line in its file"}},
        .request = "LogLines",
        .request_type = "text/plain",
        .answer = "ImportOutcome"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_write_reports(); }

  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    if (!call.services.import) return fail(ErrorCode::unavailable, "this node takes no imports");
    auto line = std::uint64_t{1};
    if (auto const text = call.request.parameter("line"); !text.empty()) {
      TRY(line, parse_number("line", text));
    }
    TRY(auto const outcome,
        call.services.import(
            {.lines = call.request.body, .reader = std::string{call.request.parameter("reader")}, .first_line = line}));
    return json_reply(body_of(outcome));
  }
};

Registered<Endpoint, Import> const import_lines{"POST /api/v1/import"};

}  // namespace
}  // namespace noroshi::serve
