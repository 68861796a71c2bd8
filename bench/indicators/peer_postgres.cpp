// PostgreSQL: a cluster of its own on a unix socket, filled by COPY, with a hash index on the key (equality is all that
// is asked, and it is half the size of a B-tree). Asked by a join with a table, and by arrays of a thousand.
#include <pwd.h>
#include <signal.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <filesystem>

#include <endian.h>

#include "bench/indicators/libpq.hpp"
#include "bench/indicators/peer.hpp"
#include "bench/indicators/scratch.hpp"

namespace noroshi::bench {

namespace {

constexpr auto kByArrays = std::size_t{2};  // among its ways
constexpr auto kKeysPerArray = std::size_t{1'000};
constexpr auto kOnTheirWay = std::size_t{4};
constexpr auto kStartTries = 300;  // of 100 ms
constexpr auto kPieceBytes = std::size_t{64} << 10;
constexpr auto kLongestAnswerMs = 300'000;  // no longer than a load may take
constexpr auto kByteaType = 17;             // pg_type.oid
// Table and index take some 100 bytes a row, and both belong into shared memory.
constexpr auto kSharedBytesPerRow = std::uint64_t{110};
constexpr auto kMegabyte = std::uint64_t{1} << 20;
constexpr auto kLeastSharedMegabytes = std::uint64_t{128}, kMostSharedMegabytes = std::uint64_t{10'240};

template <class Number>
void append_big(std::string &to, Number number) {
  for (auto shift = static_cast<int>(8 * sizeof number) - 8; shift >= 0; shift -= 8)
    to += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
}

constexpr auto kCopyHead = std::string_view{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};

/// Rows (number, key) of COPY's binary format.
class CopyWriter {
public:
  CopyWriter(Postgres &connection, std::string const &table) : connection_(connection), table_(table) {}
  auto begin() -> Result<void> {
    buffer_ = kCopyHead;
    return connection_.begin_copy("COPY " + table_ + " FROM STDIN (FORMAT binary)");
  }
  auto put(std::int64_t number, std::string const &key) -> Result<void> {
    append_big(buffer_, std::int16_t{2});
    append_big(buffer_, std::int32_t{8});
    append_big(buffer_, number);
    append_big(buffer_, static_cast<std::int32_t>(key.size()));
    buffer_ += key;
    if (buffer_.size() < kPieceBytes) return ok;
    TRY_VOID(connection_.copy(buffer_));
    buffer_.clear();
    return ok;
  }
  auto end() -> Result<void> {
    append_big(buffer_, std::int16_t{-1});
    TRY_VOID(connection_.copy(buffer_));
    return connection_.end_copy();
  }

private:
  Postgres &connection_;
  std::string table_;
  std::string buffer_;
};

/// A bytea[] in binary form.
auto array_of(std::span<std::string const> keys) -> std::string {
  auto bytes = std::string{};
  for (auto const number : {1, 0, kByteaType, static_cast<int>(keys.size()), 1}) append_big(bytes, number);
  for (auto const &key : keys) {
    append_big(bytes, static_cast<std::int32_t>(key.size()));
    bytes += key;
  }
  return bytes;
}

class PostgresPeer final : public Peer {
public:
  PostgresPeer(std::string folder, Child server, Postgres connection)
      : folder_(std::move(folder)), server_(std::move(server)), connection_(std::move(connection)) {}

  auto load(std::uint64_t count, Bounds const &bounds) -> Result<void> override {
    auto const within = [&](std::string const &sql) -> Result<void> {
      TRY_VOID(connection_.run(fmt::format("SET statement_timeout = {}", bounds.milliseconds_left())));
      return connection_.run(sql);
    };
    TRY_VOID(connection_.run("CREATE UNLOGGED TABLE indicators(answer bigint NOT NULL, key bytea NOT NULL)"));
    TRY_VOID(connection_.run("ALTER TABLE indicators ALTER key SET STORAGE PLAIN"));
    auto writer = CopyWriter{connection_, "indicators"};
    TRY_VOID(writer.begin());
    TRY_VOID(each_indicator(count, bounds,
                            [&](std::string const &key, std::int64_t answer) { return writer.put(answer, key); }));
    TRY_VOID(writer.end());
    TRY_VOID(within("CREATE INDEX indicators_key ON indicators USING hash (key)"));
    TRY_VOID(within("VACUUM (FREEZE, ANALYZE) indicators"));
    TRY_VOID(connection_.run(fmt::format("SET statement_timeout = {}", kLongestAnswerMs)));
    if (bounds.late()) return fail(ErrorCode::timed_out, "the load of {} took past its time", count);
    TRY_VOID(connection_.run("CREATE EXTENSION pg_prewarm"));
    TRY_VOID(connection_.run("SELECT pg_prewarm('indicators'), pg_prewarm('indicators_key')"));
    return connection_.prepare(
        "SELECT q.place, i.answer FROM unnest($1::bytea[]) WITH ORDINALITY AS q(key, place) JOIN indicators i USING "
        "(key)");
  }

  auto bytes() -> Result<std::uint64_t> override {
    TRY(auto const text, connection_.text("SELECT pg_total_relation_size('indicators')"));
    return std::strtoull(text.c_str(), nullptr, 10);
  }

  auto ask(std::size_t way, std::span<std::string const> keys) -> Result<void> override {
    if (way == kByArrays) {
      arrays_.clear();
      for (auto first = std::size_t{0}; first < keys.size(); first += kKeysPerArray)
        arrays_.push_back(array_of(keys.subspan(first, std::min(kKeysPerArray, keys.size() - first))));
      return ok;
    }
    TRY_VOID(
        connection_.run("DROP TABLE IF EXISTS questions; CREATE UNLOGGED TABLE questions(place bigint, key bytea)"));
    auto writer = CopyWriter{connection_, "questions"};
    TRY_VOID(writer.begin());
    for (auto i = std::size_t{0}; i < keys.size(); ++i) TRY_VOID(writer.put(static_cast<std::int64_t>(i), keys[i]));
    TRY_VOID(writer.end());
    return connection_.run("ANALYZE questions");
  }

  auto ways() -> std::vector<std::string> override {
    return {"join with a table", "join by the index", "prepared arrays of 1,000, pipelined"};
  }

  auto answers(std::size_t way) -> Result<Answers> override {
    if (way == kByArrays) return by_arrays();
    // The planner's own choice; and a walk along the index whatever it thinks.
    auto const *const allowed = way == 0 ? "on" : "off";
    TRY_VOID(connection_.run(fmt::format("SET enable_hashjoin = {0}; SET enable_mergejoin = {0}", allowed)));
    auto joined_answers = joined();
    TRY_VOID(connection_.run("RESET enable_hashjoin; RESET enable_mergejoin"));
    return joined_answers;
  }

private:
  auto joined() -> Result<Answers> {
    auto answers = Answers{};
    // Each row: int16 fields, then each field's int32 length and bytes; the last "row" is only int16 -1.
    constexpr auto kRowBytes = std::size_t{2 + 4 + 8 + 4 + 8};
    TRY_VOID(connection_.copy_out(
        "COPY (SELECT q.place, i.answer FROM questions q JOIN indicators i USING (key)) TO STDOUT (FORMAT binary)",
        [&](std::string_view row) {
          if (row.starts_with(kCopyHead.substr(0, 11))) row.remove_prefix(kCopyHead.size());
          if (row.size() != kRowBytes) return;
          auto place = std::uint64_t{0}, answer = std::uint64_t{0};
          std::memcpy(&place, row.data() + 6, sizeof place);
          std::memcpy(&answer, row.data() + 18, sizeof answer);
          answers.add(be64toh(place), static_cast<std::int64_t>(be64toh(answer)));
        }));
    return answers;
  }

  auto by_arrays() -> Result<Answers> {
    auto answers = Answers{};
    TRY_VOID(connection_.enter_pipeline());
    for (auto sent = std::size_t{0}, read = std::size_t{0}; read < arrays_.size(); ++read) {
      for (; sent < arrays_.size() && sent < read + kOnTheirWay; ++sent) TRY_VOID(connection_.send(arrays_[sent]));
      auto const first = read * kKeysPerArray;
      TRY_VOID(connection_.receive([&](std::int64_t place, std::int64_t answer) {
        answers.add(first + static_cast<std::uint64_t>(place) - 1, answer);  // places count from 1
      }));
    }
    TRY_VOID(connection_.leave_pipeline());
    return answers;
  }

  std::string folder_;
  Child server_;
  Postgres connection_;
  std::vector<std::string> arrays_;
};

/// The newest version that is installed, as Debian lays it out.
auto program_folder() -> std::string {
  auto best = std::pair{0, std::string{}};
  auto failed = std::error_code{};
  for (auto const &entry : std::filesystem::directory_iterator{"/usr/lib/postgresql", failed}) {
    auto const bin = entry.path().string() + "/bin";
    if (::access((bin + "/initdb").c_str(), X_OK) == 0)
      best = std::max(best, std::pair{std::atoi(entry.path().filename().c_str()), bin});
  }
  return best.second;
}

auto shared_megabytes(std::uint64_t count) -> std::uint64_t {
  struct sysinfo machine{};
  ::sysinfo(&machine);
  auto const half = std::uint64_t{machine.totalram} * machine.mem_unit / 2 / kMegabyte;
  return std::clamp(count * kSharedBytesPerRow / kMegabyte, kLeastSharedMegabytes,
                    std::max(kLeastSharedMegabytes, std::min(half, kMostSharedMegabytes)));
}

auto settings(std::string const &socket_folder, std::uint64_t count) -> std::vector<std::string> {
  auto words = std::vector<std::string>{};
  for (auto const &setting : {
           std::string{"listen_addresses="},
           "unix_socket_directories=" + socket_folder,
           fmt::format("shared_buffers={}MB", shared_megabytes(count)),
           std::string{"work_mem=1GB"},
           std::string{"maintenance_work_mem=2GB"},
           std::string{"max_parallel_maintenance_workers=2"},
           std::string{"max_parallel_workers_per_gather=2"},
           std::string{"random_page_cost=1.1"},
           std::string{"fsync=off"},
           std::string{"synchronous_commit=off"},
           std::string{"full_page_writes=off"},
           std::string{"wal_level=minimal"},
           std::string{"max_wal_senders=0"},
           std::string{"max_wal_size=8GB"},
           std::string{"autovacuum=off"},
           std::string{"jit=off"},
       })
    words.insert(words.end(), {"-c", setting});
  return words;
}

auto start(std::string const &folder, std::uint64_t count) -> Result<std::unique_ptr<Peer>> {
  auto const programs = program_folder();
  if (programs.empty()) return fail(ErrorCode::not_found, "PostgreSQL is not installed below /usr/lib/postgresql");
  // It refuses to run as root.
  auto account = Account{};
  auto const *as = static_cast<Account const *>(nullptr);
  if (::geteuid() == 0) {
    auto const *const user = ::getpwnam("postgres");
    if (user == nullptr) return fail(ErrorCode::not_found, "there is no user postgres");
    account = {user->pw_uid, user->pw_gid};
    as = &account;
  }
  auto const data = folder + "/pg";
  std::filesystem::create_directory(data);
  if (as != nullptr && ::chown(data.c_str(), account.user, account.group) != 0)
    return system_error(errno, "giving PostgreSQL its folder");
  auto const log = folder + "/postgres.log";
  TRY(auto making, Child::start({programs + "/initdb", "--pgdata=" + data + "/cluster", "--auth=trust", "--no-sync",
                                 "--encoding=UTF8", "--locale=C", "--username=bench"},
                                log, as, SIGTERM));
  TRY_VOID(making.wait());
  auto words = std::vector<std::string>{programs + "/postgres", "-D", data + "/cluster"};
  auto const more = settings(data, count);
  words.insert(words.end(), more.begin(), more.end());
  TRY(auto server, Child::start(words, log, as, SIGQUIT));
  for (auto tries = 0; tries < kStartTries && server.runs(); ++tries) {
    auto connection =
        Postgres::connect("host=" + data + " user=bench dbname=postgres options='-c client_min_messages=warning'");
    if (connection) return std::unique_ptr<Peer>{new PostgresPeer{folder, std::move(server), *std::move(connection)}};
    if (connection.error().code == ErrorCode::not_found) return connection.error();
    ::usleep(100'000);
  }
  return fail(ErrorCode::unavailable, "PostgreSQL does not start: {}", server.last_words());
}

}  // namespace

PeerKind const kPostgres{"PostgreSQL", ~std::uint64_t{0},
                         "unix socket, unlogged, binary COPY, hash index, frozen, analysed, all in shared buffers",
                         &start};

}  // namespace noroshi::bench
