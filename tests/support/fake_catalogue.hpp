// The catalogue port in memory: one user a role, whose API key is "nrs_<role>"; every privileged act is audited.
#pragma once

#include <algorithm>
#include <map>

#include "support/fake_sensor_registry.hpp"

namespace noroshi::test {

class FakeCatalogue final : public FakeSensorRegistry {
public:
  FakeCatalogue() {
    for (auto const role : {model::UserRole::admin, model::UserRole::analyst, model::UserRole::reader,
                            model::UserRole::member, model::UserRole::sensor}) {
      auto const name = std::string{to_string(role)};
      users_.push_back(
          {model::UserId{static_cast<std::int64_t>(users_.size()) + 1}, name, role, model::OrganisationId{1}});
      keys_["nrs_" + name] = {static_cast<std::int64_t>(keys_.size()) + 1,
                              users_.back().id,
                              "made for tests",
                              "nrs_" + name.substr(0, 4),
                              {},
                              {},
                              {}};
    }
    (void)ensure_sensor("sensor");
  }

  auto organisation(model::OrganisationId id) -> Result<model::Organisation> override {
    if (id.number != 1) return fail(ErrorCode::not_found, "no organisation {}", id.number);
    return model::Organisation{id, "tower"};
  }
  auto users(model::Viewer const &viewer) -> Result<std::vector<model::User>> override {
    TRY_VOID(administrator(viewer));
    return users_;
  }
  auto add_user(std::string_view name, model::UserRole role, model::OrganisationId, model::Viewer const &viewer)
      -> Result<model::User> override {
    TRY_VOID(administrator(viewer));
    if (std::ranges::find(users_, name, &model::User::name) != users_.end())
      return fail(ErrorCode::conflict, "there is a user {} already", name);
    users_.push_back({model::UserId{static_cast<std::int64_t>(users_.size()) + 1}, std::string{name}, role, {1}});
    TRY_VOID(audit("user.create", name, to_string(role), viewer));
    return users_.back();
  }
  auto disable_user(std::string_view name, model::Viewer const &viewer) -> Result<void> override {
    TRY_VOID(administrator(viewer));
    auto const found = std::ranges::find(users_, name, &model::User::name);
    if (found == users_.end()) return fail(ErrorCode::not_found, "there is no user {}", name);
    found->disabled = true;
    return audit("user.disable", name, "", viewer);
  }
  auto add_key(std::string_view user, std::string_view label, std::optional<Time> expiry, model::Viewer const &viewer)
      -> Result<std::string> override {
    TRY_VOID(administrator(viewer));
    if (label.empty()) return fail(ErrorCode::malformed, "a key needs a label");
    auto const found = std::ranges::find(users_, user, &model::User::name);
    if (found == users_.end()) return fail(ErrorCode::not_found, "there is no user {}", user);
    auto const id = static_cast<std::int64_t>(keys_.size()) + 1;
    auto const key = fmt::format("nrs_new{}-the-rest", id);
    keys_[key] = {id, found->id, std::string{label}, key.substr(0, 8), {}, expiry, {}};
    TRY_VOID(audit("key.create", user, label, viewer));
    return key;
  }
  auto keys(model::Viewer const &viewer) -> Result<std::vector<model::ApiKeyInfo>> override {
    TRY_VOID(administrator(viewer));
    auto all = std::vector<model::ApiKeyInfo>{};
    for (auto const &[text, key] : keys_) all.push_back(key);
    return all;
  }
  auto revoke_key(std::int64_t id, model::Viewer const &viewer) -> Result<void> override {
    TRY_VOID(administrator(viewer));
    if (std::erase_if(keys_, [&](auto const &entry) { return entry.second.id == id; }) == 0)
      return fail(ErrorCode::not_found, "there is no key {}", id);
    return audit("key.revoke", std::to_string(id), "", viewer);
  }
  auto authenticate(std::string_view key, Time now) -> Result<model::Viewer> override {
    auto const found = keys_.find(std::string{key});
    if (found == keys_.end() || (found->second.expiry && *found->second.expiry <= now))
      return fail(ErrorCode::denied, "this API key is unknown, expired or revoked");
    auto const user = std::ranges::find(users_, found->second.user, &model::User::id);
    if (user->disabled) return fail(ErrorCode::denied, "this API key is unknown, expired or revoked");
    return viewer_of(*user);
  }
  auto local_administrator() -> Result<model::Viewer> override { return viewer_of(users_.front()); }
  auto audit(std::string_view action, std::string_view subject, std::string_view detail, model::Viewer const &viewer)
      -> Result<void> override {
    log.push_back({static_cast<std::int64_t>(log.size()) + 1,
                   {},
                   viewer.name,
                   std::string{action},
                   std::string{subject},
                   std::string{detail}});
    return ok;
  }
  auto audit_log(model::Page page, model::Viewer const &viewer) -> Result<std::vector<model::AuditEntry>> override {
    TRY_VOID(administrator(viewer));
    auto newest = std::vector<model::AuditEntry>{log.rbegin(), log.rend()};
    std::erase_if(newest, [&](auto const &entry) { return entry.id >= page.before; });
    newest.resize(std::min(newest.size(), page.limit));
    return newest;
  }

  auto source(model::SourceId id) -> Result<model::Source> override {
    auto const found = std::ranges::find(sources_, id, &model::Source::id);
    if (found == sources_.end()) return fail(ErrorCode::not_found, "no source {}", id.number);
    return *found;
  }
  auto ensure_source(std::string_view name) -> Result<model::Source> override {
    auto const found = std::ranges::find(sources_, name, &model::Source::name);
    if (found != sources_.end()) return *found;
    sources_.push_back({{static_cast<std::int64_t>(sources_.size()) + 1}, std::string{name}, {1}});
    return sources_.back();
  }
  auto apply(std::span<model::SensorProgress const>, std::uint64_t position) -> Result<void> override {
    cursor_ = position;
    return ok;
  }
  auto cursor() -> Result<std::uint64_t> override { return cursor_; }
  auto add_report(std::string_view source, std::string_view title, std::span<model::IndicatorWrite const> writes,
                  model::Viewer const &viewer) -> Result<model::Report> override {
    if (!viewer.may_write_reports()) return fail(ErrorCode::denied, "{} may not write reports", viewer.name);
    TRY(auto const from, ensure_source(source));
    auto const id = model::ReportId{static_cast<std::int64_t>(reports_.size()) + 1};
    reports_.push_back({id, from.id, std::string{title}, {}, false});
    auto commit = model::IndicatorCommit{"catalogue", ++change_, {writes.begin(), writes.end()}, {}, {}};
    for (auto &write : commit.writes) {
      write.context.source = from.id;
      write.context.report = id;
    }
    changes_.push_back(std::move(commit));
    TRY_VOID(audit("report.create", std::to_string(id.number), title, viewer));
    return reports_.back();
  }
  auto withdraw_report(model::ReportId id, model::Viewer const &viewer) -> Result<void> override {
    if (!viewer.may_write_reports()) return fail(ErrorCode::denied, "{} may not withdraw reports", viewer.name);
    auto const found = std::ranges::find(reports_, id, &model::Report::id);
    if (found == reports_.end()) return fail(ErrorCode::not_found, "there is no report {}", id.number);
    if (found->withdrawn) return fail(ErrorCode::conflict, "report {} is withdrawn already", id.number);
    found->withdrawn = true;
    changes_.push_back({"catalogue", ++change_, {}, {{found->source, id}}, {}});
    return audit("report.withdraw", std::to_string(id.number), "", viewer);
  }
  auto reports(model::Page page, model::Viewer const &) -> Result<std::vector<model::Report>> override {
    auto newest = std::vector<model::Report>{reports_.rbegin(), reports_.rend()};
    std::erase_if(newest, [&](auto const &report) { return report.id.number >= page.before; });
    newest.resize(std::min(newest.size(), page.limit));
    return newest;
  }
  auto report(model::ReportId id, model::Viewer const &) -> Result<model::Report> override {
    auto const found = std::ranges::find(reports_, id, &model::Report::id);
    if (found == reports_.end()) return fail(ErrorCode::not_found, "there is no report {}", id.number);
    return *found;
  }
  auto feed_source(std::string_view name, model::Viewer const &viewer) -> Result<model::Source> override {
    if (!viewer.may_write_reports()) return fail(ErrorCode::denied, "{} may not load feeds", viewer.name);
    return ensure_source(name);
  }
  auto feed_reports(model::SourceId source, std::span<std::string const> titles, model::Tlp, std::int64_t)
      -> Result<std::vector<model::ReportId>> override {
    auto ids = std::vector<model::ReportId>{};
    for (auto const &title : titles) {
      auto const found = std::ranges::find(reports_, title, &model::Report::title);
      if (found != reports_.end()) {
        ids.push_back(found->id);
        continue;
      }
      reports_.push_back({{static_cast<std::int64_t>(reports_.size()) + 1}, source, title, {}, false});
      ids.push_back(reports_.back().id);
    }
    return ids;
  }
  auto claim_feed(model::SourceId source) -> Result<std::uint64_t> override { return held[source.number]; }
  auto feed_loaded(model::FeedLoaded const &loaded, model::Viewer const &viewer) -> Result<void> override {
    TRY_VOID(after_load);
    held[loaded.source.number] = loaded.values;
    return audit("feed.load", loaded.name, loaded.detail, viewer);
  }
  auto changes_after(std::uint64_t position, std::size_t) -> Result<std::optional<model::IndicatorCommit>> override {
    for (auto const &change : changes_)
      if (change.position > position) return std::optional{change};
    return std::optional<model::IndicatorCommit>{};
  }
  auto copy_to(std::string const &) -> Result<void> override { return ok; }
  auto trim_changes(std::uint64_t) -> Result<void> override { return ok; }

  std::vector<model::AuditEntry> log;
  std::map<std::int64_t, std::uint64_t> held;  // values of feeds, by source
  Result<void> after_load = ok;                // what feed_loaded() comes to

private:
  static auto administrator(model::Viewer const &viewer) -> Result<void> {
    if (!viewer.may_administer()) return fail(ErrorCode::denied, "{} is no administrator", viewer.name);
    return ok;
  }
  static auto viewer_of(model::User const &user) -> model::Viewer {
    return {user.id, user.name, user.role, user.organisation};
  }
  std::vector<model::User> users_;
  std::map<std::string, model::ApiKeyInfo> keys_;
  std::vector<model::Source> sources_;
  std::vector<model::Report> reports_;
  std::vector<model::IndicatorCommit> changes_;
  std::uint64_t change_ = 0;
  std::uint64_t cursor_ = 0;
};

}  // namespace noroshi::test
