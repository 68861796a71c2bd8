#include <charconv>

#include "codec/range_file.hpp"

namespace noroshi::codec {

namespace {

/// One field off the front of a line; the quotes of a quoted one are undone. Nothing where a quote does not end.
auto next_field(std::string_view &line) -> std::optional<std::string> {
  auto field = std::string{};
  if (!line.starts_with('"')) {
    auto const end = std::min(line.find(','), line.size());
    field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
  }
  line.remove_prefix(1);
  while (true) {
    auto const quote = line.find('"');
    if (quote == std::string_view::npos) return std::nullopt;
    field += line.substr(0, quote);
    line.remove_prefix(quote + 1);
    if (!line.starts_with('"')) break;
    field += '"';
    line.remove_prefix(1);
  }
  if (line.starts_with(',')) line.remove_prefix(1);
  return field;
}

auto parse_line(std::string_view line) -> std::optional<NamedRange> {
  auto const first = next_field(line);
  auto const last = next_field(line);
  auto const number = next_field(line);
  auto name = next_field(line);
  if (!first || !last || !number || !name) return std::nullopt;
  auto const from = model::IpAddress::parse(*first);
  auto const to = model::IpAddress::parse(*last);
  auto range = NamedRange{};
  auto const [end, error] = std::from_chars(number->data(), number->data() + number->size(), range.asn);
  if (!from || !to || *to < *from || from->is_v4() != to->is_v4() || error != std::errc{} ||
      end != number->data() + number->size())
    return std::nullopt;
  range.range = {*from, *to};
  range.name = *std::move(name);
  return range;
}

}  // namespace

auto read_asn_csv(std::string_view csv) -> Result<std::vector<NamedRange>> {
  auto ranges = std::vector<NamedRange>{};
  for (auto number = std::uint64_t{1}; !csv.empty(); ++number) {
    auto const end = std::min(csv.find('\n'), csv.size());
    auto line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    auto range = parse_line(line);
    if (!range)
      return fail(ErrorCode::malformed,
                  "line {} is not \"first address,last address,AS number,name\", which ip-location-db's asn CSV has",
                  number);
    ranges.push_back(*std::move(range));
  }
  return ranges;
}

}  // namespace noroshi::codec
