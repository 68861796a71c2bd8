#include "base/metrics.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"

namespace noroshi {

namespace {

// 2^4 µs = 16 µs is the first bound: less than a system call round trip is not worth telling apart.
constexpr auto kFirstBoundBits = std::size_t{4};

// What another process hands over; our own number of metrics is two orders below.
constexpr auto kMaxHandedOver = std::size_t{10'000};

using Key = std::pair<std::string, std::string>;  // name, label value

struct Metrics {
  std::mutex mutex;
  std::map<Key, Metric const *> by_key;
};

auto metrics() -> Metrics & {
  static auto &metrics = *new Metrics;  // never destroyed: metrics at namespace scope leave it at exit, in any order
  return metrics;
}

auto is_name(std::string_view text) -> bool {
  auto const is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, is_word);
}

auto escaped(std::string_view text) -> std::string {
  auto escaped = std::string{};
  for (auto const character : text) {
    if (character == '\n') {
      escaped += "\\n";
      continue;
    }
    if (character == '\\' || character == '"') escaped += '\\';
    escaped += character;
  }
  return escaped;
}

auto kind_name(MetricKind kind) -> std::string_view {
  switch (kind) {
    case MetricKind::counter: return "counter";
    case MetricKind::gauge: return "gauge";
    case MetricKind::histogram: return "histogram";
  }
  return "untyped";
}

auto labels(MetricSample const &sample, std::string_view bound = {}) -> std::string {
  auto inside = std::string{};
  if (!sample.label_name.empty())
    inside = fmt::format("{}=\"{}\"", sample.label_name, escaped(lossless_utf8(sample.label_value)));
  if (!bound.empty()) inside += fmt::format("{}le=\"{}\"", inside.empty() ? "" : ",", bound);
  return inside.empty() ? inside : "{" + inside + "}";
}

auto seconds(std::uint64_t micros) -> std::string { return fmt::format("{}", static_cast<double>(micros) / 1e6); }

void append_histogram(std::string &text, MetricSample const &sample) {
  auto below = std::uint64_t{0};
  for (auto i = std::size_t{0}; i < kHistogramBounds; ++i) {
    below += sample.buckets[i];
    auto const bound = seconds(std::uint64_t{1} << (i + kFirstBoundBits));
    text += fmt::format("{}_bucket{} {}\n", sample.name, labels(sample, bound), below);
  }
  below += sample.buckets[kHistogramBounds];
  text += fmt::format("{}_bucket{} {}\n", sample.name, labels(sample, "+Inf"), below);
  text += fmt::format("{}_sum{} {}\n", sample.name, labels(sample), seconds(sample.sum_us));
  text += fmt::format("{}_count{} {}\n", sample.name, labels(sample), below);
}

/// Adds what another process counted. Wraps around like the counters themselves.
void merge(MetricSample &into, MetricSample const &other) {
  into.value =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(into.value) + static_cast<std::uint64_t>(other.value));
  for (auto i = std::size_t{0}; i < into.buckets.size(); ++i) into.buckets[i] += other.buckets[i];
  into.sum_us += other.sum_us;
}

/// Own samples and acceptable foreign ones. A family has one kind and one label name: the first sample's.
auto all_samples(std::vector<MetricSample> const &handed_over) -> std::map<Key, MetricSample> {
  auto samples = std::map<Key, MetricSample>{};
  for_each_metric([&](MetricSample const &own) { samples.emplace(Key{own.name, own.label_value}, own); });
  auto const count = std::min(handed_over.size(), kMaxHandedOver);
  for (auto i = std::size_t{0}; i < count; ++i) {
    auto const &other = handed_over[i];
    if (!is_name(other.name) || (!other.label_name.empty() && !is_name(other.label_name))) continue;
    auto const family = samples.lower_bound(Key{other.name, ""});
    auto const known = family != samples.end() && family->first.first == other.name;
    if (known && (family->second.kind != other.kind || family->second.label_name != other.label_name)) continue;
    auto const [at, inserted] = samples.try_emplace(Key{other.name, other.label_value}, other);
    if (!inserted) merge(at->second, other);
  }
  return samples;
}

}  // namespace

Metric::Metric(MetricKind kind, std::string_view name, std::string_view help, std::string_view label_name,
               std::string_view label_value)
    : identity_{.name = std::string{name},
                .help = std::string{help},
                .kind = kind,
                .label_name = std::string{label_name},
                .label_value = std::string{label_value}} {
  auto const lock = std::scoped_lock{metrics().mutex};
  auto const well_named = is_name(name) && (label_name.empty() || is_name(label_name));
  if (!well_named || !metrics().by_key.emplace(Key{identity_.name, identity_.label_value}, this).second) {
    fmt::print(stderr, "metric {}{}: malformed name, or declared twice\n", name, labels(identity_));
    std::abort();
  }
}

Metric::~Metric() {
  auto const lock = std::scoped_lock{metrics().mutex};
  metrics().by_key.erase(Key{identity_.name, identity_.label_value});
}

auto Metric::sample() const -> MetricSample {
  auto sample = identity_;
  fill(sample);
  return sample;
}

auto Counter::shard() -> std::size_t {
  static auto next = std::atomic<std::size_t>{0};
  thread_local auto const mine = next.fetch_add(1, std::memory_order_relaxed) % kShards;
  return mine;
}

auto Counter::value() const -> std::uint64_t {
  auto sum = std::uint64_t{0};
  for (auto const &shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

void Histogram::observe(Duration took) const {
  auto const micros = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  // The smallest i with micros <= 2^(i + first).
  auto const bits = micros <= 1 ? std::size_t{0} : static_cast<std::size_t>(std::bit_width(micros - 1));
  auto const bucket = std::min(bits < kFirstBoundBits ? 0 : bits - kFirstBoundBits, kHistogramBounds);
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(micros, std::memory_order_relaxed);
}

void Histogram::fill(MetricSample &sample) const {
  for (auto i = std::size_t{0}; i < buckets_.size(); ++i)
    sample.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
  sample.sum_us = sum_us_.load(std::memory_order_relaxed);
}

void for_each_metric(std::function<void(MetricSample const &)> const &take) {
  auto const lock = std::scoped_lock{metrics().mutex};
  for (auto const &[key, metric] : metrics().by_key) take(metric->sample());
}

auto metrics_text(std::vector<MetricSample> const &handed_over) -> std::string {
  auto text = std::string{};
  auto family = std::string{};
  for (auto const &[key, sample] : all_samples(handed_over)) {
    if (sample.name != family) {
      text += fmt::format("# HELP {} {}\n", sample.name, escaped(lossless_utf8(sample.help)));
      text += fmt::format("# TYPE {} {}\n", sample.name, kind_name(sample.kind));
      family = sample.name;
    }
    if (sample.kind == MetricKind::histogram)
      append_histogram(text, sample);
    else
      text += fmt::format("{}{} {}\n", sample.name, labels(sample), sample.value);
  }
  return text;
}

}  // namespace noroshi
