#include "know/sqlite_context.hpp"

#include <array>

#include "base/bytes.hpp"

namespace noroshi::know::sqlite {

namespace {

constexpr auto kNames = std::array<std::string_view, kContextColumns>{
    "source",    "report", "attribute",  "role", "direction", "evidence", "collected_by", "scope",  "first_seen",
    "last_seen", "count",  "confidence", "tlp",  "pap",       "to_ids",   "tags",         "expiry", "sequence"};

/// Each tag as its length and its bytes: a tag may hold any character.
auto pack(std::vector<std::string> const &tags) -> std::string {
  auto packed = std::string{};
  for (auto const &tag : tags) {
    append_varint(packed, tag.size());
    packed += tag;
  }
  return packed;
}

auto unpack(std::string_view packed) -> std::vector<std::string> {
  auto tags = std::vector<std::string>{};
  auto reader = ByteReader{packed};
  while (!reader.rest().empty()) {
    auto const tag = reader.take(reader.varint());
    if (reader.failed()) break;
    tags.emplace_back(tag);
  }
  return tags;
}

}  // namespace

auto context_columns(std::string_view prefix) -> std::string {
  auto columns = std::string{};
  for (auto const name : kNames) columns += fmt::format("{}{}{}", columns.empty() ? "" : ", ", prefix, name);
  return columns;
}

auto context_marks() -> std::string {
  auto marks = std::string{"?"};
  for (auto i = 1; i < kContextColumns; ++i) marks += ", ?";
  return marks;
}

void bind_context(Query &query, model::Context const &context) {
  query.bind_more(context.source, context.report, context.attribute, context.role, context.direction, context.evidence,
                  context.collected_by, context.scope, context.first_seen, context.last_seen, context.count,
                  context.confidence, context.tlp, context.pap, context.to_ids, Blob{pack(context.tags)},
                  context.expiry, context.sequence);
}

auto read_context(Query const &query, int column) -> model::Context {
  auto const next = [&column] { return column++; };
  auto context = model::Context{};
  context.source = model::SourceId{query.integer(next())};
  context.report = model::ReportId{query.integer(next())};
  context.attribute = query.text(next());
  context.role = query.enumerated<model::Role>(next());
  context.direction = query.enumerated<model::Direction>(next());
  context.evidence = query.enumerated<model::Evidence>(next());
  context.collected_by = query.enumerated<model::CollectedBy>(next());
  context.scope = query.enumerated<model::Scope>(next());
  context.first_seen = query.time(next());
  context.last_seen = query.time(next());
  context.count = query.unsigned_integer(next());
  context.confidence = static_cast<std::uint8_t>(query.integer(next()));
  context.tlp = query.enumerated<model::Tlp>(next());
  context.pap = query.enumerated<model::Pap>(next());
  context.to_ids = query.integer(next()) != 0;
  context.tags = unpack(query.text(next()));
  context.expiry = query.optional_time(next());
  context.sequence = query.unsigned_integer(next());
  return context;
}

}  // namespace noroshi::know::sqlite
