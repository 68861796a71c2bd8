#include "understand/watcher.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "understand/webhooks.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<Duration> const keep{"watch.keep", "30d", "time",
                               "how long answers of watches are kept for who follows them"};

// Windows end at this pace.
constexpr auto kRound = std::chrono::seconds{1};
// A store that refuses is asked again after so long.
constexpr auto kRetry = std::chrono::seconds{5};

Counter const answers_given{"noroshi_watch_answers_total", "answers of standing questions"};

/// A part of the thread's work: where it fails it rests, and the other parts go on.
class Part {
public:
  explicit Part(std::string_view name) : name_(name) {}

  template <class Work>
  void attempt(Work const &work) {
    if (std::chrono::steady_clock::now() < rest_until_) return;
    if (auto const done = work(); !done) {
      log_error("{}: {}; next try in {} s", name_, done.error().sentence, kRetry.count());
      rest_until_ = std::chrono::steady_clock::now() + kRetry;
    }
  }

private:
  std::string_view name_;
  std::chrono::steady_clock::time_point rest_until_;
};

}  // namespace

Watcher::Watcher(WatcherStores stores, Config const &config, Clock const &clock)
    : stores_(stores),
      config_(config),
      clock_(clock),
      webhooks_(std::make_unique<Webhooks>(stores.book, stores.catalogue, config, clock)) {}

auto Watcher::create(WatcherStores stores, Config const &config, Clock const &clock)
    -> Result<std::unique_ptr<Watcher>> {
  auto watcher = std::unique_ptr<Watcher>{new Watcher{stores, config, clock}};
  TRY(auto const last, stores.book.last_answer());
  watcher->tail_.begin_after(last);
  TRY_VOID(watcher->read_watches());
  return watcher;
}

Watcher::~Watcher() { stop(); }

void Watcher::start() {
  stopping_ = false;
  thread_ = std::thread{[this] { run(); }};
  webhooks_->start();
}

void Watcher::stop() {
  stopping_ = true;
  wake();
  webhooks_->stop();
  if (thread_.joinable()) thread_.join();
}

void Watcher::wake() {
  {
    auto const lock = std::lock_guard{wait_mutex_};
    has_work_ = true;
  }
  woken_.notify_all();
}

auto Watcher::set() const -> std::shared_ptr<WatchSet const> {
  auto const lock = std::lock_guard{set_mutex_};
  return set_;
}

/// Built beside the one in use, which goes when its last reader is done.
auto Watcher::read_watches() -> Result<void> {
  auto const lock = std::lock_guard{refresh_mutex_};
  auto const version = stores_.book.version();
  auto fresh = std::make_shared<WatchSet>();
  TRY_VOID(stores_.book.each_value(clock_.now(), [&](model::WatchId watch, model::ValueType type,
                                                     std::string_view text) { fresh->add(watch, type, text); }));
  fresh->finish();
  auto of_indicators = std::vector<model::WatchId>{};
  TRY(auto const watches, stores_.book.watches({}, model::node_viewer()));
  for (auto const &watch : watches)
    if (watch.about == model::WatchAbout::indicators) of_indicators.push_back(watch.id);
  auto const guard = std::lock_guard{set_mutex_};
  hunts_wanted_ = !of_indicators.empty();
  of_indicators_ = std::move(of_indicators);
  set_ = std::move(fresh);
  seen_version_ = version;
  return ok;
}

auto Watcher::refresh() -> Result<void> {
  TRY_VOID(read_watches());
  if (!started()) return hunt();
  wake();
  return ok;
}

auto Watcher::record(std::string_view stream, std::uint64_t position, std::vector<model::Finding> const &findings)
    -> Result<void> {
  auto const lock = std::lock_guard{answering_mutex_};
  TRY(auto answers, stores_.book.record(stream, position, findings, clock_.now()));
  answers_given.add(answers.size());
  tail_.publish(std::move(answers));
  return ok;
}

auto Watcher::sweep() -> Result<void> {
  auto const lock = std::lock_guard{answering_mutex_};
  TRY(auto answers, stores_.book.sweep(clock_.now(), config_.get(keep)));
  answers_given.add(answers.size());
  tail_.publish(std::move(answers));
  return ok;
}

void Watcher::run() {
  auto ending = Part{"windows of watches"};
  auto reading = Part{"watches"};
  auto hunting = Part{"hunts in the past"};
  while (!stopping_) {
    {
      auto lock = std::unique_lock{wait_mutex_};
      woken_.wait_for(lock, kRound, [this] { return has_work_ || stopping_; });
      has_work_ = false;
    }
    if (stopping_) return;
    ending.attempt([this] { return sweep(); });
    // Watches that ended went with the sweep.
    reading.attempt([this] { return stores_.book.version() == seen_version_ ? Result<void>{ok} : read_watches(); });
    hunting.attempt([this] { return hunt(); });
  }
}

}  // namespace noroshi::understand
