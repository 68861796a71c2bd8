#include "bench/ssh/peers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "bench/loopback.hpp"

namespace noroshi::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto kStartTries = 600;  // a minute, on a machine that compiles beside

/// As a new Cowrie is, but for what costs it most: it keeps no terminal's recording and writes JSON alone.
constexpr auto kCowrieSettings = R"([honeypot]
ttylog = false
[ssh]
enabled = true
listen_endpoints = tcp:{}:interface=127.0.0.1
[telnet]
enabled = false
[output_jsonlog]
enabled = true
logfile = var/log/cowrie/cowrie.json
)";

constexpr auto kSshdSettings = R"(Port {0}
ListenAddress 127.0.0.1
HostKey {1}/host_ed25519
PidFile none
MaxStartups 10000
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
PrintMotd no
)";

/// Users of its own: kPassword by SHA-512 with a fixed salt (openssl passwd -6 -salt noroshi admin).
constexpr auto kHash =
    "$6$noroshi$f57lcdbHacjNf6N0GcT6MAMW.cEtsgCiTbMQDrKlu.cLenGJTwWS/TFzL71QJFjtcsrJrXWsIjbE5Vq/TruDI/";
constexpr auto kEnter = R"(set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -m 755 /run/sshd
for name in passwd shadow group; do mount --bind "$PWD/$name" "/etc/$name"; done
ssh-keygen -q -t ed25519 -N '' -f host_ed25519
exec "$@")";

void write(fs::path const &file, std::string_view text) { std::ofstream{file} << text; }

auto free_port() -> std::uint16_t {
  auto const socket = listen_on_loopback();
  auto const port = port_of(socket);
  ::close(socket);
  return port;
}

auto answers(std::uint16_t port) -> bool {
  auto const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto const address = loopback(port);
  auto begun = std::array<char, 4>{};
  auto const good = ::connect(socket, reinterpret_cast<sockaddr const *>(&address), sizeof address) == 0 &&
                    ::recv(socket, begun.data(), begun.size(), 0) > 0;
  ::close(socket);
  return good;
}

auto missing(std::string const &program, std::string_view name) -> bool {
  if (fs::exists(program)) return false;
  fmt::print("{} is not at {}: not measured\n", name, program);
  return true;
}

}  // namespace

Peer::Peer(std::vector<std::string> words, std::string folder, std::uint16_t port)
    : folder_(std::move(folder)), port_(port) {
  auto arguments = std::vector<char *>{};
  for (auto &word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  child_ = ::fork();
  if (child_ < 0) fail("cannot fork");
  if (child_ == 0) {
    pin_to_core(0);
    auto const log = ::open((folder_ + "/server.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    if (::chdir(folder_.c_str()) != 0) ::_exit(126);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  for (auto tries = 0; tries < kStartTries; ++tries) {
    if (answers(port_)) return;
    if (::waitpid(child_, nullptr, WNOHANG) != 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  fmt::print(stderr, "{} does not answer; see {}/server.log\n", words.back(), folder_);
  std::exit(3);
}

Peer::~Peer() {
  ::kill(child_, SIGTERM);
  ::waitpid(child_, nullptr, 0);
  fs::remove_all(folder_);
}

auto start_cowrie() -> std::unique_ptr<Peer> {
  auto const program = std::string{NOROSHI_SOURCE_DIR "/build/deps/cowrie/bin/twistd"};
  if (missing(program, "Cowrie")) return nullptr;
  auto const folder = temporary_folder();
  auto const port = free_port();
  for (auto const *each : {"etc", "var/log/cowrie", "var/lib/cowrie"}) fs::create_directories(fs::path{folder} / each);
  write(fs::path{folder} / "etc/cowrie.cfg", fmt::format(kCowrieSettings, port));
  auto words =
      std::vector<std::string>{program, "-n", "--umask=0022", "--pidfile=", "-l", folder + "/text.log", "cowrie"};
  // It refuses to run as root; here it is somebody else who may read what root may.
  if (::geteuid() == 0) words.insert(words.begin(), {"unshare", "--user", "--map-user=65534", "--map-group=65534"});
  return std::make_unique<Peer>(std::move(words), folder, port);
}

auto start_sshd() -> std::unique_ptr<Peer> {
  auto const program = std::string{NOROSHI_SOURCE_DIR "/build/deps/debian/usr/sbin/sshd"};
  if (missing(program, "sshd")) return nullptr;
  if (::geteuid() != 0) {
    fmt::print("sshd wants root: not measured\n");
    return nullptr;
  }
  auto const folder = temporary_folder();
  auto const port = free_port();
  auto const sshd_user = "sshd:x:64321:65534::/run/sshd:/usr/sbin/nologin\n";
  write(fs::path{folder} / "passwd", fmt::format("root:x:0:0:root:/root:/bin/sh\n{}", sshd_user));
  write(fs::path{folder} / "shadow", fmt::format("root:{}:19000:0:99999:7:::\nsshd:!:19000::::::\n", kHash));
  write(fs::path{folder} / "group", "root:x:0:\nnogroup:x:65534:\ntty:x:5:\n");
  write(fs::path{folder} / "sshd_config", fmt::format(kSshdSettings, port, folder));
  auto const libraries =
      "LD_LIBRARY_PATH=" NOROSHI_SOURCE_DIR "/build/deps/debian/lib/x86_64-linux-gnu:" NOROSHI_SOURCE_DIR
      "/build/deps/debian/usr/lib/x86_64-linux-gnu";
  return std::make_unique<Peer>(std::vector<std::string>{"unshare", "--mount", "env", libraries, "sh", "-c", kEnter,
                                                         "sh", program, "-D", "-e", "-f", folder + "/sshd_config"},
                                folder, port);
}

}  // namespace noroshi::bench
