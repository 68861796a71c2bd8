// The uplink: takes sealed segments out of a spool folder, hands each to the node, deletes it when acknowledged.
// The folder belongs to the confined decoys process, so everything in it is untrusted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "model/batch.hpp"

namespace noroshi::net {

struct UplinkOptions {
  std::string folder;
  model::SensorId sensor;
  /// Hands one batch over: true when it is durable at the node, false when the node had it already; both are
  /// acknowledgements. Errors malformed and too_large are final (the segment is set aside); others are tried again.
  std::function<Result<bool>(model::Batch const &)> send;
};

class Uplink {
public:
  /// Opens the folder (it must exist); start() begins.
  static auto create(UplinkOptions options) -> Result<std::unique_ptr<Uplink>>;
  ~Uplink();

  void start();
  /// Ends after the batch at work. What is left stays in the folder.
  void stop();

  /// Hands over what is sealed now, on the calling thread; before start() or after stop(). Returns how many segments
  /// were acknowledged.
  auto drain() -> Result<std::size_t>;

  /// Why batches do not get through, or empty.
  [[nodiscard]] auto trouble() const -> std::string;

private:
  Uplink(UplinkOptions options, FileDescriptor folder, FileDescriptor watch);
  void run();
  void wait_for_segments();
  auto sealed() const -> std::vector<model::SegmentName>;
  auto hand_over(model::SegmentName const &name) -> Result<void>;
  auto set_aside(model::SegmentName const &name, std::string_view why) -> Result<void>;
  void set_trouble(std::string sentence);

  UplinkOptions options_;
  FileDescriptor folder_;
  FileDescriptor watch_;                    // inotify: a segment was sealed
  FileDescriptor wake_;                     // eventfd: stop() was called
  std::set<model::SegmentName> immovable_;  // what a hostile writer planted and we cannot remove
  std::atomic<bool> stopping_{false};
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::thread thread_;
};

/// The file in an opened folder as bytes: only a regular file, never through a link, at most `limit` bytes.
auto read_untrusted_file(FileDescriptor const &folder, std::string const &name, std::uint64_t limit)
    -> Result<std::string>;

}  // namespace noroshi::net
