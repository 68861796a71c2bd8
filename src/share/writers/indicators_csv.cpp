// Indicators that may be blocked as comma-separated values, with what each entry rests on and when it expires.
#include <fmt/ranges.h>

#include "codec/csv_cell.hpp"
#include "share/writer.hpp"

namespace noroshi::share {

namespace {

class IndicatorsCsv final : public Writer {
public:
  [[nodiscard]] auto about() const -> WriterAbout override {
    return {"indicators fit for blocking, with role, evidence, times and expiry", "text/csv; charset=utf-8",
            Subject::indicators};
  }
  void begin(std::string_view, std::string &to) const override {
    codec::append_csv_record(
        to, std::array<std::string_view, 11>{"indicator", "type", "roles", "evidence", "first_seen", "last_seen",
                                             "expires", "count", "confidence", "tlp", "tags"});
  }
  auto write(OutIndicator const &out, std::string &to) const -> bool override {
    if (!out.blockable) return false;
    if (out.value_only) {
      codec::append_csv_record(
          to, std::vector<std::string>{out.value.text, std::string{to_string(out.value.type)}, "", "", "", "",
                                       to_rfc3339(out.expires), "", "", std::string{to_string(out.tlp)}, ""});
      return true;
    }
    auto roles = std::vector<std::string_view>{};
    for (auto const role : out.roles) roles.push_back(to_string(role));
    codec::append_csv_record(
        to, std::vector<std::string>{out.value.text, std::string{to_string(out.value.type)},
                                     fmt::format("{}", fmt::join(roles, " ")), std::string{to_string(out.evidence)},
                                     to_rfc3339(out.first_seen), to_rfc3339(out.last_seen), to_rfc3339(out.expires),
                                     std::to_string(out.count), std::to_string(out.confidence),
                                     std::string{to_string(out.tlp)}, fmt::format("{}", fmt::join(out.tags, " "))});
    return true;
  }
};

}  // namespace

Registered<Writer, IndicatorsCsv> const indicators_csv{"indicators-csv"};

}  // namespace noroshi::share
