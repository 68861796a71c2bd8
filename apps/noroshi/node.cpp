#include "apps/noroshi/node.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "apps/noroshi/ports.hpp"
#include "base/log.hpp"
#include "base/packs.hpp"
#include "know/catalogue.hpp"
#include "know/import_ledger.hpp"
#include "know/indicator_store.hpp"
#include "know/past_observations.hpp"
#include "share/secret_file.hpp"
#include "understand/watched_indicators.hpp"

namespace noroshi::apps {

namespace {

// A command that works on the stores holds the lock for a moment; a node that starts waits it out.
constexpr auto kLockPatience = std::chrono::seconds{5};

ConfigKey<Duration> const retention{
    "observations.retention", "90d", "time",
    "how long observations are kept; whole days are dropped, those that a hold keeps are not"};
ConfigKey<Duration> const secret_retention{
    "observations.secret_retention", "30d", "time",
    "how long log-in secrets stay readable; afterwards their day's key is destroyed"};
ConfigKey<ByteSize> const memory{"observations.memory", "1GiB", "bytes", "memory limit of the observation store"};
ConfigKey<ByteSize> const intake_cap{
    "intake.cap", "8GiB", "bytes",
    "how much acknowledged data may wait for the stores before sensors have to keep theirs"};

// One commit of catalogue changes; a report of a million values is several.
constexpr auto kChangesAtOnce = std::size_t{100'000};

// What an import may have waiting for the stores: a few groups ahead of them, and more than the log keeps when idle.
constexpr auto kImportBacklog = std::uint64_t{256} << 20;
// Then it is told to come again, so that no request hangs.
constexpr auto kImportPatience = std::chrono::seconds{20};

/// A damaged store is malformed, but not by what the user typed.
auto not_the_users(Error error) -> Error {
  if (error.code == ErrorCode::malformed) error.code = ErrorCode::unavailable;
  return error;
}

auto days_in(Duration duration) -> std::chrono::days { return std::chrono::ceil<std::chrono::days>(duration); }

}  // namespace

auto check_owner(std::string const &folder) -> Result<void> {
  struct stat facts{};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &facts) != 0 || facts.st_uid == 0) return ok;
  auto const *const owner = ::getpwuid(facts.st_uid);  // before any thread
  auto const name = owner != nullptr ? std::string{owner->pw_name} : std::to_string(facts.st_uid);
  return fail(ErrorCode::denied,
              "{} belongs to the user {}, whose node could not open what root makes there; nothing was changed. Run "
              "this as that user: runuser -u {} -- noroshi --data {} …",
              folder, name, name, folder);
}

auto Node::lock(DataDirectory const &directory, std::chrono::milliseconds patience) -> Result<LockFile> {
  if (!std::filesystem::exists(directory.catalogue()))
    return fail(ErrorCode::not_found, "{} is not a data directory yet; make one with: noroshi --data {} init",
                directory.path, directory.path);
  TRY_VOID(check_owner(directory.path));
  if (::access(directory.path.c_str(), W_OK) != 0)
    return fail(ErrorCode::unavailable,
                "{}. Of a folder that cannot be written \"noroshi store check\" and \"noroshi store stats\" tell; to "
                "search it, copy it to where it can be written, and use the copy with --data",
                file_error(errno, "writing to", directory.path).sentence);
  auto const until = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto lock = LockFile::create(directory.lock());
    if (lock || lock.error().code != ErrorCode::conflict || std::chrono::steady_clock::now() > until) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

auto Node::open(DataDirectory directory, Config const &config) -> Result<std::unique_ptr<Node>> {
  TRY(auto held, lock(directory, kLockPatience));
  return open(std::move(directory), config, std::move(held));
}

auto Node::open(DataDirectory directory, Config const &config, LockFile lock) -> Result<std::unique_ptr<Node>> {
  auto node = std::unique_ptr<Node>{new Node{std::move(directory), config, std::move(lock)}};
  TRY_VOID(node->open_lists());
  if (auto opened = node->open_stores(); !opened) return not_the_users(std::move(opened).error());
  if (auto opened = node->open_log(); !opened) return not_the_users(std::move(opened).error());
  TRY_VOID(node->apply_changes());
  TRY(auto rules, understand::read_rules(config));
  TRY(node->rules_, understand::RuleSet::create(std::move(rules)));
  // A data folder of an earlier version gets its key here.
  TRY(node->identity_, net::load_or_make_identity(node->directory_.peer_identity(), "noroshi node"));
  TRY(node->list_key_, share::load_list_key(node->directory_.list_key()));
  node->peer_addresses_ = peer_addresses(config, nullptr);
  node->open_routers();
  return node;
}

Node::~Node() {
  if (log_) log_->close();
}

auto Node::open_lists() -> Result<void> {
  auto const packs = packs_folder().value_or(std::string{});
  auto const below = [&](std::string_view folder) {
    return packs.empty() ? packs : fmt::format("{}/{}", packs, folder);
  };
  TRY(where_, understand::Where::create({below("lists"), geo_folder(), directory_.lists()}, config_));
  TRY(never_, understand::NeverList::create(below("never"), config_));
  return ok;
}

void Node::open_routers() {
  auto const intake = [this](model::Batch const &batch) { return log_->append(batch, system_clock().now()); };
  packs_ = std::make_unique<serve::PeerPacks>(directory_.own_personas());
  health_ = std::make_unique<serve::SensorHealthBook>(*catalogue_);
  peer_router_ = std::make_unique<serve::PeerRouter>(
      serve::PeerServices{*catalogue_, config_, system_clock(),
                          [this](model::Batch const &batch, understand::IntakeLog::Acknowledge done) {
                            log_->append_later(batch, system_clock().now(), std::move(done));
                          },
                          *health_, *packs_});
  router_ = std::make_unique<serve::Router>(
      serve::Services{.indicators = *indicators_,
                      .observations = *observations_,
                      .catalogue = *catalogue_,
                      .config = config_,
                      .clock = system_clock(),
                      .tail = applier_->tail(),
                      .intake = intake,
                      .apply_changes = [this]() -> Result<void> {
                        TRY_VOID(apply_changes());
                        return watcher_->started() ? Result<void>{ok} : watcher_->hunt();
                      },
                      .backup = [this](std::string const &folder) { return backup(folder); },
                      .running_state = [this] { return running_state_(); },
                      .other_metrics = [this] { return other_metrics_(); },
                      .rules = &rules_,
                      .where = where_.get(),
                      .never = never_.get(),
                      .import = [this](understand::ImportPiece const &piece) { return import(piece); },
                      .feeds = feeds_.get(),
                      .peer = [this] { return peer_facts(); },
                      .list_key = list_key_,
                      .watcher = watcher_.get()});
}

auto Node::peer_facts() const -> Result<serve::PeerFacts> {
  TRY(auto const pin, net::pin_of(identity_));
  return serve::PeerFacts{pin, peer_addresses_};
}

auto Node::open_stores() -> Result<void> {
  TRY(auto opened,
      know::open_catalogue_and_watches({.path = directory_.catalogue(), .mode = know::CatalogueMode::open_existing}));
  catalogue_ = std::move(opened.catalogue);
  watches_ = std::move(opened.watches);
  TRY(unwatched_indicators_, know::open_indicator_store(directory_.indicators()));
  TRY(auto seen, know::open_observations_and_past(
                     {.directory = directory_.observations(),
                      .memory_bytes = config_.get(memory).bytes,
                      .secret_days = static_cast<unsigned>(days_in(config_.get(secret_retention)).count())}));
  observations_ = std::move(seen.store);
  past_ = seen.past;
  return open_watches();
}

auto Node::open_watches() -> Result<void> {
  TRY(watcher_,
      understand::Watcher::create({*watches_, *catalogue_, *unwatched_indicators_, *past_}, config_, system_clock()));
  indicators_ = understand::watch_over(*unwatched_indicators_, *watcher_, *watches_, system_clock());
  return ok;
}

auto Node::open_log() -> Result<void> {
  TRY(auto const sensors, catalogue_->sensors(model::node_viewer()));
  auto known = std::vector<model::SensorProgress>{};
  for (auto const &sensor : sensors) known.push_back({sensor.id, sensor.epoch, sensor.sequence, 0, sensor.last_seen});
  TRY(auto const observations, observations_->cursor());
  TRY(auto const indicators, indicators_->cursor("intake"));
  TRY(auto const catalogue, catalogue_->cursor());
  TRY(log_, understand::IntakeLog::open({.folder = directory_.intake(),
                                         .cap_bytes = config_.get(intake_cap).bytes,
                                         .after_position = std::max({observations, indicators, catalogue})},
                                        known));
  for (auto const &damage : log_->damage())
    log_error("intake log: {} bytes at offset {} of {} are damaged; the records around them are kept and applied",
              damage.bytes, damage.offset, damage.file);
  TRY(applier_, understand::Applier::create(*log_, {*observations_, *indicators_, *catalogue_}, config_,
                                            {where_.get(), never_.get()}));
  applier_->watch_by(*watcher_);
  TRY(ledger_, know::open_import_ledger(directory_.imports()));
  desk_ = std::make_unique<understand::ImportDesk>(
      understand::ImportDeskOptions{*ledger_, *log_, *catalogue_, system_clock(), [this] { return make_room(); }});
  feeds_ =
      std::make_unique<understand::FeedDesk>(understand::FeedLoad::Ports{*indicators_, *catalogue_, system_clock()});
  return ok;
}

auto Node::import(understand::ImportPiece const &piece) -> Result<understand::ImportOutcome> {
  auto outcome = desk_->take(piece);
  // What is durable is not told as failed; the next command, or the node, goes on applying.
  if (outcome && !applier_->started())
    if (auto const applied = applier_->catch_up(); !applied)
      log_warning("what was imported waits in the intake log: {}", applied.error().sentence);
  return outcome;
}

/// An import is faster than the stores: it waits for them, and leaves the intake log's room to the sensors.
auto Node::make_room() -> Result<void> {
  auto const most = std::min(kImportBacklog, config_.get(intake_cap).bytes / 2);
  auto const until = std::chrono::steady_clock::now() + kImportPatience;
  while (log_->bytes() > most || !applier_->started()) {
    if (!applier_->started()) return applier_->catch_up();
    if (std::chrono::steady_clock::now() > until)
      return fail(ErrorCode::unavailable, "the stores have not caught up with what was imported so far{}{}",
                  applier_->trouble().empty() ? "" : ": ", applier_->trouble());
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return ok;
}

auto Node::apply_changes() -> Result<void> {
  auto const one_at_a_time = std::lock_guard{changes_mutex_};
  while (true) {
    TRY(auto const position, indicators_->cursor("catalogue"));
    TRY(auto const commit, catalogue_->changes_after(position, kChangesAtOnce));
    if (!commit) return ok;
    TRY_VOID(indicators_->apply(*commit));
  }
}

auto Node::maintain() -> Result<void> {
  if (where_->reload_if_changed()) log_info("where from: files have changed and were read again");
  if (never_->reload_if_changed()) log_info("never-list: files have changed and were read again");
  feeds_->give_up_old();
  auto const today = day_of(system_clock().now());
  TRY(auto const closed, observations_->close_days(today));
  if (closed > 0) log_info("closed {} day(s) into Parquet", closed);
  TRY(auto const dropped, observations_->drop_days(today - days_in(config_.get(retention))));
  for (auto const &day : dropped)
    log_info("dropped the observations of {}: past observations.retention", to_string(day));
  // The derived record behind the last batch counts as applied with it.
  {
    auto const no_backup = applier_->hold();
    auto const last = log_->end() - 1;
    if (applier_->applied() >= last || applier_->idle()) {
      TRY_VOID(log_->empty_last(last));
      TRY_VOID(log_->trim(last));
    }
  }
  auto const no_reports = std::lock_guard{changes_mutex_};
  TRY(auto const position, indicators_->cursor("catalogue"));
  return catalogue_->trim_changes(position);
}

}  // namespace noroshi::apps
