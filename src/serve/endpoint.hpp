// An endpoint: one file in endpoints/, registered on its last line under "METHOD /path/{placeholder}".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/metrics.hpp"
#include "base/registry.hpp"
#include "base/time.hpp"
#include "model/batch.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/ports/observation_store.hpp"
#include "net/http.hpp"
#include "search/answer.hpp"
#include "serve/description.hpp"
#include "share/lists.hpp"
#include "understand/feed_desk.hpp"
#include "understand/import_desk.hpp"
#include "understand/live_tail.hpp"
#include "understand/watcher.hpp"

namespace noroshi::serve {

/// How sensors reach this node, and by which key they know it.
struct PeerFacts {
  model::KeyPin pin;
  std::vector<std::string> addresses;  // "host:port"
};

/// What endpoints work with. Owned by whoever opened the data directory; outlives the router.
struct Services {
  model::IndicatorStore &indicators;
  model::ObservationStore &observations;
  model::Catalogue &catalogue;
  Config const &config;
  Clock const &clock;
  understand::LiveTail &tail;
  /// Durable when it returns; false where the batch was there already.
  std::function<Result<bool>(model::Batch const &)> intake;
  /// Applies pending catalogue changes to the indicator store; a write returns when its change is applied.
  std::function<Result<void>()> apply_changes;
  /// Copies the whole data directory, as it is now, into that folder; the answer's JSON object.
  std::function<Result<std::string>(std::string const &)> backup;
  /// The members of `noroshi status` that only the running program knows (listeners, protections, spool…), as JSON
  /// text.
  std::function<std::string()> running_state;
  /// Metrics that other processes of this node handed over (the decoys child). May be empty.
  std::function<std::vector<MetricSample>()> other_metrics;
  /// By which a session's page says what its requests tried. May be absent.
  understand::RuleSet const *rules = nullptr;
  understand::Where const *where = nullptr;
  understand::NeverList const *never = nullptr;
  /// Takes a piece of another honeypot's log; durable when it returns. May be empty.
  std::function<Result<understand::ImportOutcome>(understand::ImportPiece const &)> import;
  /// Where feeds of indicators are loaded. May be absent.
  understand::FeedDesk *feeds = nullptr;
  /// Empty where there is no peer port.
  std::function<Result<PeerFacts>()> peer;
  share::ListKey list_key = {};
  understand::Watcher *watcher = nullptr;  // standing questions; may be absent
};

/// One request on its way: who asks for what. Everything outlives the answer.
struct Call {
  net::HttpRequest &request;
  std::vector<std::string> const &arguments;  // the path's {placeholders} in order
  model::Viewer const &viewer;
  Services &services;
  search::Sentences const &sentences;
  std::string language;  // "en": what sentences are written in

  [[nodiscard]] auto knowledge() const -> search::Knowledge {
    return {services.indicators, services.observations, services.catalogue, services.clock,
            sentences,           services.rules,        services.where,     services.never};
  }
};

class Endpoint {
public:
  virtual ~Endpoint() = default;
  /// For /api/v1/openapi.json. A contract test holds real answers against it.
  [[nodiscard]] virtual auto describe() const -> Description = 0;
  /// True for the few endpoints that anyone may call, without a key.
  [[nodiscard]] virtual auto is_public() const -> bool { return false; }
  /// Who may call it; others get 403 before anything is read. The stores check the same rights again.
  [[nodiscard]] virtual auto permits(model::Viewer const &viewer) const -> bool { return viewer.may_read(); }
  /// An error becomes problem details with the status that fits its code.
  virtual auto answer(Call const &call) -> Result<net::HttpResponse> = 0;
};

}  // namespace noroshi::serve
