#include "apps/noroshi/remote_sensor.hpp"

#include <signal.h>

#include "apps/noroshi/running_state.hpp"
#include "apps/noroshi/sense_settings.hpp"
#include "base/log.hpp"
#include "net/uplink.hpp"
#include "sense/run.hpp"

namespace noroshi::apps {

namespace {

// Often enough that `noroshi sensors` is fresh and a configuration is taken up within seconds, rare enough that ten
// thousand sensors cost a node two thousand short requests a second.
constexpr auto kHeartbeat = std::chrono::seconds{5};

/// Our own --set comes last: who sits at the sensor has the last word.
auto words_with(Global const &global, PushedConfiguration const &configuration) -> Global {
  auto with = Global{};
  with.data = global.data;
  with.config_file = global.config_file;
  with.settings = configuration.overrides();
  with.settings.insert(with.settings.end(), global.settings.begin(), global.settings.end());
  return with;
}

auto load(Global const &global, PushedConfiguration const &configuration) -> Result<Config> {
  auto const file = global.config_file.empty() ? global.data + "/noroshi.toml" : global.config_file;
  return Config::load(file, !global.config_file.empty(), words_with(global, configuration).settings);
}

auto check_space(Config const &config) -> Result<void> {
  auto const space = config.get(kSenseSpace);
  if (space == "dark" || space == "mixed" || space == "production") return ok;
  return fail(ErrorCode::malformed, "sense.space = \"{}\"; write dark, mixed or production", space);
}

}  // namespace

auto RemoteSensor::create(Global const &global, SensorFolder folder, Membership const &membership)
    -> Result<std::unique_ptr<RemoteSensor>> {
  TRY(auto const identity, folder.identity());
  TRY(auto link, NodeLink::create(membership, identity));
  auto sensor = std::unique_ptr<RemoteSensor>{new RemoteSensor{global, std::move(folder), std::move(link)}};
  TRY(sensor->applied_, sensor->folder_.configuration());
  return sensor;
}

auto RemoteSensor::start_decoys() -> Result<void> {
  TRY(auto const config, load(global_, applied_));
  TRY_VOID(check_space(config));
  TRY(auto const packs, folder_.lay_out_packs(applied_));
  TRY(decoys_, DecoysChild::start(
                   {folder_.spool(), words_with(global_, applied_).words(), global_.config.get(kSenseUser), packs}));
  return ok;
}

auto RemoteSensor::run(sigset_t const &signals) -> Result<void> {
  auto const started = start_decoys();
  // What the node pushed and does not work here any more must not keep this sensor from being reached and mended.
  if (!started && applied_.version == 0) return started.error();
  if (!started) set_trouble("the decoys do not start: " + started.error().sentence);
  TRY(auto uplink,
      net::Uplink::create({.folder = folder_.spool(), .sensor = {}, .send = [this](model::Batch const &batch) {
                             return link_->hand_in(batch, report());
                           }}));
  uplink->start();
  while (true) {
    beat();
    auto const wait = timespec{kHeartbeat.count(), 0};
    if (::sigtimedwait(&signals, nullptr, &wait) > 0) break;
  }
  if (decoys_) decoys_->stop();
  uplink->stop();
  if (auto const rest = uplink->drain(); !rest)
    log_warning("the last batches stay in {}: {}", folder_.spool(), rest.error().sentence);
  (void)link_->report(report());  // the last drops; who does not hear it hears it at the next start
  return ok;
}

void RemoteSensor::beat() {
  if (!decoys_) {
    auto const started = start_decoys();
    set_trouble(started ? std::string{} : "the decoys do not start: " + started.error().sentence);
  }
  auto const tag = link_->report(report());
  if (!tag) {
    if (tag.error().sentence != last_complaint_)
      log_warning("{}; what is seen meanwhile stays in {}", tag.error().sentence, folder_.spool());
    last_complaint_ = tag.error().sentence;
    return;
  }
  if (!last_complaint_.empty()) log_info("the node is there again");
  last_complaint_.clear();
  if (!tag->empty() && *tag != applied_.tag && *tag != refused_tag_) take_up_configuration(*tag);
}

void RemoteSensor::take_up_configuration(std::string const &tag) {
  auto const wanted = link_->configuration();
  auto const done = wanted ? try_configuration(*wanted) : Result<void>{wanted.error()};
  if (done) {
    log_info("configuration {} of the node is in use", wanted->version);
    set_trouble({});
    refused_tag_.clear();
  } else if (done.error().code != ErrorCode::unavailable && done.error().code != ErrorCode::timed_out) {
    log_error("the configuration that the node wants is refused; the old one stays: {}", done.error().sentence);
    set_trouble(wanted ? fmt::format("version {}: {}", wanted->version, done.error().sentence) : done.error().sentence);
    refused_tag_ = wanted ? wanted->tag : tag;
  }
  if (auto const told = link_->report(report()); !told) log_warning("{}", told.error().sentence);
}

auto RemoteSensor::try_configuration(PushedConfiguration const &wanted) -> Result<void> {
  TRY_VOID(fetch_packs(wanted));
  TRY(auto const config, load(global_, wanted));
  TRY_VOID(check_space(config));
  TRY(auto const packs, folder_.lay_out_packs(wanted));
  TRY_VOID(sense::check_decoys(config, packs));
  // Only ports can still be in the way; that shows when the decoys start.
  auto before = applied_;
  if (decoys_) decoys_->stop();
  decoys_.reset();
  {
    auto const lock = std::lock_guard{mutex_};
    applied_ = wanted;
  }
  auto const started = start_decoys();
  if (started) return folder_.keep(wanted);
  {
    auto const lock = std::lock_guard{mutex_};
    applied_ = std::move(before);
  }
  if (auto const again = start_decoys(); !again) log_error("{}", again.error().sentence);
  return fail(ErrorCode::conflict, "the decoys do not start with it (a port may be taken): {}",
              started.error().sentence);
}

auto RemoteSensor::fetch_packs(PushedConfiguration const &wanted) -> Result<void> {
  for (auto const &pack : wanted.packs) {
    if (folder_.pack(pack.sha256)) continue;
    TRY(auto const content, link_->pack(pack.sha256));
    TRY_VOID(folder_.keep_pack(pack.sha256, content));
  }
  return ok;
}

auto RemoteSensor::report() -> SensorReport {
  auto const status = read_spool_status(folder_.spool()).value_or(SpoolStatus{});
  auto const lock = std::lock_guard{mutex_};
  auto now = drops_;
  if (status.epoch > now.epoch) now = {now.all(), status.epoch, 0};
  if (status.epoch == now.epoch) now.in_epoch = std::max(now.in_epoch, status.drops);
  if (now.all() != drops_.all() || now.epoch != drops_.epoch) {
    if (auto const kept = folder_.keep(now); !kept) log_warning("{}", kept.error().sentence);
    drops_ = now;
  }
  auto const config = load(global_, applied_);
  return {status.spool_bytes, drops_.all(), config ? config->get(kSenseSpace) : std::string{}, applied_.version,
          trouble_};
}

void RemoteSensor::set_trouble(std::string sentence) {
  auto const lock = std::lock_guard{mutex_};
  trouble_ = std::move(sentence);
}

}  // namespace noroshi::apps
