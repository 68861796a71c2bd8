// Observations as comma-separated values: a line of titles, then one observation a line, one column a field.
#include "codec/csv_cell.hpp"
#include "share/writer.hpp"

namespace noroshi::share {

namespace {

/// "tor vpn": what lists said of the source's address.
auto flags_of(model::WhereFrom const &where) -> std::string {
  auto text = std::string{};
  for (auto number = std::size_t{0}; number < model::kFlagKinds; ++number)
    if (auto const kind = static_cast<model::FlagKind>(number); where.is(kind))
      text.append(text.empty() ? "" : " ").append(to_string(kind));
  return text;
}

class Csv final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"observations, one a line with a column for each field", "text/csv; charset=utf-8", Subject::observations};
  }

  void begin(std::string_view, std::string &to) const override {
    auto titles =
        std::vector<std::string>{"time", "received", "session",   "seq",     "kind",    "sensor", "src",     "src_port",
                                 "dst",  "dst_port", "transport", "service", "country", "asn",    "network", "flags"};
    for (auto const &field : model::fields()) titles.emplace_back(field.name);
    titles.emplace_back("extra");
    codec::append_csv_record(to, titles);
  }

  auto write(OutObservation const &out, std::string &to) const -> bool override {
    auto const &seen = out.seen;
    auto cells = std::vector<std::string>{to_rfc3339(seen.time),
                                          to_rfc3339(seen.received),
                                          seen.visit.to_string(),
                                          std::to_string(seen.sequence),
                                          std::string{to_string(seen.kind)},
                                          std::string{out.sensor},
                                          seen.source.address.to_string(),
                                          std::to_string(seen.source.port),
                                          out.sensor_shown ? seen.destination.address.to_string() : std::string{},
                                          std::to_string(seen.destination.port),
                                          std::string{to_string(seen.transport)},
                                          seen.service};
    cells.insert(cells.end(), {seen.where.country, seen.where.asn == 0 ? "" : std::to_string(seen.where.asn),
                               seen.where.network, flags_of(seen.where)});
    for (auto const &field : model::fields()) cells.push_back(field_text(seen, field.field));
    cells.push_back(seen.extra);
    codec::append_csv_record(to, cells);
    return true;
  }
};

}  // namespace

Registered<Writer, Csv> const csv{"csv"};

}  // namespace noroshi::share
