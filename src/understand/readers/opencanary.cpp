// OpenCanary's JSON log: one line an event, told apart by a number. Source: opencanary/logger.py.
#include <algorithm>

#include "base/registry.hpp"
#include "understand/readers/json_line.hpp"

namespace noroshi::understand::readers {

namespace {

using enum model::Kind;
using enum model::Transport;
using model::Field;

constexpr auto kName = std::string_view{"opencanary"};

struct TypeRule {
  std::int64_t number;
  std::string_view type;
  std::string_view service;
  model::Kind kind;
  model::Transport transport = tcp;
};

// Scans are seen as packets, without a handshake: Kind::other. Datagrams open nothing either.
constexpr auto kTypes = std::array{
    TypeRule{2000, "2000 ftp log-in", "ftp", login},
    TypeRule{3000, "3000 http get", "http", request},
    TypeRule{3001, "3001 http log-in", "http", login},
    TypeRule{4000, "4000 ssh connection", "ssh", opened},
    TypeRule{4001, "4001 ssh version", "ssh", hello},
    TypeRule{4002, "4002 ssh log-in", "ssh", login},
    TypeRule{5000, "5000 smb file open", "smb", other},
    TypeRule{5001, "5001 port scan syn", "portscan", other},
    TypeRule{5002, "5002 port scan nmap os", "portscan", other},
    TypeRule{5003, "5003 port scan nmap null", "portscan", other},
    TypeRule{5004, "5004 port scan nmap xmas", "portscan", other},
    TypeRule{5005, "5005 port scan nmap fin", "portscan", other},
    TypeRule{6001, "6001 telnet log-in", "telnet", login},
    TypeRule{6002, "6002 telnet connection", "telnet", opened},
    TypeRule{7001, "7001 http proxy log-in", "httpproxy", login},
    TypeRule{8001, "8001 mysql log-in", "mysql", login},
    TypeRule{9001, "9001 mssql sql log-in", "mssql", login},
    TypeRule{9002, "9002 mssql windows log-in", "mssql", login},
    TypeRule{10001, "10001 tftp", "tftp", request, udp},
    TypeRule{11001, "11001 ntp monlist", "ntp", other, udp},
    TypeRule{12001, "12001 vnc log-in", "vnc", login},
    TypeRule{13001, "13001 snmp", "snmp", other, udp},
    TypeRule{14001, "14001 rdp", "rdp", login},
    TypeRule{15001, "15001 sip", "sip", other, udp},
    TypeRule{16001, "16001 git clone", "git", request},
    TypeRule{17001, "17001 redis command", "redis", command},
    TypeRule{18001, "18001 tcp banner connection", "tcpbanner", opened},
    TypeRule{18002, "18002 tcp banner kept alive", "tcpbanner", other},
    TypeRule{18003, "18003 tcp banner kept alive secret", "tcpbanner", other},
    TypeRule{18004, "18004 tcp banner kept alive data", "tcpbanner", payload},
    TypeRule{18005, "18005 tcp banner data", "tcpbanner", payload},
    TypeRule{19001, "19001 llmnr", "llmnr", other, udp},
    TypeRule{20001, "20001 mongo", "mongo", other},
};
static_assert(std::ranges::is_sorted(kTypes, {}, &TypeRule::number));

struct DataRule {
  std::string_view member;
  Field field;
};
constexpr auto kData = std::array{
    DataRule{"USERNAME", Field::username},
    DataRule{"PASSWORD", Field::password},
    DataRule{"USER", Field::username},
    DataRule{"PATH", Field::path},
    DataRule{"USERAGENT", Field::user_agent},
    DataRule{"REMOTEVERSION", Field::client_version},
    DataRule{"CMD", Field::command},
    DataRule{"FILENAME", Field::file_name},
    DataRule{"DATA", Field::payload},
    DataRule{"HOST", Field::host},
    DataRule{"REPO", Field::path},
};

class OpenCanary final : public LogReader {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "OpenCanary JSON log: log-ins, requests and scans of many services";
  }

  auto recognises(LogLine const &line) -> bool override {
    auto const object = json_.parse(line);
    return object && member(*object, "logtype") && member(*object, "node_id") && member(*object, "logdata");
  }

  auto read(LogLine const &line, Reading &to) -> Result<LogEvent> override {
    TRY(auto const object, json_.parse(line));
    auto const type_member = member(object, "logtype");
    auto const number = type_member ? number_of(*type_member) : std::nullopt;
    if (!number) return fail(ErrorCode::malformed, "no logtype: no event of OpenCanary");
    auto seen = model::Observation{};
    auto const utc = text_member(object, "utc_time");  // since 0.5; before, local_time alone
    TRY(seen.time, parse_rfc3339(utc.empty() ? text_member(object, "local_time") : utc));
    auto const sensor = text_member(object, "node_id");
    auto const found = std::ranges::lower_bound(kTypes, *number, {}, &TypeRule::number);
    auto const *const rule = found != kTypes.end() && found->number == *number ? &*found : nullptr;
    type_ = rule != nullptr ? std::string{rule->type} : fmt::format("{} (unknown)", *number);
    auto const source = text_member(object, "src_host");
    // Start-up and its complaints are about the sensor, not about a visitor.
    if (source.empty()) return LogEvent{type_, sensor, seen.time};
    TRY(seen.source.address, address_of("src_host", source));
    if (auto const port = member(object, "src_port")) seen.source.port = port_of(*port);
    if (auto const port = member(object, "dst_port")) seen.destination.port = port_of(*port);
    if (auto const address = model::IpAddress::parse(text_member(object, "dst_host")); address)
      seen.destination.address = *address;
    seen.kind = rule != nullptr ? rule->kind : other;
    seen.transport = rule != nullptr ? rule->transport : tcp;
    seen.service = rule != nullptr ? rule->service : kName;
    // There is no session: one connection's events share both ends, and ports come again after hours.
    seen.visit = visit_of(
        kName, sensor,
        fmt::format("{} {} {}", seen.source.to_string(), seen.destination.to_string(), to_string(day_of(seen.time))));
    set_data(object, *number, seen);
    to.sink.take(seen);
    return LogEvent{type_, sensor, seen.time};
  }

private:
  void set_data(Object const &object, std::int64_t number, model::Observation &seen) {
    extra_.begin();
    extra_.add("logtype", number);
    auto data = Object{};
    auto const logdata = member(object, "logdata");
    if (logdata && logdata->get(data) == simdjson::SUCCESS) {
      for (auto const [key, value] : data) {
        auto const column = std::ranges::find(kData, key, &DataRule::member);
        if (column != kData.end() && value.is_string())
          seen.set(column->field, text_of(value));
        else
          extra_.add(key, value);
      }
    }
    seen.extra = extra_.finish();
    if (seen.service == "http" && seen.kind == request) seen.set(Field::method, "GET");
  }

  JsonLine json_;
  Extra extra_;
  std::string type_;
};

}  // namespace

Registered<LogReader, OpenCanary> const opencanary{"opencanary"};

}  // namespace noroshi::understand::readers
