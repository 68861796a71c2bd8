// A decoys process's inside in this process: real sockets on free ports, a spool in a temporary folder.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/config.hpp"
#include "base/file.hpp"
#include "model/batch.hpp"
#include "sense/run.hpp"
#include "sense/socket_address.hpp"

namespace noroshi::sense::test {

class TemporaryFolder {
public:
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "noroshi-sense-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TemporaryFolder(TemporaryFolder const &) = delete;
  auto operator=(TemporaryFolder const &) -> TemporaryFolder & = delete;
  ~TemporaryFolder() {
    auto ignored = std::error_code{};
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] auto path() const -> std::string const & { return path_; }

private:
  std::string path_;
};

/// One observation with its own text, as read back from a sealed segment.
struct Seen {
  model::Observation observation;
  std::shared_ptr<std::string> bytes;
  auto operator->() const -> model::Observation const * { return &observation; }
};

/// All observations of all sealed segments, in name order.
inline auto read_spool(std::string const &folder) -> std::vector<Seen> {
  auto files = std::vector<std::filesystem::path>{};
  for (auto const &entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".seg") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  auto all = std::vector<Seen>{};
  for (auto const &file : files) {
    auto bytes = std::make_shared<std::string>(*read_file(file.string(), 1 << 30));
    REQUIRE(model::read_segment_header(*bytes));
    auto reader = model::FrameReader{std::string_view{*bytes}.substr(model::kSegmentHeaderBytes)};
    auto count = std::uint64_t{0};
    auto seen = Seen{{}, bytes};
    auto step = reader.next(seen.observation);
    for (; step == model::FrameReader::Step::frame; step = reader.next(seen.observation), ++count) all.push_back(seen);
    CHECK(step == model::FrameReader::Step::end);  // no torn tail
    CHECK(count == model::SegmentName::parse(file.filename().string())->frames);
  }
  return all;
}

/// A connection, with a receive timeout of 5 s.
inline auto connect_to(model::Endpoint const &endpoint) -> FileDescriptor {
  auto socket = FileDescriptor{::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto const timeout = timeval{5, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  auto const address = SocketAddress::of(endpoint);
  REQUIRE(::connect(socket.get(), address.get(), address.size()) == 0);
  return socket;
}

class RunningServer {
public:
  explicit RunningServer(std::vector<std::string> settings) {
    settings.insert(settings.begin(), {"sense.loops=1", "sense.source_rate=0", "sense.source_sessions=100000"});
    auto const config = Config::load("", false, settings);
    REQUIRE_MESSAGE(config, config.error().sentence);
    auto ends = std::array<int, 2>{};
    REQUIRE(::pipe(ends.data()) == 0);
    lifeline_.reset(ends[1]);
    auto options = RunOptions{};
    options.spool_folder = spool_.path();
    options.packs_folder = NOROSHI_SOURCE_DIR "/packs";
    options.version = "test";
    options.lifeline = ends[0];
    options.confined = false;
    auto ready = std::promise<std::vector<ListenerSpec>>{};
    options.ready = [&](auto const &listeners, auto const &) { ready.set_value(listeners); };
    thread_ = std::thread{[config = *config, options] {
      auto const outcome = run_decoys(config, options);
      CHECK_MESSAGE(outcome, outcome.error().sentence);
      ::close(options.lifeline);
    }};
    listeners_ = ready.get_future().get();
  }
  ~RunningServer() { stop(); }

  void stop() {
    lifeline_.reset();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] auto listeners() const -> std::vector<ListenerSpec> const & { return listeners_; }
  [[nodiscard]] auto spool() const -> std::string const & { return spool_.path(); }

  /// A connection to listener `number`.
  [[nodiscard]] auto connect(std::size_t number = 0) const -> FileDescriptor {
    return connect_to(listeners_[number].endpoint);
  }

private:
  TemporaryFolder spool_;
  FileDescriptor lifeline_;
  std::vector<ListenerSpec> listeners_;
  std::thread thread_;
};

/// Reads until `expected` came or the connection ended; returns all.
inline auto read_until(FileDescriptor const &socket, std::string_view expected) -> std::string {
  auto all = std::string{};
  auto chunk = std::array<char, 4096>{};
  while (all.find(expected) == std::string::npos) {
    auto const got = ::recv(socket.get(), chunk.data(), chunk.size(), 0);
    if (got <= 0) break;
    all.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return all;
}

inline void send_all(FileDescriptor const &socket, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace noroshi::sense::test
