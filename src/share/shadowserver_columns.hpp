// Columns of Shadowserver's honeypot reports (The Shadowserver Foundation, report_schema, reports.json of 2026-03-24:
// event4_honeypot_brute_force and event4_honeypot_http_scan), and records filled by name.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "share/writer.hpp"

namespace noroshi::share::shadowserver {

auto brute_force_columns() -> std::span<std::string_view const>;
auto http_scan_columns() -> std::span<std::string_view const>;

using Record = std::map<std::string_view, std::string>;

/// What all reports say of an event: time, addresses, ports, severity ("critical", "high"…), event id.
auto common(OutObservation const &out, std::string_view severity) -> Record;
/// "2026-11-22 09:30:00", UTC.
auto timestamp(Time time) -> std::string;

void append_titles(std::string &to, std::span<std::string_view const> columns);
/// Columns that the record does not name stay empty.
void append(std::string &to, std::span<std::string_view const> columns, Record const &record);

}  // namespace noroshi::share::shadowserver
