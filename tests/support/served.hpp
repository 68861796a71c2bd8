// A router over stores in memory, asked as any role.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "serve/router.hpp"
#include "support/fake_catalogue.hpp"
#include "support/fake_stores.hpp"
#include "support/fake_watch_book.hpp"

namespace noroshi::test {

struct Served {
  Served() {
    auto sentences = search::Sentences::load(NOROSHI_SOURCE_DIR "/packs/text");
    if (!sentences) throw std::runtime_error{sentences.error().sentence};
    auto made = understand::Watcher::create({watches, catalogue, indicators, observations}, config, clock);
    if (!made) throw std::runtime_error{made.error().sentence};
    watcher = *std::move(made);
    router = std::make_unique<serve::Router>(
        serve::Services{.indicators = indicators,
                        .observations = observations,
                        .catalogue = catalogue,
                        .config = config,
                        .clock = clock,
                        .tail = tail,
                        .intake = [this](model::Batch const &batch) -> Result<bool> {
                          batches.push_back(batch);
                          return std::count_if(batches.begin(), batches.end(), [&](auto const &one) {
                                   return one.sensor == batch.sensor && one.epoch == batch.epoch &&
                                          one.sequence == batch.sequence;
                                 }) == 1;
                        },
                        .apply_changes = [this]() -> Result<void> {
                          while (true) {
                            TRY(auto const change, catalogue.changes_after(indicators.cursors["catalogue"], 1));
                            if (!change) return ok;
                            TRY_VOID(indicators.apply(*change));
                          }
                        },
                        .backup = [](std::string const &) -> Result<std::string> { return std::string{"{}"}; },
                        .running_state = [this] { return running; },
                        .other_metrics = {},
                        .rules = nullptr,
                        .where = nullptr,
                        .never = nullptr,
                        .import = [](understand::ImportPiece const &) -> Result<understand::ImportOutcome> {
                          return understand::ImportOutcome{};
                        },
                        .feeds = &feeds,
                        .peer = []() -> Result<serve::PeerFacts> { return serve::PeerFacts{{}, {"192.0.2.1:8788"}}; },
                        .watcher = watcher.get()},
        *std::move(sentences));
  }

  /// Asks as the user of that name ("reader", "admin", …); empty: without a key.
  auto ask(std::string_view as, std::string method, std::string path, std::string body = {}, net::HttpFields query = {},
           net::HttpFields headers = {}) -> net::HttpResponse {
    auto request = net::HttpRequest{};
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = std::move(headers);
    request.body = std::move(body);
    if (!as.empty()) request.headers.emplace_back("authorization", "Bearer nrs_" + std::string{as});
    auto response = router->handle(request);
    // What a server would send piece by piece.
    while (response.pieces)
      if (!response.pieces->next(response.body)) response.pieces = nullptr;
    return response;
  }

  FakeIndicators indicators;
  FakeObservations observations;
  FakeCatalogue catalogue;
  Config config;
  understand::LiveTail tail;
  ManualClock clock{Time{std::chrono::days{20'000}}};
  understand::FeedDesk feeds{{indicators, catalogue, clock}};
  std::vector<model::Batch> batches;
  std::string running = "{}";
  FakeWatchBook watches;
  std::unique_ptr<understand::Watcher> watcher;
  std::unique_ptr<serve::Router> router;
};

inline auto object_of(net::HttpResponse const &response) -> boost::json::object {
  auto error = boost::json::error_code{};
  auto const value = boost::json::parse(response.body, error);
  if (error || !value.is_object()) throw std::runtime_error{"no JSON object: " + response.body};
  return value.get_object();
}

/// The first header of that name; empty where there is none.
inline auto header(net::HttpResponse const &response, std::string_view name) -> std::string {
  for (auto const &[key, value] : response.headers)
    if (key == name) return value;
  return {};
}

/// The lines of an application/x-ndjson answer.
inline auto lines_of(net::HttpResponse const &response) -> std::vector<boost::json::object> {
  auto lines = std::vector<boost::json::object>{};
  auto rest = std::string_view{response.body};
  while (!rest.empty()) {
    auto const line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    lines.push_back(boost::json::parse(line).as_object());
  }
  return lines;
}

/// A batch body with one opened visit from 8.8.4.4.
inline auto one_frame() -> std::string {
  auto observation = model::Observation{};
  observation.time = Time{std::chrono::days{19'999}};
  observation.visit = model::Uuid{1, 2};
  observation.source = {model::IpAddress::v4(0x0808'0404), 40'000};
  observation.destination = {model::IpAddress::v4(0x7f00'0001), 23};
  observation.service = "telnet";
  auto frames = std::string{};
  model::append_frame(frames, observation);
  return frames;
}

}  // namespace noroshi::test
