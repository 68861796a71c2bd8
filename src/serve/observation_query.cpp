#include "serve/observation_query.hpp"

#include "base/text.hpp"
#include "serve/body.hpp"

namespace noroshi::serve {

namespace {

auto time_parameter(net::HttpRequest const &request, std::string_view name) -> Result<std::optional<Time>> {
  auto const text = request.parameter(name);
  if (text.empty()) return std::optional<Time>{};
  auto time = parse_rfc3339(text);
  if (!time) return at(name, time.error());
  return std::optional{*time};
}

}  // namespace

auto observation_parameters() -> std::vector<Parameter> {
  return {{"since", In::query, kTime, "only what was received (indicators: last seen) since"},
          {"before", In::query, kTime, "and before this time"},
          {"kind", In::query, kText, "a kind of observation, such as login"},
          {"service", In::query, kText, "the decoy that held the conversation, such as telnet"},
          {"source", In::query, kText, "address of the visitor"},
          {"cursor", In::query, kText, "of the answer before"}};
}

auto observation_query(net::HttpRequest const &request) -> Result<model::ObservationQuery> {
  auto query = model::ObservationQuery{};
  TRY(query.since, time_parameter(request, "since"));
  TRY(query.before, time_parameter(request, "before"));
  if (auto const text = request.parameter("kind"); !text.empty()) {
    TRY(query.kind, model::parse_kind(text));
  }
  if (auto const text = request.parameter("source"); !text.empty()) {
    auto address = model::IpAddress::parse(text);
    if (!address) return at("source", address.error());
    query.source = *address;
  }
  query.service = lossless_utf8(request.parameter("service"));
  return query;
}

auto limit_of(net::HttpRequest const &request, std::size_t usual, std::size_t most) -> Result<std::size_t> {
  auto const text = request.parameter("limit");
  if (text.empty()) return usual;
  TRY(auto const number, parse_number("limit", text));
  if (number == 0 || number > most) return fail(ErrorCode::malformed, "limit must be from 1 to {}", most);
  return static_cast<std::size_t>(number);
}

auto flag_parameter(net::HttpRequest const &request, std::string_view name) -> Result<bool> {
  auto const text = request.parameter(name);
  if (text.empty() || text == "false") return false;
  if (text == "true") return true;
  return fail(ErrorCode::malformed, "{} must be true or false, not \"{}\"", name, printable(text.substr(0, 40)));
}

}  // namespace noroshi::serve
