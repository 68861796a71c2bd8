// HTTP requests as Shadowserver's report event4_honeypot_http_scan, one request a line.
#include "base/bytes.hpp"
#include "share/shadowserver_columns.hpp"

namespace noroshi::share {

namespace {

using model::Field;

class ShadowserverHttp final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"HTTP requests as Shadowserver's event4_honeypot_http_scan", "text/csv; charset=utf-8",
            Subject::observations};
  }
  void begin(std::string_view, std::string &to) const override {
    shadowserver::append_titles(to, shadowserver::http_scan_columns());
  }
  auto write(OutObservation const &out, std::string &to) const -> bool override {
    if (out.seen.kind != model::Kind::request) return false;
    auto record = shadowserver::common(out, "high");
    record["http_url"] = field_text(out.seen, Field::path);
    record["http_agent"] = field_text(out.seen, Field::user_agent);
    record["http_request_method"] = field_text(out.seen, Field::method);
    record["url_scheme"] = out.seen.service == "https" ? "https" : "http";
    if (auto const *const body = find_field(out.seen, Field::payload)) record["body_raw"] = to_base64(body->text);
    shadowserver::append(to, shadowserver::http_scan_columns(), record);
    return true;
  }
};

}  // namespace

Registered<Writer, ShadowserverHttp> const shadowserver_http{"shadowserver-http"};

}  // namespace noroshi::share
