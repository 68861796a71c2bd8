// The port of watches in memory. It applies the viewer's rights as the real one must; every finding is an answer.
#pragma once

#include <algorithm>
#include <map>

#include "model/ports/watch_book.hpp"

namespace noroshi::test {

class FakeWatchBook final : public model::WatchBook {
public:
  auto add(model::NewWatch const &watch, model::Viewer const &viewer) -> Result<model::AddedWatch> override {
    if (!viewer.may_see_observations() || !viewer.may_see(watch.tlp)) return fail(ErrorCode::denied, "no");
    if ((watch.about == model::WatchAbout::values) == watch.values.empty())
      return fail(ErrorCode::malformed, "values?");
    auto stored = model::Watch{.id = {static_cast<std::int64_t>(version_++)}};
    stored.owner = viewer.user;
    stored.owner_name = viewer.name;
    stored.organisation = viewer.organisation;
    stored.about = watch.about;
    stored.note = watch.note;
    stored.tlp = watch.tlp;
    stored.until = watch.until;
    stored.values = watch.values.size();
    stored.webhook = watch.webhook;
    all_[stored.id] = stored;
    values_[stored.id] = {watch.values.begin(), watch.values.end()};
    if (watch.past) hunts.push_back({++hunt_, stored.id, values_[stored.id], {}, {}});
    return model::AddedWatch{stored, watch.webhook.empty() ? "" : std::string(32, 'k')};
  }
  auto watches(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::Watch>> override {
    if (!viewer.may_see_observations()) return fail(ErrorCode::denied, "no");
    auto seen = std::vector<model::Watch>{};
    for (auto at = all_.rbegin(); at != all_.rend() && seen.size() < page.limit; ++at)
      if (at->first.number < page.before && may_see(viewer, at->second)) seen.push_back(at->second);
    return seen;
  }
  auto watch(model::WatchId id, model::Viewer const &viewer) -> Result<model::Watch> override {
    auto const found = all_.find(id);
    if (found == all_.end() || !may_see(viewer, found->second)) return fail(ErrorCode::not_found, "no watch");
    return found->second;
  }
  auto values(model::WatchId id, model::Value const &after, std::size_t limit, model::Viewer const &viewer)
      -> Result<std::vector<model::Value>> override {
    TRY_VOID(watch(id, viewer));
    auto some = values_[id];
    if (!after.text.empty()) std::erase_if(some, [&](auto const &value) { return value <= after; });
    some.resize(std::min(some.size(), limit));
    return some;
  }
  auto remove(model::WatchId id, model::Viewer const &viewer) -> Result<void> override {
    TRY(auto const found, watch(id, viewer));
    if (!viewer.may_administer() && found.owner != viewer.user) return fail(ErrorCode::denied, "not yours");
    all_.erase(id);
    ++version_;
    return ok;
  }
  auto answers(std::int64_t after, std::optional<model::WatchId> watch, std::size_t limit, model::Viewer const &viewer)
      -> Result<model::AnswerPage> override {
    if (!viewer.may_see_observations()) return fail(ErrorCode::denied, "no");
    auto page = model::AnswerPage{.answers = {}, .through = after};
    for (auto const &answer : given) {
      if (answer.id <= after || (watch && answer.finding.watch != *watch)) continue;
      page.more = page.answers.size() == limit;
      if (page.more) break;
      page.through = answer.id;
      if (may_see(viewer, answer)) page.answers.push_back(answer);
    }
    return page;
  }
  auto last_answer() -> Result<std::int64_t> override { return static_cast<std::int64_t>(given.size()); }

  [[nodiscard]] auto version() const -> std::uint64_t override { return version_; }
  auto each_value(Time, std::function<void(model::WatchId, model::ValueType, std::string_view)> const &take)
      -> Result<void> override {
    for (auto const &[id, watch] : all_)
      for (auto const &value : values_[id]) take(id, value.type, value.text);
    return ok;
  }
  auto record(std::string_view stream, std::uint64_t position, std::span<model::Finding const> findings, Time now)
      -> Result<std::vector<model::WatchAnswer>> override {
    auto made = std::vector<model::WatchAnswer>{};
    if (!stream.empty()) {
      auto &cursor = cursors[std::string{stream}];
      if (position <= cursor) return made;
      cursor = position;
    }
    for (auto const &finding : findings) {
      auto const found = all_.find(finding.watch);
      if (found == all_.end()) continue;
      auto answer = model::WatchAnswer{.id = static_cast<std::int64_t>(given.size()) + 1, .time = now};
      answer.finding = finding;
      answer.owner = found->second.owner;
      answer.organisation = found->second.organisation;
      answer.watch_tlp = found->second.tlp;
      answer.note = found->second.note;
      given.push_back(answer);
      made.push_back(std::move(answer));
    }
    return made;
  }
  auto cursor(std::string_view stream) -> Result<std::uint64_t> override { return cursors[std::string{stream}]; }
  auto sweep(Time, Duration) -> Result<std::vector<model::WatchAnswer>> override {
    return std::vector<model::WatchAnswer>{};
  }
  auto plan_hunt(std::string_view, std::uint64_t, model::Hunt const &hunt, Time) -> Result<std::int64_t> override {
    hunts.push_back(hunt);
    hunts.back().id = ++hunt_;
    if (hunt.watch) hunts.back().values = values_[*hunt.watch];
    return hunt_;
  }
  auto next_hunt(std::set<std::int64_t> const &held) -> Result<std::optional<model::Hunt>> override {
    for (auto const &hunt : hunts)
      if (!held.contains(hunt.id)) return std::optional{hunt};
    return std::optional<model::Hunt>{};
  }
  auto finish_hunt(std::int64_t hunt, std::span<model::Finding const> findings, Time now)
      -> Result<std::vector<model::WatchAnswer>> override {
    std::erase_if(hunts, [&](auto const &each) { return each.id == hunt; });
    return record({}, 0, findings, now);
  }
  auto due_webhooks(Time) -> Result<std::vector<model::DueWebhook>> override {
    return std::vector<model::DueWebhook>{};
  }
  auto note_delivered(model::WatchId, std::int64_t) -> Result<void> override { return ok; }
  auto note_refused(model::WatchId, std::string_view, Time) -> Result<void> override { return ok; }

  std::vector<model::WatchAnswer> given;
  std::vector<model::Hunt> hunts;
  std::map<std::string, std::uint64_t> cursors;

private:
  std::map<model::WatchId, model::Watch> all_;
  std::map<model::WatchId, std::vector<model::Value>> values_;
  std::uint64_t version_ = 1;
  std::int64_t hunt_ = 0;
};

}  // namespace noroshi::test
