// A short log of each format that is read, for tests of readers. Synthetic.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.hpp"
#include "understand/reader.hpp"

namespace noroshi::test {

inline constexpr auto kCowrie2018 = std::string_view{
    R"({"eventid":"cowrie.session.connect","timestamp":"2018-09-16T02:22:31.382919Z","sensor":"pot","src_ip":"192.0.2.7","src_port":4001,"dst_ip":"203.0.113.9","dst_port":2223,"session":"c1e9a2b6","message":"New connection","isError":0,"system":"x"}
{"eventid":"cowrie.login.failed","timestamp":"2018-09-16T02:22:32.000000Z","sensor":"pot","src_ip":"192.0.2.7","session":"c1e9a2b6","username":"root","password":"x\"y","message":"login attempt","isError":0,"system":"x","unique":1}
{"eventid":"cowrie.command.success","timestamp":"2018-09-16T02:22:33.000000Z","sensor":"pot","src_ip":"192.0.2.7","session":"c1e9a2b6","input":"ls","message":["a","b"],"isError":0}
{"eventid":"cowrie.session.closed","timestamp":"2018-09-16T02:22:41.500000Z","sensor":"pot","src_ip":"192.0.2.7","session":"c1e9a2b6","duration":10.1,"message":"Connection lost"}
)"};

inline constexpr auto kCowrie3 = std::string_view{
    R"({"eventid":"cowrie.session.connect","src_ip":"2001:db8::7","src_port":4001,"dst_ip":"203.0.113.9","dst_port":2222,"session":"a1b2c3d4e5f6","protocol":"ssh","message":"New connection","sensor":"pot 1","uuid":"u","timestamp":"2026-05-01T00:00:00.000001Z"}
{"eventid":"cowrie.client.kex","hassh":"ec7378c1a92f5a8dde7e8b7a1ddf33d1","hasshAlgorithms":"a;b","kexAlgs":["a"],"session":"a1b2c3d4e5f6","src_ip":"2001:db8::7","protocol":"ssh","sensor":"pot 1","timestamp":"2026-05-01T00:00:01Z","message":"m"}
{"eventid":"cowrie.session.file_download","url":"http://malware.example.com/x","shasum":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","outfile":"dl/e3","session":"a1b2c3d4e5f6","src_ip":"2001:db8::7","protocol":"ssh","sensor":"pot 1","timestamp":"2026-05-01T00:00:02Z","message":"m"}
{"eventid":"cowrie.session.file_download","shasum":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","destfile":"/tmp/x","outfile":"dl/e3","session":"a1b2c3d4e5f6","src_ip":"2001:db8::7","protocol":"ssh","sensor":"pot 1","timestamp":"2026-05-01T00:00:03Z","message":"m"}
{"eventid":"cowrie.direct-tcpip.request","dst_ip":"mail.example.org","dst_port":25,"orig_ip":"127.0.0.1","orig_port":5,"src_port":4001,"session":"a1b2c3d4e5f6","src_ip":"2001:db8::7","protocol":"ssh","sensor":"pot 1","timestamp":"2026-05-01T00:00:04Z","message":"m"}
{"eventid":"cowrie.brand.new","answer":{"deep":[1,2.5,null]},"session":"a1b2c3d4e5f6","src_ip":"2001:db8::7","protocol":"ssh","sensor":"pot 1","timestamp":"2026-05-01T00:00:05Z","message":"what it was"}
{"eventid":"cowrie.session.closed","duration_ms":6500,"session":"a1b2c3d4e5f6","src_ip":"2001:db8::7","protocol":"ssh","sensor":"pot 1","timestamp":"2026-05-01T00:00:06.5Z","message":"m"}
)"};

inline constexpr auto kOpenCanary = std::string_view{
    R"({"dst_host":"","dst_port":-1,"local_time":"2026-05-01 00:00:00.000001","logdata":{"msg":"Canary running!!!"},"logtype":1001,"node_id":"canary","src_host":"","src_port":-1,"utc_time":"2026-05-01 00:00:00.000001"}
{"dst_host":"203.0.113.9","dst_port":22,"local_time":"2026-05-01 00:00:01.000001","logdata":{"LOCALVERSION":"SSH-2.0-x","PASSWORD":"1234","REMOTEVERSION":"SSH-2.0-Go","USERNAME":"root"},"logtype":4002,"node_id":"canary","src_host":"192.0.2.7","src_port":4001,"utc_time":"2026-05-01 00:00:01.000001"}
{"dst_host":"203.0.113.9","dst_port":"8080","logdata":{"SYN":"","TTL":"64"},"logtype":5001,"node_id":"canary","src_host":"192.0.2.8","src_port":"4001","utc_time":"2026-05-01 00:00:02.000001"}
)"};

inline constexpr auto kGlutton = std::string_view{
    R"({"timestamp":"2026-05-01T00:00:00.123456789Z","transport":"tcp","srcHost":"192.0.2.7","srcPort":"4001","dstPort":445,"sensorID":"g1","rule":"TCP","handler":"smb","payload":"R0VUIC8=","scanner":"","decoded":{"protocol":"smb"}}
{"timestamp":"2026-05-01T00:00:01Z","transport":"udp","srcHost":"192.0.2.8","srcPort":"53","dstPort":1900,"sensorID":"g1","rule":"UDP","handler":"udp","payload":"","scanner":"censys"}
)"};

inline constexpr auto kHeralding = std::string_view{
    R"({"timestamp":"2026-05-01 00:00:00.123456","duration":"2.5","session_id":"5d8f","source_ip":"192.0.2.7","source_port":4001,"destination_ip":"203.0.113.9","destination_port":21,"protocol":"ftp","num_auth_attempts":2,"auth_attempts":[{"timestamp":"2026-05-01 00:00:01.1","username":"a","password":"b"},{"timestamp":"2026-05-01 00:00:02.1","username":"c","password":null}],"session_ended":true,"auxiliary_data":{}}
)"};

inline constexpr auto kShadowserver = std::string_view{
    R"("timestamp","protocol","src_ip","src_port","src_asn","dst_ip","dst_port","infection","family","tag","application","version","event_id","service","username","password","payload_url"
"2026-05-01 00:00:00","tcp","192.0.2.7","4001","64496","203.0.113.9","22","","","","ssh","","e1","ssh","root","a""b,c","http://malware.example.com/x"
"2026-05-01 00:00:01","tcp","192.0.2.8","4002","64496","203.0.113.9","22","","","","ssh","","e2","ssh","","",""
)"};

inline constexpr auto kSinkhole = std::string_view{
    R"(timestamp,protocol,src_ip,src_port,infection,family,http_url,http_host,http_agent,forwarded_by,ssl_cipher
2026-05-01 00:00:00,tcp,192.0.2.9,4001,andromeda,andromeda,/gate.php,sink.example.net,bot,,
2026-05-01 00:00:01,udp,192.0.2.9,4001,andromeda,andromeda,/gate.php,sink.example.net,bot,,
)"};

/// A log of every reader, by the reader's name.
inline auto reader_fixtures() -> std::multimap<std::string, std::string_view> {
  return {{"cowrie", kCowrie2018},    {"cowrie", kCowrie3},      {"opencanary", kOpenCanary},
          {"glutton", kGlutton},      {"heralding", kHeralding}, {"shadowserver", kShadowserver},
          {"shadowserver", kSinkhole}};
}

/// The lines of a log; they point into it, with nothing behind it to be read ahead.
inline auto lines_of_log(std::string_view log) -> std::vector<understand::LogLine> {
  auto lines = std::vector<understand::LogLine>{};
  while (!log.empty()) {
    auto const end = log.find('\n');
    lines.push_back({log.substr(0, end), log.size(), end != std::string_view::npos});
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
  }
  return lines;
}

/// Keeps what a reader noted, as frames.
class KeepingSink final : public understand::ObservationSink {
public:
  void take(model::Observation const &observation) override {
    model::append_frame(frames, observation);
    ++count;
  }
  std::string frames;
  std::size_t count = 0;
};

/// What a reader made of a log.
struct ReadLog {
  std::string frames;
  std::vector<std::string> types, refusals, sensors;
  std::size_t observations = 0;

  /// Reads all lines; a format with a header takes the first as one.
  static auto with(understand::LogReader &reader, std::string_view log) -> ReadLog {
    auto sessions = understand::SessionMemory{};
    auto sink = KeepingSink{};
    auto reading = understand::Reading{sessions, sink};
    auto outcome = ReadLog{};
    auto header = reader.has_header();
    for (auto const &line : lines_of_log(log)) {
      if (std::exchange(header, false)) {
        if (auto const read = reader.read_header(line); !read) outcome.refusals.push_back(read.error().sentence);
        continue;
      }
      auto const event = reader.read(line, reading);
      if (!event) {
        outcome.refusals.push_back(event.error().sentence);
        continue;
      }
      outcome.types.emplace_back(event->type);
      outcome.sensors.emplace_back(event->sensor);
    }
    outcome.frames = std::move(sink.frames);
    outcome.observations = sink.count;
    return outcome;
  }
};

}  // namespace noroshi::test
