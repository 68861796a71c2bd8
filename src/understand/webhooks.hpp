// Webhooks of watches: answers posted to the URL that a watch names, until the receiver takes them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/config.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/watch_book.hpp"
#include "net/post.hpp"

namespace noroshi::understand {

/// Whether the node may post there: https to public addresses, and what `watch.webhook_allow` lists ("host:port"). The
/// sentence says what the operator can do.
auto check_webhook(std::string_view url, Config const &config) -> Result<void>;

/// Each on a thread of its own while it lasts, several at once, so that a receiver that is slow or dead holds up its
/// own answers only.
class Webhooks {
public:
  Webhooks(model::WatchBook &book, model::Catalogue &catalogue, Config const &config, Clock const &clock)
      : book_(book), catalogue_(catalogue), config_(config), clock_(clock) {}
  ~Webhooks() { stop(); }
  Webhooks(Webhooks const &) = delete;
  auto operator=(Webhooks const &) -> Webhooks & = delete;

  /// From here on looks every second for what is due. What a receiver does is noted at its watch.
  void start();
  /// What is being posted is given up, and posted again by the next node.
  void stop();

private:
  struct Flight {  // one watch's turn
    model::WatchId watch;
    model::UserId owner;
    std::string receiver;
    bool is_over = false;
    std::jthread thread;
  };

  void run(std::stop_token const &stop);
  auto set_off() -> Result<void>;
  [[nodiscard]] auto may_set_off(model::DueWebhook const &due, std::string_view receiver) const -> bool;
  auto deliver(model::DueWebhook const &due, std::stop_token const &stop) -> Result<void>;
  auto send(model::DueWebhook const &due, std::vector<model::WatchAnswer> const &answers, std::stop_token const &stop)
      -> Result<void>;

  model::WatchBook &book_;
  model::Catalogue &catalogue_;
  Config const &config_;
  Clock const &clock_;
  std::mutex mutex_;
  std::condition_variable_any landed_;
  bool any_landed_ = false;                       // under the mutex, as each flight's end
  std::vector<std::unique_ptr<Flight>> flights_;  // of the thread's alone
  std::jthread thread_;
};

}  // namespace noroshi::understand
