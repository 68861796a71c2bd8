// Counters, gauges and histograms that announce themselves, in the exposition format of Prometheus (version 0.0.4).
// Declared at namespace scope: `Counter const visits{"noroshi_visits_total", "Visits begun.", "decoy", "telnet"};`
// Counting is lock-free and thread-safe. A second metric of one name and label ends the program at start (a defect).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace noroshi {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

/// Upper bounds of the buckets are 16 µs · 2^i: 16 µs … 67 s; one more takes what is longer.
inline constexpr auto kHistogramBounds = std::size_t{23};

/// One metric as it stands now. Strings are owned: a process may hand samples over to another.
struct MetricSample {
  std::string name;
  std::string help;
  MetricKind kind = MetricKind::counter;
  std::string label_name;  // empty: no label
  std::string label_value;
  std::int64_t value = 0;                                     // counter, gauge
  std::array<std::uint64_t, kHistogramBounds + 1> buckets{};  // histogram: not cumulative
  std::uint64_t sum_us = 0;                                   // histogram: microseconds
};

/// What all metrics share. `name` and `label_name` follow [a-zA-Z_][a-zA-Z0-9_]*; counters end in _total, histograms in
/// _seconds.
class Metric {
public:
  Metric(MetricKind kind, std::string_view name, std::string_view help, std::string_view label_name,
         std::string_view label_value);
  virtual ~Metric();
  Metric(Metric const &) = delete;
  auto operator=(Metric const &) -> Metric & = delete;
  [[nodiscard]] auto sample() const -> MetricSample;

protected:
  virtual void fill(MetricSample &sample) const = 0;

private:
  MetricSample identity_;
};

/// Only grows. Sharded by thread, so that event loops on different cores do not share a cache line.
class Counter final : public Metric {
public:
  Counter(std::string_view name, std::string_view help, std::string_view label_name = {},
          std::string_view label_value = {})
      : Metric(MetricKind::counter, name, help, label_name, label_value) {}
  void add(std::uint64_t by = 1) const { shards_[shard()].value.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] auto value() const -> std::uint64_t;

private:
  // Two cores here, eight event loops on a usual server; more threads share shards and stay correct.
  static constexpr auto kShards = std::size_t{8};
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> value = 0;
  };
  static auto shard() -> std::size_t;
  void fill(MetricSample &sample) const override { sample.value = static_cast<std::int64_t>(value()); }
  mutable std::array<Shard, kShards> shards_;
};

/// Goes up and down.
class Gauge final : public Metric {
public:
  Gauge(std::string_view name, std::string_view help, std::string_view label_name = {},
        std::string_view label_value = {})
      : Metric(MetricKind::gauge, name, help, label_name, label_value) {}
  void set(std::int64_t to) const { value_.store(to, std::memory_order_relaxed); }
  void add(std::int64_t by) const { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] auto value() const -> std::int64_t { return value_.load(std::memory_order_relaxed); }

private:
  void fill(MetricSample &sample) const override { sample.value = value(); }
  mutable std::atomic<std::int64_t> value_ = 0;
};

/// How long things took; shown in seconds.
class Histogram final : public Metric {
public:
  Histogram(std::string_view name, std::string_view help, std::string_view label_name = {},
            std::string_view label_value = {})
      : Metric(MetricKind::histogram, name, help, label_name, label_value) {}
  /// A negative duration counts as zero.
  void observe(Duration took) const;

private:
  void fill(MetricSample &sample) const override;
  mutable std::array<std::atomic<std::uint64_t>, kHistogramBounds + 1> buckets_{};
  mutable std::atomic<std::uint64_t> sum_us_ = 0;
};

/// Calls `take` for every metric of this process, by name and label.
void for_each_metric(std::function<void(MetricSample const &)> const &take);

/// Everything in exposition format. `handed_over` are samples of other processes: those of one name and label are added
/// up, those with a malformed name or another kind than ours are dropped (the other process may be compromised).
auto metrics_text(std::vector<MetricSample> const &handed_over = {}) -> std::string;

}  // namespace noroshi
