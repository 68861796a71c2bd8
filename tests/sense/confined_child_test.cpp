// The decoys child as the program runs it: confined, in a process of its own, ended by its lifeline.
#include <sys/wait.h>
#include <csignal>
#include <fstream>

#include "running_server.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

auto status_line(pid_t process, std::string_view name) -> std::string {
  auto stream = std::ifstream{"/proc/" + std::to_string(process) + "/status"};
  for (auto line = std::string{}; std::getline(stream, line);)
    if (line.starts_with(name)) return line.substr(name.size() + 1);
  return {};
}

/// run_decoys in a child; the parent holds the lifeline.
class Child {
public:
  explicit Child(std::string const &spool) {
    auto port_pipe = std::array<int, 2>{};
    auto life_pipe = std::array<int, 2>{};
    REQUIRE(::pipe(port_pipe.data()) == 0);
    REQUIRE(::pipe(life_pipe.data()) == 0);
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      ::close(life_pipe[1]);
      run(spool, life_pipe[0], port_pipe[1]);
    }
    ::close(life_pipe[0]);
    ::close(port_pipe[1]);
    lifeline_.reset(life_pipe[1]);
    REQUIRE(::read(port_pipe[0], &endpoint_.port, sizeof endpoint_.port) == sizeof endpoint_.port);
    ::close(port_pipe[0]);
    endpoint_.address = model::IpAddress::v4(0x7f00'0001);
  }
  ~Child() {
    if (process_ > 0) ::kill(process_, SIGKILL), ::waitpid(process_, nullptr, 0);
  }
  [[nodiscard]] auto process() const -> pid_t { return process_; }
  auto lifeline() -> FileDescriptor & { return lifeline_; }
  auto wait() -> int {
    auto status = 0;
    ::waitpid(std::exchange(process_, -1), &status, 0);
    return status;
  }
  [[nodiscard]] auto connect() const -> FileDescriptor { return connect_to(endpoint_); }

private:
  [[noreturn]] static void run(std::string const &spool, int lifeline, int port_out) {
    auto const config = Config::load("", false, {"sense.listen=telnet:127.0.0.1:0", "sense.loops=2"});
    auto options = RunOptions{};
    options.spool_folder = spool;
    options.packs_folder = NOROSHI_SOURCE_DIR "/packs";
    options.lifeline = lifeline;
    options.ready = [&](auto const &listeners, auto const &) {
      auto const port = listeners[0].endpoint.port;
      if (::write(port_out, &port, sizeof port) != sizeof port) ::_exit(4);
    };
    auto const outcome = run_decoys(*config, options);
    if (!outcome) std::fprintf(stderr, "%s\n", outcome.error().sentence.c_str());
    ::_exit(outcome ? 0 : 3);
  }

  pid_t process_ = -1;
  FileDescriptor lifeline_;
  model::Endpoint endpoint_;
};

/// Whole frames in all segments, open ones too.
auto frames_in(std::string const &folder) -> std::uint64_t {
  auto frames = std::uint64_t{0};
  for (auto const &entry : std::filesystem::directory_iterator{folder}) {
    auto const extension = entry.path().extension();
    if (extension != ".seg" && extension != ".open") continue;
    auto const bytes = read_file(entry.path().string(), 1 << 20);  // it may just have been renamed
    if (bytes && bytes->size() > model::kSegmentHeaderBytes)
      frames += model::count_frames(std::string_view{*bytes}.substr(model::kSegmentHeaderBytes)).frames;
  }
  return frames;
}

void visit_once(Child const &child) {
  auto const socket = child.connect();
  send_all(socket, "root\r\nroot\r\nexit\r\n");
  CHECK(read_until(socket, "never").find("BusyBox") != std::string::npos);
}

}  // namespace

TEST_CASE("the decoys child is confined, serves all the same, and seals its spool when its parent is gone") {
  auto const spool = TemporaryFolder{};
  auto child = Child{spool.path()};
  visit_once(child);
  CHECK(status_line(child.process(), "NoNewPrivs:").find('1') != std::string::npos);
  CHECK(status_line(child.process(), "Seccomp:").find('2') != std::string::npos);
  CHECK(status_line(child.process(), "CapEff:").find_first_not_of("\t0") == std::string::npos);
  child.lifeline().reset();
  CHECK(child.wait() == 0);
  auto const all = read_spool(spool.path());
  REQUIRE(all.size() == 4);
  CHECK(all.back()->kind == model::Kind::closed);
  auto const status = read_file(spool.path() + "/status.json", 1 << 20);
  CHECK(status->find(R"("name":"seccomp","active":true)") != std::string::npos);
}

TEST_CASE("SIGTERM ends the decoys child in order") {
  auto const spool = TemporaryFolder{};
  auto child = Child{spool.path()};
  auto const held = child.connect();
  read_until(held, "login: ");
  ::kill(child.process(), SIGTERM);
  CHECK(child.wait() == 0);
  auto const all = read_spool(spool.path());
  REQUIRE(all.size() == 2);
  CHECK(all.back()->text(model::Field::reason) == "shutdown");
}

TEST_CASE("kill -9 of the decoys child loses nothing that was written") {
  auto const spool = TemporaryFolder{};
  auto written = std::uint64_t{0};
  {
    auto child = Child{spool.path()};
    for (auto i = 0; i < 5; ++i) visit_once(child);
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (frames_in(spool.path()) < 20 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    auto const held = child.connect();
    send_all(held, "root\r\nroot\r\n");
    read_until(held, "# ");
    written = frames_in(spool.path());
    ::kill(child.process(), SIGKILL);
    child.wait();
  }
  CHECK(written >= 20);
  auto child = Child{spool.path()};  // recovers
  child.lifeline().reset();
  CHECK(child.wait() == 0);
  CHECK(read_spool(spool.path()).size() >= written);
}
