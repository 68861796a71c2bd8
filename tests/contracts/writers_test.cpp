// What holds for every format in which things leave the house, those of tomorrow included.
#include <random>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

#include "base/text.hpp"
#include "share/writer.hpp"

using namespace noroshi;
using share::OutIndicator;
using share::OutObservation;
using share::Writer;

namespace {

auto hostile_texts() -> std::vector<std::string> {
  auto texts = std::vector<std::string>{"",
                                        "=cmd|' /C calc'!A0",
                                        "+1+1",
                                        "-2",
                                        "@SUM(1)",
                                        "\t=1",
                                        "\x1b[2J\x1b]0;x\x07",
                                        "\xff\xfe\xc0\xaf",
                                        "\xe2\x80\xae reversed",
                                        "a,b\"c\"\r\nd,e",
                                        std::string("nul\0in", 6),
                                        "</script>'\"\\",
                                        std::string(20'000, 'x'),
                                        "\xed\xa0\x80",
                                        "\\xff \\\\xff"};
  auto random = std::mt19937{11};
  for (auto i = 0; i < 40; ++i) {
    auto text = std::string{};
    for (auto length = random() % 200; length > 0; --length) text.push_back(static_cast<char>(random() & 0xff));
    texts.push_back(text);
  }
  return texts;
}

/// One of every kind, with that text in every field that holds text.
auto observations(std::string const &text) -> std::vector<model::StoredObservation> {
  auto all = std::vector<model::StoredObservation>{};
  for (auto kind = 1; kind <= 13; ++kind) {
    auto seen = model::StoredObservation{};
    seen.kind = static_cast<model::Kind>(kind);
    seen.time = seen.received = Time{std::chrono::days{20'000}};
    seen.visit = model::Uuid{1, static_cast<std::uint64_t>(kind)};
    seen.source = {model::IpAddress::v4(0x0808'0404), 40'001};
    seen.service = "telnet";
    for (auto const &field : model::fields()) {
      auto const is_text = field.type == model::FieldType::text || field.type == model::FieldType::bytes;
      // Stores hold texts in their lossless form, secrets and bytes as they came.
      auto const raw = field.secret || field.type == model::FieldType::bytes;
      seen.fields.push_back({field.field, !is_text ? "" : raw ? text : lossless_utf8(text), is_text ? 0 : 1});
    }
    all.push_back(std::move(seen));
  }
  return all;
}

auto indicators() -> std::vector<OutIndicator> {
  auto all = std::vector<OutIndicator>{};
  for (auto const *const value :
       {"192.0.2.1", "2001:db8::1", "192.0.2.0/24", "evil.example.com", "http://evil.example.com/'a?b=c",
        "a@example.com", "d41d8cd98f00b204e9800998ecf8427e", "AS64500", "mutex:=Global\\{'a'}",
        "file_name:C:\\gpj\u202e.exe", "user_agent:=cmd|' /C calc'!A0", "imphash:d41d8cd98f00b204e9800998ecf8427e",
        "ja3:d41d8cd98f00b204e9800998ecf8427e", "HKLM\\Software\\\"a\"", "CVE-2021-44228"})
    for (auto const blockable : {false, true}) {
      auto out = OutIndicator{};
      out.value = *model::parse_value(value);
      out.first_seen = out.last_seen = Time{std::chrono::days{20'000}};
      out.expires = Time{std::chrono::days{20'030}};
      out.roles = {model::Role::scanner};
      out.tags = {"attack:T1110", "=cmd()", "\x1b[2J"};
      out.blockable = blockable;
      all.push_back(out);
    }
  return all;
}

auto name_and_writers() -> std::vector<std::pair<std::string, std::unique_ptr<Writer>>> {
  auto all = std::vector<std::pair<std::string, std::unique_ptr<Writer>>>{};
  for (auto const &name : Registry<Writer>::instance().names())
    all.emplace_back(name, Registry<Writer>::instance().create(name));
  return all;
}

auto is_safe(std::string_view text) -> bool {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r';
         });
}

/// Records of RFC 4180; throws where a quote is not closed.
auto records(std::string_view text) -> std::vector<std::vector<std::string>> {
  auto all = std::vector<std::vector<std::string>>{{""}};
  auto quoted = false;
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto const c = text[i];
    auto const doubled = quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"';
    if (c == '"' && !doubled) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      all.back().emplace_back();
    } else if (c == '\n' && !quoted) {
      all.push_back({""});
    } else if (c != '\r' || quoted) {
      all.back().back().push_back(c);
      i += doubled ? 1 : 0;
    }
  }
  if (quoted) throw std::runtime_error{"a quote is open at the end"};
  all.pop_back();
  return all;
}

void check_form(std::string const &type, std::string const &text) {
  CHECK(is_safe(text));
  if (type.starts_with("text/csv")) {
    auto const all = records(text);
    REQUIRE_FALSE(all.empty());
    for (auto const &record : all) {
      CHECK(record.size() == all.front().size());
      for (auto const &cell : record)
        CHECK((cell.empty() || std::string_view{"=+-@\t\r"}.find(cell.front()) == std::string_view::npos));
    }
  }
  auto error = boost::json::error_code{};
  if (type.find("json") != std::string::npos && type.find("ndjson") == std::string::npos) {
    (void)boost::json::parse(text, error);
    CHECK_FALSE(error);
  }
  if (type.find("ndjson") == std::string::npos) return;
  for (auto rest = std::string_view{text}; !rest.empty();) {
    auto const line = rest.substr(0, rest.find('\n'));
    (void)boost::json::parse(line, error);
    CHECK_FALSE(error);
    rest.remove_prefix(line.size() + 1);
  }
}

}  // namespace

TEST_CASE("every format of nothing at all is well-formed") {
  for (auto const &[name, writer] : name_and_writers()) {
    CAPTURE(name);
    auto text = std::string{};
    writer->begin("Example", text);
    writer->end(text);
    check_form(std::string{writer->about().content_type}, text);
    CHECK_FALSE(writer->about().summary.empty());
  }
}

TEST_CASE("hostile text leaves as well-formed text that moves no cursor and is no formula") {
  for (auto const &[name, writer] : name_and_writers()) {
    CAPTURE(name);
    auto written = 0;
    for (auto const &hostile : hostile_texts()) {
      auto text = std::string{};
      writer->begin(hostile.substr(0, 100), text);
      for (auto const &seen : observations(hostile)) {
        auto const before = text.size();
        auto const taken = writer->write(OutObservation{seen, "sensor-1", false}, text);
        CHECK(taken == (text.size() != before));
        written += static_cast<int>(taken);
      }
      for (auto const &indicator : indicators()) {
        auto const before = text.size();
        auto const taken = writer->write(indicator, text);
        CHECK(taken == (text.size() != before));
        written += static_cast<int>(taken);
      }
      writer->end(text);
      check_form(std::string{writer->about().content_type}, text);
    }
    CHECK(written > 0);
  }
}

TEST_CASE("an address of a sensor is in no export that did not ask for it") {
  for (auto const &[name, writer] : name_and_writers()) {
    CAPTURE(name);
    auto shown = std::string{}, hidden = std::string{};
    for (auto seen : observations("x")) {
      seen.destination = {model::IpAddress::v4(0xcb00'714d), 23};
      writer->write(OutObservation{seen, "sensor-1", true}, shown);
      writer->write(OutObservation{seen, "sensor-1", false}, hidden);
    }
    CHECK(hidden.find("203.0.113.77") == std::string::npos);
    if (writer->about().subject == share::Subject::observations) CHECK(shown.find("203.0.113.77") != std::string::npos);
  }
}

TEST_CASE("what is not fit for blocking is in no list") {
  for (auto const *const name : {"plain", "indicators-csv"}) {
    auto const writer = Registry<Writer>::instance().create(name);
    REQUIRE(writer);
    for (auto const &indicator : indicators()) {
      auto text = std::string{};
      CHECK(writer->write(indicator, text) == indicator.blockable);
    }
  }
}

TEST_CASE("STIX leaves out what it has neither an observable nor a pattern for, and says so") {
  auto const writer = Registry<Writer>::instance().create("stix");
  REQUIRE(writer);
  for (auto const &indicator : indicators()) {
    using enum model::ValueType;
    auto const type = indicator.value.type;
    auto text = std::string{};
    auto const pattern_only = type == imphash || type == user_agent;
    auto const written = type != ja3 && type != cve && (!pattern_only || indicator.blockable);
    CAPTURE(to_string(type));
    CHECK(writer->write(indicator, text) == written);
    CHECK(text.empty() != written);
    CHECK(text.contains("observed-data--") == (written && !pattern_only));
    CHECK(text.contains("indicator--") == (written && indicator.blockable));
  }
}
