// noroshi sense: a sensor alone: decoys and uplink, reporting to a node that it joined, or to one on this machine.
#include <cstdio>

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/decoys_child.hpp"
#include "apps/noroshi/ending_signals.hpp"
#include "apps/noroshi/remote_sensor.hpp"
#include "apps/noroshi/running_state.hpp"
#include "apps/noroshi/sense_settings.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "net/http.hpp"
#include "net/uplink.hpp"

namespace noroshi::apps {

namespace {

// A batch is a few MiB and the node syncs it before it answers.
constexpr auto kBatchDeadline = std::chrono::seconds{30};
constexpr auto kKeyLimit = std::uint64_t{4096};

class Sense final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override { return "run a sensor that reports to a node"; }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi sense --join CODE                      join a node elsewhere, and run; the code is good once\n"
           "noroshi [--data DIR] sense                     run again after that\n"
           "noroshi sense --name NAME --node PATH|ADDRESS:PORT --spool DIR [--key-file FILE]   node on this machine\n\n"
           "Examples:\n"
           "  noroshi --data /var/lib/noroshi-sensor sense --join nrj1…      CODE comes from: noroshi sensors enrol "
           "NAME\n"
           "  noroshi sense --name rack2 --node /var/lib/noroshi/api.sock --spool /var/spool/noroshi";
  }
  void set_up(CLI::App &app) override {
    app.add_option("--join", code_, "one-time code of noroshi sensors enrol; - reads it from standard input");
    app.add_option("--name", name_, "name of this sensor at a node on this machine");
    app.add_option("--node", node_, "the node's api.sock, or its API address on this machine");
    app.add_option("--spool", spool_, "folder for what is not yet acknowledged");
    app.add_option("--key-file", key_file_, "file with an API key of role sensor; not needed for api.sock");
  }

  auto run(Global const &global) -> Result<Exit> override {
    auto const local = !name_.empty() || !node_.empty() || !spool_.empty();
    if (local && (name_.empty() || node_.empty() || spool_.empty() || !code_.empty()))
      return fail(
          ErrorCode::malformed,
          "for a node on this machine give --name, --node and --spool; for one elsewhere give --join CODE once, "
          "and nothing later");
    return local ? run_beside(global) : run_remote(global);
  }

private:
  auto run_remote(Global const &global) -> Result<Exit> {
    TRY(auto const folder, SensorFolder::open(global.data));
    TRY(auto const lock, LockFile::create(global.data + "/noroshi.lock"));
    TRY(auto membership, folder.membership());
    if (!code_.empty()) {
      TRY(auto const code, read_code());
      if (!membership || membership->joined_with != codec::sha256(code.secret)) {
        TRY(membership, join_node(code, folder));
        fmt::print("Joined as sensor {}; from now on: noroshi --data {} sense\n", membership->name, global.data);
        std::fflush(stdout);
      }
    }
    if (!membership)
      return fail(ErrorCode::malformed,
                  "{} has not joined a node yet: noroshi sense --join CODE, with a code of noroshi sensors enrol NAME "
                  "from there",
                  global.data);
    TRY_VOID(start_log(global.config, "sense"));
    auto const signals = block_ending_signals();
    TRY(auto const sensor, RemoteSensor::create(global, folder, *membership));
    log_info("sensor {} reports to the node at {}", membership->name, fmt::join(membership->addresses, ", "));
    TRY_VOID(sensor->run(signals));
    return Exit::done;
  }

  auto read_code() -> Result<codec::EnrolmentCode> {
    if (code_ != "-") return codec::EnrolmentCode::parse(code_);
    auto text = std::string(kKeyLimit, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), stdin));
    return codec::EnrolmentCode::parse(text);
  }

  auto run_beside(Global const &global) -> Result<Exit> {
    TRY_VOID(start_log(global.config, "sense"));
    auto const signals = block_ending_signals();
    TRY_VOID(read_key());
    space_ = global.config.get(kSenseSpace);
    TRY(auto decoys, DecoysChild::start({spool_, global.words(), global.config.get(kSenseUser)}));
    TRY(auto uplink, net::Uplink::create({.folder = spool_, .sensor = {}, .send = [this](model::Batch const &batch) {
                                            return send(batch);
                                          }}));
    uplink->start();
    log_info("sensor {} is up; it reports to {}", name_, node_);
    auto received = 0;
    ::sigwait(&signals, &received);
    decoys->stop();
    uplink->stop();
    if (auto const rest = uplink->drain(); !rest)
      log_warning("the last batches stay in {}: {}", spool_, rest.error().sentence);
    return Exit::done;
  }

  auto read_key() -> Result<void> {
    if (key_file_.empty()) return ok;
    TRY(key_, read_file(key_file_, kKeyLimit));
    while (!key_.empty() && static_cast<unsigned char>(key_.back()) <= ' ') key_.pop_back();
    return ok;
  }

  auto send(model::Batch const &batch) const -> Result<bool> {
    auto request = net::HttpRequest{};
    request.method = "POST";
    request.path = "/api/v1/batches";
    request.headers = {{"noroshi-sensor", name_},
                       {"noroshi-epoch", std::to_string(batch.epoch)},
                       {"noroshi-sequence", std::to_string(batch.sequence)},
                       {"content-type", "application/octet-stream"},
                       {"noroshi-time", to_rfc3339(system_clock().now())},
                       {"noroshi-version", std::string{version()}}};
    auto const status = read_spool_status(spool_).value_or(SpoolStatus{});
    request.headers.emplace_back("noroshi-spool-bytes", std::to_string(status.spool_bytes));
    request.headers.emplace_back("noroshi-drops", std::to_string(status.drops));
    request.headers.emplace_back("noroshi-space", space_);
    if (!key_.empty()) request.headers.emplace_back("authorization", "Bearer " + key_);
    request.body = batch.frames;
    TRY(auto const answer, net::http_call(node_, request, kBatchDeadline));
    switch (answer.status) {
      case 200: return !answer.body.contains("\"duplicate\":true");
      case 413: return fail(ErrorCode::too_large, "the node refused the batch: {}", answer.body);
      default: return fail(ErrorCode::unavailable, "the node at {} answered {}: {}", node_, answer.status, answer.body);
    }
  }

  std::string code_, name_, node_, spool_, key_file_, key_, space_;
};

}  // namespace

Registered<Command, Sense> const sense_command{"sense"};

}  // namespace noroshi::apps
