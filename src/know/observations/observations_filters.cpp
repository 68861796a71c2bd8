#include "know/observations/observations_filters.hpp"

#include "base/text.hpp"
#include "know/observations/observations_names.hpp"
#include "know/observations/observations_schema.hpp"

namespace noroshi::know::observations {

auto insert_keys(duck::Connection &connection, std::string const &from, FilterKey const &key,
                 std::function<void(std::uint64_t)> const &insert) -> Result<void> {
  TRY(auto sources,
      connection.query(fmt::format("SELECT DISTINCT src_high, src_low FROM {}", from), {}, duck::Fetch::streamed));
  while (sources.next()) insert(source_key(key, {sources.number<std::uint64_t>(0), sources.number<std::uint64_t>(1)}));
  if (!sources.error().empty()) return duck::duck_error("building a filter", std::string{sources.error()}.c_str());
  TRY(auto visits, connection.query(fmt::format("SELECT DISTINCT visit FROM {}", from), {}, duck::Fetch::streamed));
  while (visits.next()) insert(visit_key(key, from_duck(visits.number<duckdb_hugeint>(0))));
  if (!visits.error().empty()) return duck::duck_error("building a filter", std::string{visits.error()}.c_str());
  for (auto const field : kNamingFields) {
    auto const name = model::info(field).name;
    TRY(auto texts,
        connection.query(fmt::format("SELECT DISTINCT \"{0}\" FROM {1} WHERE \"{0}\" IS NOT NULL", name, from), {},
                         duck::Fetch::streamed));
    while (texts.next())
      for (auto const &value : names_in(field, from_lossless_utf8(texts.text(0)))) insert(name_key(key, value));
    if (!texts.error().empty()) return duck::duck_error("building a filter", std::string{texts.error()}.c_str());
  }
  return ok;
}

auto write_filter(duck::Connection &connection, std::string const &from, FilterKey const &key, std::string const &path)
    -> Result<void> {
  // A URL may name two things, itself and its host; the other texts one.
  auto sql = fmt::format(
      "(SELECT count(*) FROM (SELECT DISTINCT src_high, src_low FROM {0})) + (SELECT count(DISTINCT visit) FROM {0})",
      from);
  for (auto const field : kNamingFields)
    sql += fmt::format(" + (SELECT {} * count(DISTINCT \"{}\") FROM {})", field == model::Field::url ? 2 : 1,
                       model::info(field).name, from);
  TRY(auto entries, connection.count(fmt::format("SELECT ({})::UBIGINT", sql)));
  auto filter = LineFilter{entries};
  TRY_VOID(insert_keys(connection, from, key, [&](std::uint64_t hash) { filter.insert(hash); }));
  return filter.write(path);
}

}  // namespace noroshi::know::observations
