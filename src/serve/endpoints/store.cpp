// /api/v1/store: what the indicator store is made of, whether its files are what was written, and all of it into one
// file. Long work answers line by line as it goes on; whoever hangs up stops it.
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "serve/endpoint.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

// Between two lines about how far the work is: a worker's thread waits so long, and others wait for it.
constexpr auto kLook = std::chrono::milliseconds{100};

void write(codec::JsonWriter &json, model::IndicatorFile const &file) {
  json.member("file", file.name).member("tier", file.tier).member("indicators", file.indicators);
  json.member("contexts", file.contexts).member("bytes", file.bytes).member("filter_bytes", file.filter_bytes);
}

/// The others are there so that they can be checked.
auto holds_indicators(model::IndicatorFile const &file) -> bool {
  return file.tier == "base" || file.tier == "young" || file.tier == "memory";
}

auto line_reply(std::shared_ptr<net::PiecedBody> body) -> net::HttpResponse {
  auto response = net::HttpResponse{};
  response.content_type = "application/x-ndjson";
  response.pieces = std::move(body);
  return response;
}

class StoreFiles final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "The files of the indicator store, and what is in memory", .answer = "Store"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override {
    return viewer.may_see_observations();
  }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const stats, call.services.indicators.stats());
    TRY(auto const files, call.services.indicators.files());
    auto body = std::string{};
    auto json = codec::JsonWriter{body};
    json.begin_object().member("indicators", stats.indicators).member("contexts", stats.contexts);
    json.member("bytes", stats.bytes).key("files").begin_array();
    for (auto const &file : files) {
      if (!holds_indicators(file)) continue;
      json.begin_object();
      write(json, file);
      json.end_object();
    }
    json.end_array().end_object();
    return json_reply(std::move(body));
  }
};

/// A line for each file as it was checked, and a last one.
class Checking final : public net::PiecedBody {
public:
  Checking(model::IndicatorStore &store, std::vector<model::IndicatorFile> files)
      : store_(store), files_(std::move(files)) {}

  auto next(std::string &to) -> bool override {
    auto json = codec::JsonWriter{to};
    json.begin_object();
    if (at_ == files_.size()) {
      json.member("checked", checked_).member("damaged", damaged_).end_object();
      to.push_back('\n');
      return false;
    }
    auto const &file = files_[at_++];
    auto const outcome = store_.check(file.name);
    auto const is_gone = !outcome && outcome.error().code == ErrorCode::not_found;
    write(json, file);
    json.member("state", outcome ? "sound" : is_gone ? "merged" : "damaged").key("problem");
    if (outcome || is_gone)
      json.value(nullptr);
    else
      json.value(outcome.error().sentence);
    json.end_object();
    to.push_back('\n');
    ++checked_;
    if (!outcome && !is_gone) ++damaged_;
    return true;
  }

private:
  model::IndicatorStore &store_;
  std::vector<model::IndicatorFile> files_;
  std::size_t at_ = 0;
  std::uint64_t checked_ = 0, damaged_ = 0;
};

class CheckStore final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Compare every byte of the indicator store with its checksums; a line for each file, then a sum",
            .answer = "StoreCheckLine",
            .answer_type = "application/x-ndjson"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_administer(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto files, call.services.indicators.files());
    return line_reply(std::make_shared<Checking>(call.services.indicators, std::move(files)));
  }
};

/// Lines that tell how far it is, and a last one with what came out.
class Compacting final : public net::PiecedBody {
public:
  Compacting(model::IndicatorStore &store, std::uint64_t bytes) : store_(store), bytes_before_(bytes) {}
  ~Compacting() override {
    {
      auto const lock = std::lock_guard{mutex_};
      stopped_ = true;
    }
    if (work_.joinable()) work_.join();
  }

  auto next(std::string &to) -> bool override {
    if (!work_.joinable()) work_ = std::thread{[this] { compact(); }};
    auto lock = std::unique_lock{mutex_};
    changed_.wait_for(lock, kLook, [this] { return outcome_.has_value(); });
    auto json = codec::JsonWriter{to};
    if (!outcome_) {
      if (done_ == told_) return true;
      told_ = done_;
      json.begin_object().member("done", done_).member("of", of_).end_object();
      to.push_back('\n');
      return true;
    }
    auto const outcome = *outcome_;
    lock.unlock();
    finish(json, outcome);
    to.push_back('\n');
    return false;
  }

private:
  void compact() {
    auto outcome = store_.compact([this](std::uint64_t done, std::uint64_t of) {
      auto const lock = std::lock_guard{mutex_};
      done_ = done;
      of_ = of;
      return !stopped_;
    });
    auto const lock = std::lock_guard{mutex_};
    outcome_ = std::move(outcome);
    changed_.notify_all();
  }
  void finish(codec::JsonWriter &json, Result<void> const &outcome) {
    json.begin_object().member("bytes_before", bytes_before_);
    auto const stats = outcome ? store_.stats() : Result<model::IndicatorStats>{outcome.error()};
    if (stats)
      json.member("indicators", stats->indicators).member("contexts", stats->contexts).member("bytes", stats->bytes);
    json.key("problem");
    if (stats)
      json.value(nullptr);
    else
      json.value(stats.error().sentence);
    json.end_object();
  }

  model::IndicatorStore &store_;
  std::uint64_t bytes_before_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t done_ = 0, of_ = 0, told_ = 0;
  std::optional<Result<void>> outcome_;
  bool stopped_ = false;
  std::thread work_;
};

class CompactStore final : public Endpoint {
public:
  [[nodiscard]] auto describe() const -> Description override {
    return {.summary = "Merge the indicator store into one file; lines tell how far it is, the last one what came out",
            .answer = "StoreCompactLine",
            .answer_type = "application/x-ndjson"};
  }
  [[nodiscard]] auto permits(model::Viewer const &viewer) const -> bool override { return viewer.may_administer(); }
  auto answer(Call const &call) -> Result<net::HttpResponse> override {
    TRY(auto const stats, call.services.indicators.stats());
    TRY_VOID(call.services.catalogue.audit("store.compact", "indicators", "", call.viewer));
    return line_reply(std::make_shared<Compacting>(call.services.indicators, stats.bytes));
  }
};

Registered<Endpoint, StoreFiles> const files{"GET /api/v1/store"};
Registered<Endpoint, CheckStore> const check{"POST /api/v1/store/check"};
Registered<Endpoint, CompactStore> const compact{"POST /api/v1/store/compact"};

}  // namespace
}  // namespace noroshi::serve
