// Webhooks of watches: answers posted to the URL that a watch names, until the receiver takes them.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/watch_book.hpp"
#include "net/post.hpp"

namespace noroshi::understand {

/// Whether the node may post there: https to public addresses, and what `watch.webhook_allow` lists ("host:port"). The
/// sentence says what the operator can do.
auto check_webhook(std::string_view url, Config const &config) -> Result<void>;

class Webhooks {
public:
  Webhooks(model::WatchBook &book, model::Catalogue &catalogue, Config const &config, Clock const &clock)
      : book_(book), catalogue_(catalogue), config_(config), clock_(clock) {}

  /// Posts what is due, one after the other; `stopping` is asked between two. What a receiver does is noted at the
  /// watch; an error is the book's.
  auto deliver(std::atomic<bool> const &stopping) -> Result<void>;

private:
  auto deliver_one(model::DueWebhook const &due) -> Result<void>;
  auto send(model::DueWebhook const &due, std::vector<model::WatchAnswer> const &answers) -> Result<void>;

  model::WatchBook &book_;
  model::Catalogue &catalogue_;
  Config const &config_;
  Clock const &clock_;
};

}  // namespace noroshi::understand
