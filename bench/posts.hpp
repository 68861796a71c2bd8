// A few sensors elsewhere that are always busy: each a spool folder with sealed segments, the uplink of `noroshi sense`
// that reads it, and one connection over mutual TLS to the node.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "bench/enrolled.hpp"
#include "bench/node_process.hpp"
#include "net/peer_client.hpp"
#include "net/uplink.hpp"

namespace noroshi::bench {

class Post {
public:
  Post(std::string folder, net::Identity identity, std::string const &node_address, model::KeyPin const &node)
      : folder_(std::move(folder)),
        client_(must(net::PeerClient::create({{node_address}, node, std::move(identity)}))) {
    std::filesystem::create_directories(folder_);
    uplink_ = must(net::Uplink::create(
        {.folder = folder_, .sensor = {}, .send = [this](model::Batch const &batch) { return send(batch); }}));
    uplink_->start();
  }

  /// Seals a segment of `rows` observations, as the spool does: written beside, then renamed.
  void spool(std::string_view frames, std::uint64_t rows) {
    auto const name = model::SegmentName{epoch_, ++sealed_, rows}.to_string();
    auto const open = folder_ + "/next.open";
    {
      auto const file = must(open_file(open, O_WRONLY | O_CREAT | O_TRUNC));
      must(write_all(file, model::segment_header(epoch_) + std::string{frames}, open));
    }
    std::filesystem::rename(open, folder_ + "/" + name);
  }

  /// Segments that the node has not acknowledged yet.
  [[nodiscard]] auto waiting() const -> std::uint64_t { return sealed_ - acknowledged_; }
  [[nodiscard]] auto repeated() const -> std::uint64_t { return repeated_; }

private:
  static constexpr auto kDeadline = std::chrono::seconds{60};  // as NodeLink has it

  auto send(model::Batch const &batch) -> Result<bool> {
    auto request = net::HttpRequest{};
    request.method = "POST";
    request.path = "/peer/v1/batches";
    request.headers = {{"noroshi-time", to_rfc3339(system_clock().now())},
                       {"noroshi-version", "0.1.0"},
                       {"noroshi-spool-bytes", "0"},
                       {"noroshi-drops", "0"},
                       {"noroshi-space", "dark"},
                       {"noroshi-configuration-version", "0"},
                       {"noroshi-epoch", std::to_string(batch.epoch)},
                       {"noroshi-sequence", std::to_string(batch.sequence)},
                       {"content-type", "application/octet-stream"}};
    request.body = batch.frames;
    TRY(auto const answer, client_->call(request, kDeadline));
    if (answer.status != 200) return noroshi::fail(ErrorCode::unavailable, "the node answered: {}", answer.body);
    auto const is_new = !answer.body.contains("\"duplicate\":true");
    if (!is_new) ++repeated_;
    ++acknowledged_;
    return is_new;
  }

  std::string folder_;
  std::unique_ptr<net::PeerClient> client_;
  std::uint64_t epoch_ = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(system_clock().now().time_since_epoch()).count());
  std::uint64_t sealed_ = 0;
  std::atomic<std::uint64_t> acknowledged_{0}, repeated_{0};
  std::unique_ptr<net::Uplink> uplink_;  // last: its thread uses the rest
};

/// A node with some posts, all in one folder.
class Posts {
public:
  Posts(std::string const &folder, std::size_t count) : node(folder, settings()) {
    auto identities = std::vector<net::Identity>{};
    for (auto i = std::size_t{0}; i < count; ++i)
      identities.push_back(must(net::make_identity(fmt::format("fleet{}", i))));
    enrol(catalogue(), identities);
    node.start();
    auto const pin = must(net::pin_of(must(net::load_or_make_identity(node.data() + "/peer.pem", ""))));
    for (auto i = std::size_t{0}; i < count; ++i)
      all.push_back(std::make_unique<Post>(fmt::format("{}/post{}", folder, i), identities[i],
                                           fmt::format("127.0.0.1:{}", node.port()), pin));
  }
  [[nodiscard]] auto catalogue() const -> std::string { return node.data() + "/catalogue.sqlite"; }
  [[nodiscard]] auto stored() const -> std::uint64_t { return stored_by(catalogue()); }

  NodeProcess node;
  std::vector<std::unique_ptr<Post>> all;

private:
  static auto settings() -> std::vector<std::string> {
    // DuckDB fills its cache up to this and then stays: with the default (1 GiB) growth until then would hide what else
    // grows.
    return {"sense.listen=any:127.0.0.1:0", "api.listen=127.0.0.1:0", "peer.listen=127.0.0.1:0",
            "observations.memory=256MiB"};
  }
};

}  // namespace noroshi::bench
