// Requests a second held against all exploit rules, beside the plain way: every text of every rule looked for in every
// request with memmem. Both must agree on which rules a request matches.
#include <chrono>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "bench/traffic.hpp"
#include "codec/http_normal.hpp"
#include "tests/support/http_probe.hpp"
#include "understand/rules/rule_set.hpp"

using namespace noroshi;
using understand::Condition;
using understand::NotedRequest;
using understand::Rule;

namespace {

struct Request {
  test::ProbeRequest asked;
  std::string extra;  // as the http decoy notes it
  [[nodiscard]] auto noted() const -> NotedRequest { return {asked.method, asked.target, asked.body, extra}; }
};

auto quoted_json(std::string_view text) -> std::string {
  auto quoted = std::string{'"'};
  for (auto const c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

auto request_of(test::ProbeRequest asked) -> Request {
  auto headers = std::string{};
  for (auto const &[name, value] : asked.headers)
    headers += fmt::format("{}[{},{}]", headers.empty() ? "" : ",", quoted_json(name), quoted_json(value));
  return {std::move(asked), fmt::format(R"({{"version":"1.1","headers":[{}]}})", headers)};
}

/// One request in a hundred tries something, as on a quiet sensor's day; most of what comes is ordinary.
auto requests(std::vector<Rule> const &rules, std::size_t count) -> std::vector<Request> {
  auto made = std::vector<Request>{};
  auto ordinary = test::OrdinaryRequests{7};
  for (auto i = std::size_t{0}; i < count; ++i)
    made.push_back(request_of(i % 100 == 0 ? test::ProbeRequest::parse(rules[i / 100 % rules.size()].probes.front())
                                           : ordinary.next()));
  return made;
}

/// The peer: no set of literals, each condition tried on each request.
class Plain {
public:
  explicit Plain(std::vector<Rule> const &rules) : rules_(rules) {}
  auto count(Request const &request) -> std::size_t {
    auto const [path, query] = codec::http::split_target(request.asked.target);
    codec::http::normalise_path(path, path_);
    codec::http::normalise_text(query, query_);
    codec::http::normalise_text(request.asked.body, body_);
    headers_.clear();
    for (auto const &[name, value] : request.asked.headers) {
      auto normal = std::pair<std::string, std::string>{};
      codec::http::normalise_header(name, normal.first);
      codec::http::normalise_header(value, normal.second);
      headers_.insert(std::move(normal));
    }
    return static_cast<std::size_t>(
        std::ranges::count_if(rules_, [&](Rule const &rule) { return holds(rule, request.asked.method); }));
  }

private:
  static auto in(std::string const &where, std::string const &text) -> bool {
    return ::memmem(where.data(), where.size(), text.data(), text.size()) != nullptr;
  }
  auto stands(Condition const &condition, std::string const &text) -> bool {
    auto const in_header = [&](bool any) {
      return std::ranges::any_of(headers_, [&](auto const &header) {
        return (any || header.first == condition.header) && in(header.second, text);
      });
    };
    switch (condition.part) {
      case Condition::Part::path: return in(path_, text);
      case Condition::Part::query: return in(query_, text);
      case Condition::Part::body: return in(body_, text);
      case Condition::Part::parameters: return in(query_, text) || in(body_, text);
      case Condition::Part::header: return in_header(false);
      case Condition::Part::anywhere: return in(path_, text) || in(query_, text) || in(body_, text) || in_header(true);
    }
    return false;
  }
  auto holds(Rule const &rule, std::string const &method) -> bool {
    if (!rule.methods.empty() && std::ranges::find(rule.methods, method) == rule.methods.end()) return false;
    return std::ranges::all_of(rule.when, [&](Condition const &condition) {
      auto const is_there = [&](std::string const &text) { return stands(condition, text); };
      if (condition.part == Condition::Part::header && !headers_.contains(condition.header)) return false;
      return std::ranges::all_of(condition.has, is_there) && std::ranges::none_of(condition.lacks, is_there) &&
             (condition.has_one.empty() || std::ranges::any_of(condition.has_one, is_there)) &&
             (condition.ends.empty() || std::ranges::any_of(condition.ends, is_there));
    });
  }

  std::vector<Rule> const &rules_;
  std::string path_, query_, body_;
  std::map<std::string, std::string> headers_;
};

auto rate(std::size_t rounds, std::vector<Request> const &all, auto &matched, auto const &count) -> double {
  auto const start = std::chrono::steady_clock::now();
  matched = 0;
  for (auto round = std::size_t{0}; round < rounds; ++round)
    for (auto const &request : all) matched += count(request);
  auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return static_cast<double>(rounds * all.size()) / took;
}

}  // namespace

auto main(int argc, char **argv) -> int {
  auto const small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  auto const rules = bench::must(understand::read_rules(std::vector<std::string>{NOROSHI_SOURCE_DIR "/packs/rules"}));
  auto const all = requests(rules, 10'000);
  auto equal = true;
  // The operator's own rules: the same ones again, under words that nothing holds.
  for (auto const copies : {std::size_t{1}, std::size_t{20}}) {
    auto many = rules;
    for (auto copy = std::size_t{1}; copy < copies; ++copy) {
      for (auto rule : rules) {
        for (auto &condition : rule.when)
          for (auto *list : {&condition.has, &condition.has_one, &condition.ends})
            for (auto &text : *list) text.insert(text.size() / 2, fmt::format("~{}~", copy));
        for (auto &condition : rule.when)
          if (!condition.header.empty()) condition.header += fmt::format("-{}", copy);
        many.push_back(std::move(rule));
      }
    }
    auto const set = bench::must(understand::RuleSet::create(many));
    auto matcher = bench::must(understand::RuleMatcher::create(set));
    auto plain = Plain{many};
    auto found = std::size_t{0};
    auto theirs = std::size_t{0};
    auto const rounds = small ? std::size_t{1} : std::size_t{20};
    auto const ours =
        rate(rounds, all, found, [&](Request const &request) { return matcher.match(request.noted()).size(); });
    auto const peer = rate(1, all, theirs, [&](Request const &request) { return plain.count(request); });
    equal = equal && found == rounds * theirs && found > 0;
    fmt::print("{} rules, {} requests\n  matches, ours and the peer's in a round: {}, {}: {}\n", many.size(),
               all.size(), found / rounds, theirs, found == rounds * theirs ? "equal" : "NOT EQUAL");
    fmt::print("  ours              {:>9.0f} requests/s\n  each text alone   {:>9.0f} requests/s\n  ratio {:.2f}\n",
               ours, peer, ours / peer);
  }
  return equal ? 0 : 1;
}
