// POST /api/v1/search: who knows these values? {"values": […]} or one value a line; answers one JSON object a line, in
// the order asked, and a last line about the members that answered.
#include <boost/json/array.hpp>

#include "search/answer.hpp"
#include "search/fitness.hpp"
#include "serve/body.hpp"
#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

// A feed of a day fits; more is a scan, which reads the store's files instead.
constexpr auto kMaxValues = std::size_t{1'000'000};
// Looked up at once: enough to hide a look-up's latency, and the hits of so many are held at the same time.
constexpr auto kValuesAtOnce = std::size_t{4096};

auto too_many() -> Error {
  return fail(ErrorCode::too_large, "more than {} values in one question; ask in parts", kMaxValues);
}

auto values_of_json(boost::json::array const &list) -> Result<std::vector<std::string_view>> {
  auto values = std::vector<std::string_view>{};
  if (list.size() > kMaxValues) return too_many();
  values.reserve(list.size());
  for (auto const &item : list) {
    if (!item.is_string()) return fail(ErrorCode::malformed, "entry {} of \"values\" is not a text", values.size());
    values.emplace_back(item.get_string());
  }
  return values;
}

/// One value a line; empty lines are none.
auto values_of_lines(std::string_view text) -> Result<std::vector<std::string_view>> {
  auto values = std::vector<std::string_view>{};
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    if (line.empty()) continue;
    if (values.size() == kMaxValues) return too_many();
    values.push_back(line);
  }
  return values;
}

class Search final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {
        .summary = "Who knows these values? One answer a line, in the order asked; the last line is about the members",
        .request = "Question",
        .answer = "AnswerLine",
        .answer_type = "application/x-ndjson"};
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    auto const body = std::string_view{call.request.body};
    auto document = boost::json::value{};
    auto values = std::vector<std::string_view>{};
    // No value begins with a brace, so the body itself tells; clients often send a wrong Content-Type.
    if (auto const first = body.find_first_not_of(" \t\r\n"); first != std::string_view::npos && body[first] == '{') {
      TRY(document, parse_object(body, {"values"}));
      TRY(auto const *const list, list_member(document.get_object(), "values"));
      TRY(values, values_of_json(*list));
    } else {
      TRY(values, values_of_lines(body));
    }
    if (values.empty())
      return fail(ErrorCode::malformed, "no value was asked; send {{\"values\": [\"192.0.2.1\"]}}, or one a line");
    return respond(call, values);
  }

private:
  static auto respond(Call const &call, std::span<std::string_view const> values) -> Result<net::HttpResponse> {
    auto const start = call.services.clock.steady();
    auto const home = search::home_name(call.services.catalogue);
    auto member = search::MemberAnswer{home, "answered", 0, values.size(), 0, {}};
    auto types = search::AskedTypes{};
    auto response = net::HttpResponse{};
    response.content_type = "application/x-ndjson";
    for (auto rest = values; !rest.empty(); rest = rest.subspan(std::min(rest.size(), kValuesAtOnce))) {
      TRY(auto const answers,
          search::search(rest.first(std::min(rest.size(), kValuesAtOnce)), call.viewer, call.knowledge()));
      for (auto const &answer : answers) {
        auto json = search::JsonWriter{response.body};
        search::write(json, answer, home, call.language, call.sentences);
        response.body.push_back('\n');
        member.hits += answer.hits.size() + answer.hits_left_out;
        types.add(answer);
      }
    }
    TRY_VOID(types.tell(member, call.knowledge(), call.language));
    auto const spent = call.services.clock.steady() - start;
    member.milliseconds =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(spent).count());
    auto json = search::JsonWriter{response.body};
    search::write(json, std::span{&member, 1});
    response.body.push_back('\n');
    return response;
  }
};

Registered<Endpoint, Search> const endpoint{"POST /api/v1/search"};

}  // namespace
}  // namespace noroshi::serve
