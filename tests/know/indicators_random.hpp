// Random commits for the indicator store over a small world, so that keys, ranges and names meet often.
#pragma once

#include <algorithm>
#include <ostream>
#include <random>
#include <tuple>

#include "tests/know/indicators_fixture.hpp"

namespace noroshi::test {

class RandomWorld {
public:
  explicit RandomWorld(std::uint64_t seed) : random_(seed) {}

  auto below(std::uint64_t limit) -> std::uint64_t { return random_() % limit; }
  template <class T>
  auto one_of(std::initializer_list<T> choices) -> T {
    return *(choices.begin() + below(choices.size()));
  }

  auto value() -> model::Value {
    switch (below(5)) {
      case 0: return test::value(fmt::format("203.0.{}.{}", below(3), below(4)));
      case 1:
        return block(model::IpAddress::v4(0xcb00'7100U + static_cast<std::uint32_t>(below(1024))),
                     {8, 16, 22, 23, 24, 30});
      case 2: return test::value(fmt::format("2001:db8:{}::{}", below(3) + 1, below(3) + 1));
      case 3: return block(*model::IpAddress::parse(fmt::format("2001:db8:{}::1", below(3) + 1)), {32, 48, 64, 127});
      default: return domain();
    }
  }

  auto commit(std::string stream, std::uint64_t position) -> model::IndicatorCommit {
    auto commit = model::IndicatorCommit{.stream = std::move(stream), .position = position};
    for (auto count = below(12); count > 0; --count) commit.writes.push_back({value(), context()});
    if (below(4) == 0) commit.withdrawals.push_back({source(), model::ReportId{static_cast<std::int64_t>(below(4))}});
    if (below(8) == 0) commit.raised.push_back(source());
    return commit;
  }

  auto viewer() -> model::Viewer {
    using enum model::UserRole;
    return {model::UserId{1}, "someone", one_of({admin, analyst, reader, member, sensor}), model::OrganisationId{1}};
  }
  auto time() -> Time { return kNow + std::chrono::hours{below(10)}; }

private:
  static auto block_text(model::IpAddress address, unsigned length) -> std::string {
    return model::IpPrefix::of(address, length).to_string();
  }
  auto block(model::IpAddress address, std::initializer_list<unsigned> lengths) -> model::Value {
    return {model::ValueType::cidr, block_text(address, one_of(lengths))};
  }
  auto domain() -> model::Value {
    auto name = std::string{one_of({"example.com", "example.co.jp", "someone.github.io"})};
    for (auto labels = below(3); labels > 0; --labels) name.insert(0, one_of({"a.", "b."}));
    return {model::ValueType::domain, name};
  }
  auto source() -> model::SourceId { return {static_cast<std::int64_t>(below(3)) + 1}; }

  auto context() -> model::Context {
    auto made = model::Context{};
    made.source = source();
    made.report = model::ReportId{static_cast<std::int64_t>(below(4))};
    made.attribute = one_of({"", "decoy/telnet", "ip-src"});
    made.role = one_of({model::Role::scanner, model::Role::c2});
    made.direction = one_of({model::Direction::inbound, model::Direction::outbound});
    made.evidence = one_of({model::Evidence::claimed, model::Evidence::observed});
    made.collected_by = one_of({model::CollectedBy::decoy, model::CollectedBy::report});
    made.scope = one_of({model::Scope::exact, model::Scope::subtree});
    made.first_seen = time();
    made.last_seen = made.first_seen + std::chrono::minutes{below(60)};
    made.count = below(5) + 1;
    made.confidence = static_cast<std::uint8_t>(below(101));
    made.tlp = static_cast<model::Tlp>(below(5));
    made.pap = static_cast<model::Pap>(below(4));
    made.to_ids = below(2) == 0;
    if (below(2) == 0) made.tags = {one_of({"a", "b"}), one_of({"mirai", "x\x01y"})};
    if (below(2) == 0) made.expiry = time();
    return made;
  }

  std::mt19937_64 random_;
};

/// What each of some values was answered with.
struct Answers {
  std::vector<std::vector<model::Hit>> of;

  auto operator==(Answers const &other) const -> bool {
    return std::ranges::equal(of, other.of,
                              [](auto const &a, auto const &b) { return std::ranges::equal(a, b, is_same); });
  }
  friend auto operator<<(std::ostream &to, Answers const &answers) -> std::ostream &;

private:
  /// Every member, so that a difference of any shows.
  static auto is_same(model::Hit const &a, model::Hit const &b) -> bool {
    auto const context = [](model::Context const &c) {
      return std::tie(c.source, c.report, c.attribute, c.role, c.direction, c.evidence, c.collected_by, c.scope,
                      c.first_seen, c.last_seen, c.count, c.confidence, c.tlp, c.pap, c.to_ids, c.expiry, c.tags,
                      c.sequence);
    };
    return a.match == b.match && a.indicator == b.indicator && context(a.context) == context(b.context);
  }
};

/// The same members as text.
inline auto to_text(std::vector<model::Hit> const &hits) -> std::string {
  auto text = std::string{};
  for (auto const &[match, indicator, c] : hits) {
    text += fmt::format("{} {} {} | {} {} '{}' {} {} {} | {} {} {} {} x{} {}% {} {} {} {} [", to_string(match),
                        to_string(indicator.type), indicator.text, c.source.number, c.report.number, c.attribute,
                        to_string(c.role), to_string(c.direction), to_string(c.evidence), to_string(c.collected_by),
                        to_string(c.scope), to_rfc3339(c.first_seen), to_rfc3339(c.last_seen), c.count, c.confidence,
                        to_string(c.tlp), to_string(c.pap), c.to_ids, c.expiry ? to_rfc3339(*c.expiry) : "never");
    for (auto const &tag : c.tags) text += tag + ";";
    text += fmt::format("] #{}\n", c.sequence);
  }
  return text;
}

inline auto operator<<(std::ostream &to, Answers const &answers) -> std::ostream & {
  for (auto const &hits : answers.of) to << to_text(hits) << "--\n";
  return to;
}

}  // namespace noroshi::test
