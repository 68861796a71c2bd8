// Redis on a socket of its own: every indicator a key whose value is one number (held without a further allocation),
// asked by MGET of a thousand keys, several on their way at a time.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/file.hpp"
#include "bench/indicators/peer.hpp"
#include "bench/indicators/scratch.hpp"

namespace noroshi::bench {

namespace {

constexpr auto kKeysPerCommand = std::size_t{1'000};
// Commands on their way: enough that the server never waits for us; their answers fit into the socket's buffers.
constexpr auto kOnTheirWay = std::size_t{4};
constexpr auto kStartTries = 200;  // of 50 ms
constexpr auto kReadBytes = std::size_t{1} << 18;

/// One connection, blocking. Reads only what MGET, MSET and INFO answer (RESP2).
class Line {
public:
  static auto open(std::string const &path) -> Result<Line> {
    auto line = Line{};
    line.socket_ = FileDescriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    auto address = sockaddr_un{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail(ErrorCode::too_large, "the path {} is too long", path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::connect(line.socket_.get(), reinterpret_cast<sockaddr const *>(&address), sizeof address) != 0)
      return file_error(errno, "connecting to", path);
    return line;
  }

  auto send(std::string_view bytes) -> Result<void> {
    while (!bytes.empty()) {
      auto const sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return system_error(errno, "sending to Redis");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return ok;
  }

  /// A status, or the head of a bulk string or array: its number; -1 for a bulk string that is nothing.
  auto head() -> Result<std::int64_t> {
    TRY(auto const line, read_line());
    if (line.empty() || line[0] == '-') {
      auto const full = line.starts_with("-OOM");
      return fail(full ? ErrorCode::too_large : ErrorCode::internal, "Redis: {}", line);
    }
    auto number = std::int64_t{0};
    std::from_chars(line.data() + 1, line.data() + line.size(), number);
    return number;
  }

  /// A bulk string; nothing where there is none.
  auto bulk() -> Result<std::optional<std::string_view>> {
    TRY(auto const size, head());
    if (size < 0) return std::optional<std::string_view>{};
    TRY(auto const bytes, read(static_cast<std::size_t>(size) + 2));
    return std::optional{bytes.substr(0, bytes.size() - 2)};
  }

private:
  /// Valid until the next read.
  auto read_line() -> Result<std::string_view> {
    auto end = std::size_t{0};
    while ((end = buffer_.find('\n', at_)) == std::string::npos) TRY_VOID(receive());
    auto const line = std::string_view{buffer_}.substr(at_, end - 1 - at_);
    at_ = end + 1;
    return line;
  }
  auto read(std::size_t size) -> Result<std::string_view> {
    while (buffer_.size() - at_ < size) TRY_VOID(receive());
    at_ += size;
    return std::string_view{buffer_}.substr(at_ - size, size);
  }
  auto receive() -> Result<void> {
    buffer_.erase(0, at_);
    at_ = 0;
    auto const held = buffer_.size();
    buffer_.resize(held + kReadBytes);
    auto const got = ::recv(socket_.get(), buffer_.data() + held, kReadBytes, 0);
    buffer_.resize(held + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return fail(ErrorCode::unavailable, "Redis closed the connection");
    if (got < 0 && errno != EINTR) return system_error(errno, "reading from Redis");
    return ok;
  }

  FileDescriptor socket_;
  std::string buffer_;
  std::size_t at_ = 0;
};

void append_word(std::string &to, std::string_view word) {
  to += fmt::format("${}\r\n", word.size());
  to += word;
  to += "\r\n";
}

class Redis final : public Peer {
public:
  Redis(Child server, Line line) : server_(std::move(server)), line_(std::move(line)) {}

  auto load(std::uint64_t count, Bounds const &bounds) -> Result<void> override {
    auto pairs = std::string{};
    auto held = std::size_t{0};
    auto waiting = std::size_t{0};
    auto const flush = [&]() -> Result<void> {
      auto command = fmt::format("*{}\r\n$4\r\nMSET\r\n", 2 * held + 1);
      command += pairs;
      TRY_VOID(line_.send(command));
      pairs.clear();
      held = 0;
      if (++waiting < kOnTheirWay) return ok;
      --waiting;
      TRY_VOID(line_.head());
      return ok;
    };
    TRY_VOID(each_indicator(count, bounds, [&](std::string const &key, std::int64_t answer) -> Result<void> {
      append_word(pairs, key);
      append_word(pairs, std::to_string(answer));
      if (++held == kKeysPerCommand) return flush();
      return ok;
    }));
    if (held > 0) TRY_VOID(flush());
    for (; waiting > 0; --waiting) TRY_VOID(line_.head());
    return ok;
  }

  auto bytes() -> Result<std::uint64_t> override {
    TRY_VOID(line_.send("*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n"));
    TRY(auto const text, line_.bulk());
    constexpr auto kName = std::string_view{"used_memory:"};
    auto const at = text ? text->find(kName) : std::string_view::npos;
    if (at == std::string_view::npos) return fail(ErrorCode::internal, "Redis does not say what memory it uses");
    return std::strtoull(text->data() + at + kName.size(), nullptr, 10);
  }

  auto ask(std::size_t /*way*/, std::span<std::string const> keys) -> Result<void> override {
    commands_.clear();
    for (auto first = std::size_t{0}; first < keys.size(); first += kKeysPerCommand) {
      auto const part = keys.subspan(first, std::min(kKeysPerCommand, keys.size() - first));
      auto command = fmt::format("*{}\r\n$4\r\nMGET\r\n", part.size() + 1);
      for (auto const &key : part) append_word(command, key);
      commands_.push_back(std::move(command));
    }
    return ok;
  }

  auto ways() -> std::vector<std::string> override { return {"MGET of 1,000, pipelined"}; }

  auto answers(std::size_t /*way*/) -> Result<Answers> override {
    auto answers = Answers{};
    auto place = std::uint64_t{0};
    for (auto sent = std::size_t{0}, read = std::size_t{0}; read < commands_.size(); ++read) {
      for (; sent < commands_.size() && sent < read + kOnTheirWay; ++sent) TRY_VOID(line_.send(commands_[sent]));
      TRY(auto const size, line_.head());
      for (auto i = std::int64_t{0}; i < size; ++i, ++place) {
        TRY(auto const text, line_.bulk());
        if (!text) continue;
        auto answer = std::int64_t{0};
        std::from_chars(text->data(), text->data() + text->size(), answer);
        answers.add(place, answer);
      }
    }
    return answers;
  }

private:
  Child server_;
  Line line_;
  std::vector<std::string> commands_;
};

auto start(std::string const &folder, std::uint64_t /*count*/) -> Result<std::unique_ptr<Peer>> {
  auto const program = find_program("redis-server");
  if (program.empty()) return fail(ErrorCode::not_found, "redis-server is not installed");
  auto const path = folder + "/redis.sock";
  TRY(auto server, Child::start({program, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--save", "",
                                 "--appendonly", "no", "--maxmemory", "12gb", "--maxmemory-policy", "noeviction",
                                 "--dir", folder, "--loglevel", "warning"},
                                folder + "/redis.log", nullptr, SIGKILL));
  for (auto tries = 0; tries < kStartTries && server.runs(); ++tries) {
    if (auto line = Line::open(path)) return std::unique_ptr<Peer>{new Redis{std::move(server), *std::move(line)}};
    ::usleep(50'000);
  }
  return fail(ErrorCode::unavailable, "redis-server does not start: {}", server.last_words());
}

}  // namespace

PeerKind const kRedis{"Redis", ~std::uint64_t{0},
                      "unix socket, no persistence, value a number in the object, MSET and MGET of 1,000 pipelined",
                      &start};

}  // namespace noroshi::bench
