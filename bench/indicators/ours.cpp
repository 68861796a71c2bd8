#include "bench/indicators/ours.hpp"

#include "know/indicator_store.hpp"
#include "model/viewer.hpp"

namespace noroshi::bench {

namespace {

// Values made up before the clock runs, then loaded while it runs.
constexpr auto kBlock = std::uint64_t{100'000};

auto asked_at() -> Time { return Time{std::chrono::seconds{1'790'000'000}}; }

/// What feeds say; sources 1 to 8 tell the contexts apart.
auto nth_context(std::uint64_t n) -> model::Context {
  auto context = model::Context{};
  context.source = {static_cast<std::int64_t>(n) + 1};
  context.attribute = "feed";
  context.role = n % 2 == 0 ? model::Role::c2 : model::Role::download;
  context.direction = model::Direction::outbound;
  context.evidence = model::Evidence::verified;
  context.collected_by = model::CollectedBy::feed;
  context.tlp = model::Tlp::green;
  context.to_ids = true;
  context.tags = {"mirai"};
  return context;
}

auto seen(std::uint64_t n) -> model::Seen {
  auto const first = Time{std::chrono::seconds{nth_first_seen(n)}};
  return {first, first + std::chrono::hours{5}, 1 + n % 3, {}};
}

auto first_of(model::Context const &context) -> std::int64_t {
  return std::chrono::duration_cast<std::chrono::seconds>(context.first_seen.time_since_epoch()).count();
}

}  // namespace

auto build_store(std::string const &folder, std::uint64_t count) -> Result<Built> {
  auto built = Built{};
  TRY(auto const store, know::open_indicator_store(folder));
  TRY(auto const load, store->load());
  auto contexts = std::vector<std::uint32_t>{};
  for (auto i = std::uint64_t{0}; i < kContexts; ++i) contexts.push_back(load->context(nth_context(i)));
  auto values = std::vector<model::Value>{};
  auto outcome = Result<void>{ok};
  auto const add_up = [&](auto const &work) {
    auto const cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    auto const took = timed(work);
    built.process_cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    built.took.wall += took.wall;
    built.took.cpu += took.cpu;
  };
  for (auto first = std::uint64_t{0}; first < count; first += kBlock) {
    values.clear();
    for (auto n = first; n < std::min(count, first + kBlock); ++n) values.push_back(nth_value(n));
    add_up([&] {
      for (auto i = std::size_t{0}; i < values.size() && outcome; ++i) {
        auto const n = first + i;
        outcome = load->add(values[i].type, values[i].text, contexts[n % kContexts], seen(n));
      }
    });
    TRY_VOID(outcome);
  }
  auto finished = Result<std::uint64_t>{std::uint64_t{0}};
  add_up([&] { finished = load->finish({}); });
  TRY(built.indicators, finished);
  TRY(auto const stats, store->stats());
  built.bytes = stats.bytes;
  return built;
}

auto Ours::open(std::string const &folder) -> Result<Ours> {
  auto ours = Ours{};
  auto const before = proc_bytes("status", "RssAnon:");
  auto store = Result<std::unique_ptr<model::IndicatorStore>>{std::unique_ptr<model::IndicatorStore>{}};
  ours.opening_ = timed([&] { store = know::open_indicator_store(folder); });
  TRY(ours.store_, std::move(store));
  auto const after = proc_bytes("status", "RssAnon:");
  ours.hot_bytes_ = after > before ? after - before : 0;
  return ours;
}

auto Ours::look_up(std::span<model::Value const> values, std::size_t batch) -> Result<Took> {
  auto const viewer = model::node_viewer();
  auto took = Took{};
  for (auto first = std::size_t{0}; first < values.size(); first += batch) {
    auto answer = Result<std::vector<std::vector<model::Hit>>>{std::vector<std::vector<model::Hit>>{}};
    auto const part = timed([&] {
      answer = store_->look_up(values.subspan(first, std::min(batch, values.size() - first)), viewer, asked_at());
    });
    took.wall += part.wall;
    took.cpu += part.cpu;
    if (!answer) return answer.error();
  }
  return took;
}

auto Ours::one_by_one(std::span<model::Value const> values, std::size_t count) -> Result<Took> {
  auto const viewer = model::node_viewer();
  auto at = std::size_t{0};
  auto outcome = Result<void>{ok};
  auto const took = timed([&] {
    for (auto i = std::size_t{0}; i < count; ++i) {
      auto const answer = store_->look_up(values.subspan(at, 1), viewer, asked_at());
      if (!answer) {
        outcome = answer.error();
        return;
      }
      auto const &hits = (*answer)[0];
      auto const said = hits.empty() ? 0 : static_cast<std::uint64_t>(first_of(hits[0].context));
      at = mixed(at ^ said ^ i << 20) % values.size();
    }
  });
  TRY_VOID(outcome);
  return took;
}

auto Ours::answers(std::span<model::Value const> values) -> Result<Answers> {
  TRY(auto const found, store_->look_up(values, model::node_viewer(), asked_at()));
  auto answers = Answers{};
  for (auto i = std::size_t{0}; i < found.size(); ++i)
    for (auto const &hit : found[i])
      answers.add(i, first_of(hit.context) * static_cast<std::int64_t>(2 * kContexts) +
                         static_cast<std::int64_t>(hit.context.source.number) - 1);
  return answers;
}

}  // namespace noroshi::bench
