// Log-in attempts as Shadowserver's report event4_honeypot_brute_force, one attempt a line.
#include "share/shadowserver_columns.hpp"

namespace noroshi::share {

namespace {

using model::Field;

class Shadowserver final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"log-in attempts as Shadowserver's event4_honeypot_brute_force", "text/csv; charset=utf-8",
            Subject::observations};
  }
  void begin(std::string_view, std::string &to) const override {
    shadowserver::append_titles(to, shadowserver::brute_force_columns());
  }
  auto write(OutObservation const &out, std::string &to) const -> bool override {
    if (out.seen.kind != model::Kind::login) return false;
    auto record = shadowserver::common(out, "critical");
    record["service"] = out.seen.service;
    record["start_time"] = record["end_time"] = record["timestamp"];
    record["client_version"] = field_text(out.seen, Field::client_version);
    record["username"] = field_text(out.seen, Field::username);
    record["password"] = field_text(out.seen, Field::password);
    shadowserver::append(to, shadowserver::brute_force_columns(), record);
    return true;
  }
};

}  // namespace

Registered<Writer, Shadowserver> const shadowserver_logins{"shadowserver"};

}  // namespace noroshi::share
