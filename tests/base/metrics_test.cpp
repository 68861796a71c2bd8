#include "base/metrics.hpp"

#include <thread>

#include <doctest/doctest.h>

using namespace noroshi;

namespace {

Counter const telnet_visits{"test_visits_total", "Visits begun.", "decoy", "telnet"};
Counter const http_visits{"test_visits_total", "Visits begun.", "decoy", "ht\"tp\n\\"};
Gauge const open_visits{"test_open_visits", "Visits\nopen now."};
Histogram const answer_time{"test_answer_seconds", "Time to the first answer."};

auto foreign(std::string name, MetricKind kind, std::int64_t value) -> MetricSample {
  return MetricSample{.name = std::move(name), .help = "From elsewhere.", .kind = kind, .value = value};
}

}  // namespace

TEST_CASE("metrics appear in exposition format, one head a family, with labels and help escaped") {
  auto const visits = telnet_visits.value();
  telnet_visits.add(3);
  http_visits.add();
  open_visits.set(5);
  open_visits.add(-7);
  auto const text = metrics_text();
  CAPTURE(text);
  CHECK(telnet_visits.value() == visits + 3);
  CHECK(
      text.contains("# HELP test_visits_total Visits begun.\n# TYPE test_visits_total counter\n"
                    "test_visits_total{decoy=\"ht\\\"tp\\n\\\\\"} 1\ntest_visits_total{decoy=\"telnet\"} 3\n"));
  CHECK(text.contains(
      "# HELP test_open_visits Visits\\nopen now.\n# TYPE test_open_visits gauge\ntest_open_visits -2\n"));
}

TEST_CASE("a histogram counts each duration in the first bucket that holds it") {
  answer_time.observe(Duration{-5});
  answer_time.observe(Duration{16});
  answer_time.observe(Duration{17});
  answer_time.observe(std::chrono::seconds{67});
  answer_time.observe(std::chrono::seconds{68});
  auto const sample = answer_time.sample();
  CHECK(sample.buckets[0] == 2);
  CHECK(sample.buckets[1] == 1);
  CHECK(sample.buckets[22] == 1);
  CHECK(sample.buckets[23] == 1);
  auto const text = metrics_text();
  CHECK(text.contains("# TYPE test_answer_seconds histogram\ntest_answer_seconds_bucket{le=\"1.6e-05\"} 2\n"));
  CHECK(
      text.contains("test_answer_seconds_bucket{le=\"67.108864\"} 4\ntest_answer_seconds_bucket{le=\"+Inf\"} 5\n"
                    "test_answer_seconds_sum 135.000033\ntest_answer_seconds_count 5\n"));
}

TEST_CASE("no increment is lost between threads") {
  static Counter const steps{"test_steps_total", "Steps."};
  auto threads = std::vector<std::jthread>{};
  for (auto i = 0; i < 12; ++i)
    threads.emplace_back([] {
      for (auto step = 0; step < 20'000; ++step) steps.add();
    });
  threads.clear();
  CHECK(steps.value() == 240'000);
}

TEST_CASE("samples of another process are added up with ours") {
  static Counter const shared{"test_shared_total", "Counted in both processes."};
  shared.add(2);
  auto const text = metrics_text(
      {foreign("test_shared_total", MetricKind::counter, 40), foreign("test_theirs_total", MetricKind::counter, 7)});
  CHECK(text.contains("\ntest_shared_total 42\n"));
  CHECK(text.contains(
      "# HELP test_theirs_total From elsewhere.\n# TYPE test_theirs_total counter\ntest_theirs_total 7\n"));
}

TEST_CASE("samples that would forge or break a family are dropped") {
  auto labelled = foreign("test_open_visits", MetricKind::gauge, 1'000);
  labelled.label_name = "x";
  auto broken_label = foreign("test_broken_label", MetricKind::gauge, 1'000);
  broken_label.label_name = "a}b";
  auto const text = metrics_text({foreign("test_open_visits", MetricKind::counter, 1'000), labelled, broken_label,
                                  foreign("evil 1\nforged", MetricKind::counter, 1'000),
                                  foreign("", MetricKind::counter, 1'000), foreign("9x", MetricKind::counter, 1'000)});
  CHECK_FALSE(text.contains("1000"));
  CHECK_FALSE(text.contains("forged"));
}

TEST_CASE("every metric of the process is handed over once, and one that went is gone") {
  auto const count = [](std::string_view name) {
    auto times = 0;
    for_each_metric([&](MetricSample const &sample) { times += sample.name == name ? 1 : 0; });
    return times;
  };
  {
    auto const passing = Gauge{"test_passing", "Not for long."};
    CHECK(count("test_passing") == 1);
  }
  CHECK(count("test_passing") == 0);
  CHECK(count("test_visits_total") == 2);
}
