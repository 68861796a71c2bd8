// Scan: one source at many ports, or at many decoys, in a short time.
#include <array>

#include "base/registry.hpp"
#include "understand/detector.hpp"
#include "understand/recent_sources.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<std::int64_t> const ports_key{
    "detect.scan_ports", "5", "ports",
    "different ports at which one source opened connections within detect.scan_window that make it a scan; a stray "
    "browser or crawler tries 80, 443 and perhaps 8080 and 8443"};
ConfigKey<std::int64_t> const targets_key{
    "detect.scan_targets", "5", "targets",
    "different decoy addresses (or sensors) that make it a scan; a mistyped or re-used address explains one or two"};
ConfigKey<Duration> const window_key{
    "detect.scan_window", "1h", "time",
    "how close together those connections are; scanners of the whole internet come to one network at a slow pace, in "
    "minutes rather than seconds"};

// Thresholds go so far: what is remembered of a source has a fixed size.
constexpr auto kMost = std::size_t{32};

/// Different numbers, the first kMost of them.
template <class Number>
class Different {
public:
  void add(Number number) {
    for (auto i = std::size_t{0}; i < count_; ++i)
      if (numbers_[i] == number) return;
    if (count_ < kMost) numbers_[count_++] = number;
  }
  [[nodiscard]] auto count() const -> std::size_t { return count_; }

private:
  std::array<Number, kMost> numbers_{};
  std::size_t count_ = 0;
};

class Scan final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"one source at many ports or many decoys in a short time",
            "opened observations; detect.scan_ports, detect.scan_targets, detect.scan_window",
            {{"T1595", "Active Scanning"}}};
  }

  auto configure(Config const &config) -> Result<void> override {
    window_ = config.get(window_key);
    TRY(ports_, threshold(config, ports_key));
    TRY(targets_, threshold(config, targets_key));
    return ok;
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    if (seen.kind != model::Kind::opened || seen.transport != model::Transport::tcp) return;
    auto &source = sources_.at(seen.source.address);
    if (source.window.begins(seen.time, window_)) {
      source.ports = {};
      source.targets = {};
    }
    source.ports.add(seen.destination.port);
    // Sensors behind one translated address count each: their numbers stand in the upper half.
    auto const &address = seen.destination.address;
    source.targets.add(static_cast<std::uint64_t>(input.source.number) << 40 ^ address.low() ^ address.high() * 31);
    if (source.ports.count() >= ports_ || source.targets.count() >= targets_)
      add_finding(input, {.confidence = 60, .tag = "attack:T1595"}, derived);
  }

private:
  static auto threshold(Config const &config, ConfigKey<std::int64_t> const &key) -> Result<std::size_t> {
    auto const number = config.get(key);
    if (number < 2 || number > static_cast<std::int64_t>(kMost))
      return fail(ErrorCode::malformed, "{} is 2 to {}, not {}", key.name, kMost, number);
    return static_cast<std::size_t>(number);
  }

  struct Source {
    Window window;
    Different<std::uint16_t> ports;
    Different<std::uint64_t> targets;
  };
  RecentSources<Source> sources_;
  std::size_t ports_ = kMost;
  std::size_t targets_ = kMost;
  Duration window_{};
};

}  // namespace

Registered<Detector, Scan> const scan{"scan"};

}  // namespace noroshi::understand
