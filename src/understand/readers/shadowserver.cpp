// Shadowserver's report CSV: honeypot and sinkhole reports that tell source and time. The report is told by its
// columns. Source: The Shadowserver Foundation, report_schema (column names).
#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/registry.hpp"
#include "codec/csv.hpp"
#include "understand/readers/json_line.hpp"

namespace noroshi::understand::readers {

namespace {

using model::Field;
using model::Kind;

constexpr auto kName = std::string_view{"shadowserver"};

/// What a report's rows are about.
enum class Subject : std::uint8_t {
  attack,    // somebody conversed with a honeypot
  infected,  // somebody reached a sinkhole: a victim, no attacker
  traffic,   // packets alone: the source may be spoofed, or be the one attacked
};

struct ReportRule {
  std::string_view report;
  std::array<std::string_view, 2> columns;  // all of them are there; the first rule that fits wins
  Subject subject;
  Kind kind;
};

constexpr auto kReports = std::array{
    ReportRule{"honeypot_http_scan", {"http_request_method", "pattern"}, Subject::attack, Kind::request},
    ReportRule{"honeypot_brute_force", {"username", "password"}, Subject::attack, Kind::login},
    ReportRule{"honeypot_adb_scan", {"system_type", "maxdata"}, Subject::attack, Kind::opened},
    ReportRule{"honeypot_rocketmq_scan", {"opaque", "serialize_type"}, Subject::attack, Kind::opened},
    ReportRule{"honeypot_ics_scan", {"slave_id", "function_code"}, Subject::attack, Kind::opened},
    ReportRule{"honeypot_smb_scan", {"supported_protocols", "flags"}, Subject::attack, Kind::opened},
    ReportRule{"honeypot_rdp_scan", {"cookie", "session_tags"}, Subject::attack, Kind::opened},
    ReportRule{"honeypot_ddos_amp", {"avg_pps", "max_pps"}, Subject::traffic, Kind::other},
    ReportRule{"honeypot_ddos", {"duration", "end_time"}, Subject::traffic, Kind::other},
    ReportRule{"sinkhole_http", {"http_host", "forwarded_by"}, Subject::infected, Kind::hello},
    ReportRule{"sinkhole_dns", {"query_type", "query"}, Subject::traffic, Kind::other},
    ReportRule{"sinkhole", {"ssl_cipher", "infection"}, Subject::infected, Kind::hello},
    ReportRule{"honeypot_ikev2_scan", {"vulnerability_enum", "threat_framework"}, Subject::attack, Kind::opened},
    ReportRule{"darknet", {"count", "infection"}, Subject::traffic, Kind::other},
};

struct ColumnRule {
  std::string_view column;
  Field field;
};
constexpr auto kColumns = std::array{
    ColumnRule{"username", Field::username},
    ColumnRule{"password", Field::password},
    ColumnRule{"client_version", Field::client_version},
    ColumnRule{"http_url", Field::path},
    ColumnRule{"http_agent", Field::user_agent},
    ColumnRule{"http_host", Field::host},
    ColumnRule{"http_request_method", Field::method},
    ColumnRule{"ssl_servername", Field::sni},
    ColumnRule{"file_sha256", Field::sha256},
    ColumnRule{"query", Field::host},
    ColumnRule{"request_raw", Field::payload},
    ColumnRule{"payload_url", Field::url},
};
// These are in the observation's own ends and time.
constexpr auto kCommon = std::array<std::string_view, 5>{"timestamp", "src_ip", "src_port", "dst_ip", "dst_port"};

constexpr auto kNone = static_cast<std::size_t>(-1);

struct Column {
  std::string name;
  std::optional<Field> field;
  bool is_common = false;
};

auto number_in(std::string_view text) -> std::uint16_t {
  auto number = std::uint16_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : std::uint16_t{0};
}

class Shadowserver final : public LogReader {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "Shadowserver report CSV: honeypot and sinkhole reports with source and time";
  }
  [[nodiscard]] auto has_header() const -> bool override { return true; }

  auto recognises(LogLine const &line) -> bool override { return read_header(line).has_value(); }

  auto read_header(LogLine const &line) -> Result<void> override {
    TRY_VOID(codec::csv::split(strip_mark(line.text), fields_, scratch_));
    columns_.clear();
    for (auto const name : fields_) {
      auto const rule = std::ranges::find(kColumns, name, &ColumnRule::column);
      columns_.push_back({std::string{name}, rule == kColumns.end() ? std::nullopt : std::optional{rule->field},
                          std::ranges::find(kCommon, name) != kCommon.end()});
    }
    at_ = {place_of("timestamp"), place_of("src_ip"),   place_of("src_port"), place_of("dst_ip"),
           place_of("dst_port"),  place_of("protocol"), place_of("service"),  place_of("application")};
    auto const rule = std::ranges::find_if(kReports, [&](ReportRule const &report) {
      return std::ranges::all_of(report.columns, [&](auto name) { return place_of(name) != kNone; });
    });
    if (at_.time == kNone || at_.source == kNone || at_.protocol == kNone || rule == kReports.end())
      return fail(ErrorCode::malformed,
                  "the first line does not name the columns of a Shadowserver report with source and time");
    report_ = &*rule;
    return ok;
  }

  auto read(LogLine const &line, Reading &to) -> Result<LogEvent> override {
    if (report_ == nullptr) return fail(ErrorCode::malformed, "no header line came before");
    // Of a record that the writer may not have finished, only a closing quote tells that it is whole.
    if (!line.terminated && !line.text.ends_with('"'))
      return fail(ErrorCode::malformed, "the record is not finished; end the line if it is whole");
    TRY_VOID(codec::csv::split(line.text, fields_, scratch_));
    if (fields_.size() != columns_.size())
      return fail(ErrorCode::malformed, "{} fields, but {} columns", fields_.size(), columns_.size());
    auto seen = model::Observation{};
    TRY(seen.time, parse_rfc3339(field(at_.time)));
    TRY(seen.source.address, address_of("src_ip", field(at_.source)));
    seen.source.port = number_in(field(at_.source_port));
    if (auto const address = model::IpAddress::parse(field(at_.destination)); address)
      seen.destination.address = *address;
    seen.destination.port = number_in(field(at_.destination_port));
    seen.transport = field(at_.protocol) == "udp" ? model::Transport::udp : model::Transport::tcp;
    seen.service = service();
    seen.visit = visit_of(kName, report_->report, line.text);
    set_columns(seen);
    note(seen, to);
    return LogEvent{report_->report, report_->report, seen.time};
  }

private:
  struct Places {
    std::size_t time, source, source_port, destination, destination_port, protocol, service, application;
  };

  static auto strip_mark(std::string_view text) -> std::string_view {
    constexpr auto kByteOrderMark = std::string_view{"\xef\xbb\xbf"};
    return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
  }
  [[nodiscard]] auto place_of(std::string_view name) const -> std::size_t {
    auto const found = std::ranges::find(columns_, name, &Column::name);
    return found == columns_.end() ? kNone : static_cast<std::size_t>(found - columns_.begin());
  }
  [[nodiscard]] auto field(std::size_t place) const -> std::string_view {
    return place < fields_.size() ? fields_[place] : std::string_view{};
  }
  [[nodiscard]] auto service() const -> std::string_view {
    if (report_->subject == Subject::infected) return "sinkhole";
    if (auto const name = field(at_.service); !name.empty()) return name;
    if (auto const name = field(at_.application); !name.empty()) return name;
    return kName;
  }

  void set_columns(model::Observation &seen) {
    extra_.begin();
    for (auto i = std::size_t{0}; i < columns_.size(); ++i) {
      if (columns_[i].is_common || fields_[i].empty()) continue;
      if (columns_[i].field)
        seen.set(*columns_[i].field, fields_[i]);
      else
        extra_.add(columns_[i].name, fields_[i]);
    }
    seen.extra = extra_.finish();
  }

  void note(model::Observation &seen, Reading &to) const {
    seen.kind = report_->kind;
    // A datagram completes nothing, whatever the report makes of it.
    if (seen.transport == model::Transport::udp) seen.kind = Kind::other;
    if (seen.kind == Kind::login && !seen.has(Field::username) && !seen.has(Field::password)) seen.kind = Kind::opened;
    to.sink.take(seen);
    if (report_->kind != Kind::login || !seen.has(Field::url)) return;
    auto fetch = seen;
    fetch.clear_fields();
    fetch.extra = {};
    fetch.sequence = 1;
    fetch.kind = Kind::download;
    fetch.set(Field::url, seen.text(Field::url));
    to.sink.take(fetch);
  }

  std::vector<std::string_view> fields_;
  std::string scratch_;
  std::vector<Column> columns_;
  Places at_{kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  ReportRule const *report_ = nullptr;
  Extra extra_;
};

}  // namespace

Registered<LogReader, Shadowserver> const shadowserver{"shadowserver"};

}  // namespace noroshi::understand::readers
