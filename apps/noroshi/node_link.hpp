// What a sensor says to its node, and what it hears, over the peer port.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "apps/noroshi/sensor_folder.hpp"
#include "base/config.hpp"
#include "model/batch.hpp"
#include "net/peer_client.hpp"

namespace noroshi::apps {

/// Joins with a one-time code: the node pins our key. Kept in `folder` when this returns.
auto join_node(codec::EnrolmentCode const &code, SensorFolder const &folder) -> Result<Membership>;

/// How the sensor is, as each message says.
struct SensorReport {
  std::uint64_t spool_bytes = 0;
  std::uint64_t drops = 0;
  std::string space;
  std::uint64_t applied_version = 0;
  std::string trouble;  // why a newer configuration was refused, or the decoys do not run
};

/// Thread-safe: the uplink hands in batches beside the heartbeat, each on a connection of its own.
class NodeLink {
public:
  static auto create(Membership const &membership, net::Identity const &identity) -> Result<std::unique_ptr<NodeLink>>;

  /// True: durable at the node. False: it was there already.
  auto hand_in(model::Batch const &batch, SensorReport const &report) -> Result<bool>;
  /// Answers the tag of the configuration that the node wants.
  auto report(SensorReport const &report) -> Result<std::string>;
  auto configuration() -> Result<PushedConfiguration>;
  auto pack(std::string const &sha256) -> Result<std::string>;

private:
  NodeLink(std::unique_ptr<net::PeerClient> batches, std::unique_ptr<net::PeerClient> words)
      : batches_(std::move(batches)), words_(std::move(words)) {}
  std::unique_ptr<net::PeerClient> batches_;  // the uplink's
  std::unique_ptr<net::PeerClient> words_;    // the heartbeat's
};

}  // namespace noroshi::apps
