#include "apps/noroshi/listing.hpp"

#include <algorithm>

#include "apps/noroshi/json_text.hpp"
#include "codec/json_writer.hpp"

namespace noroshi::apps {
namespace {

auto cell(boost::json::object const &object, Column const &column, Format format) -> std::string {
  if (format == Format::table && column.kind == Column::Kind::time) return time_of(object, column.member);
  if (format == Format::table && column.kind == Column::Kind::size) return size_of(object, column.member);
  return text_of(object, column.member);
}

}  // namespace

auto print_list(Client &client, std::string path, net::HttpFields query, std::string_view member,
                std::vector<Column> const &columns, std::string_view nothing, Format format) -> Result<void> {
  auto titles = std::vector<std::string>{};
  for (auto const &column : columns) titles.emplace_back(format == Format::csv ? column.member : column.title);
  auto table = Table{std::move(titles)};
  auto const one_page = std::ranges::any_of(query, [](auto const &each) { return each.first == "limit"; });
  auto cursor = std::string{};
  do {
    auto asked = query;
    if (!cursor.empty()) asked.emplace_back("cursor", cursor);
    TRY(auto const answer, client.get_object(path, std::move(asked)));
    for (auto const &entry : list_of(answer, member)) {
      if (format == Format::json) {
        auto line = std::string{};
        codec::JsonWriter{line}.value(entry);
        print(line + "\n");
        continue;
      }
      auto cells = std::vector<std::string>{};
      for (auto const &column : columns) cells.push_back(cell(object_of(entry), column, format));
      table.add(std::move(cells));
    }
    cursor = answer.contains("next") ? text_of(answer, "next") : std::string{};
  } while (!cursor.empty() && !one_page);
  if (format == Format::json) return ok;
  if (format == Format::table && table.empty())
    print(std::string{nothing} + "\n");
  else
    print(table, format);
  return ok;
}

}  // namespace noroshi::apps
