// Observations as server-sent events (WHATWG HTML, section 9.2), as the stores take them.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "base/time.hpp"
#include "model/batch.hpp"
#include "model/ports/catalogue.hpp"
#include "model/viewer.hpp"
#include "net/http.hpp"
#include "understand/live_tail.hpp"

namespace noroshi::serve {

/// Which observations a follower wants; what is not said is not asked.
struct StreamFilter {
  std::optional<model::Kind> kind;
  std::optional<model::IpAddress> source;
  std::string service;
  [[nodiscard]] auto wants(model::Observation const &seen) const -> bool;
};

/// `event: observation` with `id:` and one JSON object (that of `noroshi show session`) each; `event: missed` where the
/// follower was away for too long and some are no longer held. Ends after kLongest, so that a right that was taken away
/// ends too: the follower asks again.
class ObservationStream final : public net::LiveBody {
public:
  static constexpr auto kLongest = std::chrono::hours{1};

  ObservationStream(std::unique_ptr<understand::LiveTail::Reader> reader, StreamFilter filter, model::Viewer viewer,
                    model::Catalogue &catalogue, Clock const &clock);

  auto next(std::string &to) -> Step override;
  void on_more(std::function<void()> wake) override { reader_->on_more(std::move(wake)); }
  [[nodiscard]] auto heartbeat() const -> std::string_view override { return ": still here\n\n"; }

private:
  auto next_batch(std::string &to) -> bool;
  void write_event(std::string &to, model::Observation const &seen);

  std::unique_ptr<understand::LiveTail::Reader> reader_;
  StreamFilter filter_;
  model::Viewer viewer_;
  model::Catalogue &catalogue_;
  Clock const &clock_;
  std::chrono::steady_clock::time_point until_;
  std::map<model::SensorId, std::string> sensors_;
  std::shared_ptr<understand::LogRecord const> batch_;  // being written; null between batches
  std::optional<model::FrameReader> frames_;            // of batch_
  std::uint64_t number_ = 0;                            // of the next frame
  bool greeted_ = false;
};

}  // namespace noroshi::serve
