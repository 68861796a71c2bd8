#include "know/catalogue/rows.hpp"
#include "know/catalogue/sqlite_catalogue.hpp"

namespace noroshi::know {

namespace {

/// An audit row says who did what; the thing itself stands elsewhere. 4 KiB hold any sentence of ours and a long URL.
constexpr auto kMaxAuditBytes = std::size_t{4096};
/// One answer's rows: a year of a busy node's acts, and far below what a browser can show.
constexpr auto kMaxAuditRows = std::size_t{100'000};

/// Cut rather than refused: an act must not fail because its description is long.
auto cut(std::string_view text) -> std::string {
  if (text.size() <= kMaxAuditBytes) return std::string{text};
  auto end = kMaxAuditBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not inside a UTF-8 character
  return std::string{text.substr(0, end)} + "…";
}

}  // namespace

auto rows::note(sqlite::Connection &connection, Time now, std::string_view actor, std::string_view action,
                std::string_view subject, std::string_view detail) -> Result<void> {
  return connection.run("INSERT INTO audit(time, actor, action, subject, detail) VALUES(?, ?, ?, ?, ?)", now,
                        cut(actor), cut(action), cut(subject), cut(detail));
}

auto SqliteCatalogue::audit(std::string_view action, std::string_view subject, std::string_view detail,
                            model::Viewer const &viewer) -> Result<void> {
  return database_->write([&](sqlite::Connection &connection) {
    return rows::note(connection, clock_.now(), viewer.name, action, subject, detail);
  });
}

auto SqliteCatalogue::audit_log(model::Page page, model::Viewer const &viewer)
    -> Result<std::vector<model::AuditEntry>> {
  if (!viewer.may_administer()) return rows::denied(viewer, "read the audit", "an administrator");
  return database_->read([&](sqlite::Connection &connection) -> Result<std::vector<model::AuditEntry>> {
    auto entries = std::vector<model::AuditEntry>{};
    auto query = connection.query(
        "SELECT id, time, actor, action, subject, detail FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?");
    query.bind(page.before, std::min(page.limit, kMaxAuditRows));
    for (;;) {
      TRY(auto const more, query.step());
      if (!more) return entries;
      entries.push_back({query.integer(0), query.time(1), std::string{query.text(2)}, std::string{query.text(3)},
                         std::string{query.text(4)}, std::string{query.text(5)}});
    }
  });
}

}  // namespace noroshi::know
