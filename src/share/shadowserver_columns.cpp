#include "share/shadowserver_columns.hpp"

#include <array>

#include "codec/csv_cell.hpp"

namespace noroshi::share::shadowserver {

namespace {

using namespace std::string_view_literals;

constexpr auto kCommon = std::array{
    "timestamp"sv,     "protocol"sv,     "src_ip"sv,       "src_port"sv,     "src_asn"sv,     "src_geo"sv,
    "src_region"sv,    "src_city"sv,     "src_hostname"sv, "src_naics"sv,    "src_sector"sv,  "device_vendor"sv,
    "device_type"sv,   "device_model"sv, "severity"sv,     "dst_ip"sv,       "dst_port"sv,    "dst_asn"sv,
    "dst_geo"sv,       "dst_region"sv,   "dst_city"sv,     "dst_hostname"sv, "dst_naics"sv,   "dst_sector"sv,
    "public_source"sv, "infection"sv,    "family"sv,       "tag"sv,          "application"sv, "version"sv,
    "event_id"sv};
static_assert(kCommon.size() == 31);
constexpr auto kVulnerability =
    std::array{"vulnerability_enum"sv,  "vulnerability_id"sv,       "vulnerability_class"sv,
               "vulnerability_score"sv, "vulnerability_severity"sv, "vulnerability_version"sv};
constexpr auto kTactics = std::array{"threat_framework"sv, "threat_tactic_id"sv, "threat_technique_id"sv};
constexpr auto kTarget = std::array{"target_vendor"sv, "target_product"sv, "target_class"sv};
constexpr auto kLogin = std::array{"service"sv,  "start_time"sv, "end_time"sv,    "client_version"sv,
                                   "username"sv, "password"sv,   "payload_url"sv, "payload_md5"sv};
constexpr auto kHttp =
    std::array{"pattern"sv, "http_url"sv, "http_agent"sv, "http_request_method"sv, "url_scheme"sv, "session_tags"sv};
constexpr auto kHttpBodies = std::array{"file_md5"sv, "file_sha256"sv, "request_raw"sv, "body_raw"sv};

template <class... Lists>
auto joined(Lists const &...lists) -> std::vector<std::string_view> {
  auto all = std::vector<std::string_view>{};
  (all.insert(all.end(), lists.begin(), lists.end()), ...);
  return all;
}

}  // namespace

auto brute_force_columns() -> std::span<std::string_view const> {
  static auto const columns = joined(kCommon, kLogin, kVulnerability, kTarget);
  return columns;
}

auto http_scan_columns() -> std::span<std::string_view const> {
  static auto const columns = joined(kCommon, kHttp, kVulnerability, kTactics, kTarget, kHttpBodies);
  return columns;
}

auto timestamp(Time time) -> std::string {
  auto text = to_rfc3339(time).substr(0, 19);
  text[10] = ' ';
  return text;
}

auto common(OutObservation const &out, std::string_view severity) -> Record {
  auto const &seen = out.seen;
  auto record = Record{{"timestamp", timestamp(seen.time)},
                       {"protocol", std::string{to_string(seen.transport)}},
                       {"src_ip", seen.source.address.to_string()},
                       {"src_port", std::to_string(seen.source.port)},
                       {"severity", std::string{severity}},
                       {"dst_port", std::to_string(seen.destination.port)},
                       {"tag", seen.service},
                       {"application", seen.service},
                       {"event_id", seen.visit.to_string()}};
  record["src_geo"] = seen.where.country;
  if (seen.where.asn != 0) record["src_asn"] = std::to_string(seen.where.asn);
  if (out.sensor_shown) record["dst_ip"] = seen.destination.address.to_string();
  return record;
}

void append_titles(std::string &to, std::span<std::string_view const> columns) {
  codec::append_csv_record(to, columns);
}

void append(std::string &to, std::span<std::string_view const> columns, Record const &record) {
  auto cells = std::vector<std::string_view>{};
  for (auto const column : columns) {
    auto const found = record.find(column);
    cells.push_back(found == record.end() ? std::string_view{} : found->second);
  }
  codec::append_csv_record(to, cells);
}

}  // namespace noroshi::share::shadowserver
