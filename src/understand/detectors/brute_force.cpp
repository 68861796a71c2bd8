// Brute force: many attempts to log in by one source in a short time, at whichever decoys.
#include "base/registry.hpp"
#include "understand/detector.hpp"
#include "understand/recent_sources.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<std::int64_t> const tries_key{
    "detect.brute_force_tries", "5", "log-ins",
    "log-in attempts of one source within detect.brute_force_window that make it brute force; a person who mistypes "
    "gives up after three or four, guessing tools begin with dozens"};
ConfigKey<Duration> const window_key{
    "detect.brute_force_window", "10min", "time",
    "how close together those attempts are; the span that log-in guards such as fail2ban use, so that both agree"};

// More is no threshold any more: nobody needs to see a million attempts to be sure.
constexpr auto kMostTries = std::int64_t{1'000'000};

class BruteForce final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"many attempts to log in by one source in a short time",
            "login observations; detect.brute_force_tries, detect.brute_force_window",
            {{"T1110", "Brute Force"}}};
  }

  auto configure(Config const &config) -> Result<void> override {
    tries_ = config.get(tries_key);
    window_ = config.get(window_key);
    if (tries_ < 1 || tries_ > kMostTries)
      return fail(ErrorCode::malformed, "detect.brute_force_tries is 1 to {}, not {}", kMostTries, tries_);
    return ok;
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    if (seen.kind != model::Kind::login || seen.transport != model::Transport::tcp) return;
    auto &source = sources_.at(seen.source.address);
    if (source.window.begins(seen.time, window_)) source.tries = 0;
    if (++source.tries >= tries_) add_finding(input, {.confidence = 90, .tag = "attack:T1110"}, derived);
  }

private:
  struct Source {
    Window window;
    std::int64_t tries = 0;
  };
  RecentSources<Source> sources_;
  std::int64_t tries_ = 0;
  Duration window_{};
};

}  // namespace

Registered<Detector, BruteForce> const brute_force{"brute_force"};

}  // namespace noroshi::understand
