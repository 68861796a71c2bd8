// A sensor that has joined a node elsewhere, from start to end: decoys, uplink, heartbeat, configuration.
#pragma once

#include <memory>
#include <mutex>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/decoys_child.hpp"
#include "apps/noroshi/node_link.hpp"
#include "apps/noroshi/sensor_folder.hpp"

namespace noroshi::apps {

class RemoteSensor {
public:
  static auto create(Global const &global, SensorFolder folder, Membership const &membership)
      -> Result<std::unique_ptr<RemoteSensor>>;
  /// Until SIGINT or SIGTERM, which must be blocked.
  auto run(sigset_t const &signals) -> Result<void>;

private:
  RemoteSensor(Global const &global, SensorFolder folder, std::unique_ptr<NodeLink> link)
      : global_(global), folder_(std::move(folder)), link_(std::move(link)), drops_(folder_.drops()) {}

  auto start_decoys() -> Result<void>;
  void beat();
  void take_up_configuration(std::string const &tag);
  auto try_configuration(PushedConfiguration const &wanted) -> Result<void>;
  auto fetch_packs(PushedConfiguration const &wanted) -> Result<void>;
  auto report() -> SensorReport;
  void set_trouble(std::string sentence);

  Global const &global_;
  SensorFolder folder_;
  std::unique_ptr<NodeLink> link_;
  std::unique_ptr<DecoysChild> decoys_;

  std::mutex mutex_;             // of what both the uplink's thread and ours look at:
  PushedConfiguration applied_;  // what the decoys run with
  std::string trouble_;
  SensorFolder::Drops drops_;

  std::string refused_tag_;     // of a configuration that did not work: not tried again
  std::string last_complaint_;  // about the node, so that the log has each once
};

}  // namespace noroshi::apps
