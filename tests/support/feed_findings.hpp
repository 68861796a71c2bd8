// What a feed format finds in files, kept as it is told.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "understand/feeds/feed.hpp"

namespace noroshi::test {

class FeedFindings final : public understand::FeedSink {
public:
  struct Value {
    std::string text;
    std::optional<model::ValueType> type;
    model::Scope scope;
    understand::FeedFacts facts;
    std::optional<Time> first, last, expiry;
    std::uint64_t line;
  };
  struct Told {
    std::string reason, text;
    std::uint64_t line;
  };

  /// One file in pieces of `piece` bytes.
  void read(understand::FeedFormat &format, std::string_view file, std::string_view bytes,
            std::size_t piece = 1 << 20) {
    line_ = 0;
    format.begin_file(file, *this);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
      format.read(bytes.substr(0, piece), *this);
    format.end_file(*this);
  }
  static auto of(std::string_view name, std::string_view bytes, std::string_view file = "list.txt",
                 std::string_view columns = {}, std::size_t piece = 1 << 20) -> FeedFindings {
    auto const format = Registry<understand::FeedFormat>::instance().create(name);
    if (!format) throw std::runtime_error{"no format " + std::string{name}};
    if (!columns.empty())
      if (auto const set = format->set_columns(columns); !set) throw std::runtime_error{set.error().sentence};
    auto findings = FeedFindings{};
    findings.read(*format, file, bytes, piece);
    format->end(findings);
    return findings;
  }

  void at_line(std::uint64_t number) override {
    line_ = number;
    ++lines;
  }
  void comment() override { ++comments; }
  auto facts(understand::FeedFacts const &facts) -> understand::FeedFactsId override {
    facts_.push_back(facts);
    return static_cast<understand::FeedFactsId>(facts_.size());
  }
  void value(understand::FeedValue const &value) override {
    auto const facts = value.facts == 0 ? understand::FeedFacts{} : facts_.at(value.facts - 1);
    values.push_back(
        {std::string{value.text}, value.type, value.scope, facts, value.first, value.last, value.expiry, line_});
  }
  void refuse(std::string_view reason, std::string_view text, std::string_view) override {
    refused.push_back({std::string{reason}, std::string{text}, line_});
  }
  void unreadable(std::string_view reason, std::string_view text, std::string_view sentence) override {
    refuse(reason, text, sentence);
    ++holes;
  }
  void nothing_in(std::string_view reason, std::string_view text) override { leave_out(reason, text); }
  void take_but(std::string_view reason, std::string_view text) override {
    changed.push_back({std::string{reason}, std::string{text}, line_});
  }
  void leave_out(std::string_view reason, std::string_view text) override {
    left_out.push_back({std::string{reason}, std::string{text}, line_});
  }

  /// The values' texts, joined by blanks.
  [[nodiscard]] auto texts() const -> std::string {
    auto all = std::string{};
    for (auto const &value : values) all += (all.empty() ? "" : " ") + value.text;
    return all;
  }

  std::vector<Value> values;
  std::vector<Told> refused, left_out, changed;
  std::uint64_t lines = 0, comments = 0;
  std::uint64_t holes = 0;  // of those refused, files and what is left of them

private:
  std::vector<understand::FeedFacts> facts_;
  std::uint64_t line_ = 0;
};

/// A small sound file of each format, for what loops over the registry.
struct FeedFixture {
  std::string file, columns, bytes;
  std::size_t values = 0;
};
inline auto feed_fixtures() -> std::map<std::string, FeedFixture> {
  return {
      {"plain", {"list.txt", "", "# a list\nexample.com\n192.0.2.1 # here\n\n*.evil.example ; all\n", 3}},
      {"hosts", {"hosts", "", "127.0.0.1 localhost\n0.0.0.0 ads.example.com t.example.net # two\n", 2}},
      {"csv",
       {"a.csv", "value=url,first_seen=when", "# when,url\n\"2026-01-02 03:04:05\",\"http://a.example/x\"\n", 1}},
      {"maltrail",
       {"trails/malware/mirai.txt", "",
        "# Copyright (c) Maltrail developers\n\n# Reference: "
        "https://report.example/1\n\n198.51.100.7:48101\n/bins.sh\n",
        1}},
      {"misp",
       {"5f0a.json", "",
        R"({"Event":{"uuid":"5f0a","info":"Loader","date":"2026-01-02","Tag":[{"name":"tlp:green"}],)"
        R"("Attribute":[{"type":"ip-dst|port","value":"198.51.100.9|443","to_ids":true},)"
        R"({"type":"comment","value":"seen in the wild"}],"Object":[{"Attribute":[)"
        R"({"type":"filename|md5","value":"a.exe|d41d8cd98f00b204e9800998ecf8427e","to_ids":"1"}]}]}})",
        2}},
      {"stix",
       {"bundle.json", "",
        R"({"type":"bundle","id":"bundle--1","objects":[{"type":"identity","id":"identity--1","name":"x"},)"
        R"({"type":"indicator","id":"indicator--1","pattern":"[domain-name:value = 'c2.example.org']",)"
        R"("pattern_type":"stix","valid_from":"2026-01-02T00:00:00Z"}]})",
        1}},
  };
}

}  // namespace noroshi::test
