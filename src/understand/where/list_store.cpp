#include "understand/where/list_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <filesystem>

#include "base/file.hpp"
#include "base/log.hpp"
#include "codec/value_list.hpp"

namespace noroshi::understand {

namespace {

ConfigKey<Duration> const refresh_interval{"where.refresh", "6h", "time",
                                           "how often lists named by URL are fetched again"};

// A slow server must not hold up the other lists for long; they come one behind the other.
constexpr auto kFetchDeadline = std::chrono::seconds{60};
constexpr auto kMaxVersionBytes = std::uint64_t{16} << 10;

auto line_of(std::string_view &text) -> std::string {
  auto const end = std::min(text.find('\n'), text.size());
  auto line = std::string{text.substr(0, end)};
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

auto one_line(std::string text) -> std::string {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  return text;
}

}  // namespace

auto ListStore::file_of(std::string_view url) const -> std::string {
  return fmt::format("{}/{:016x}.list", folder_, ::XXH3_64bits(url.data(), url.size()));
}

auto ListStore::version_of(std::string_view url) const -> net::FetchVersion {
  auto const file = file_of(url);
  auto problem = std::error_code{};
  auto const text = read_file(file.substr(0, file.size() - 4) + "from", kMaxVersionBytes);
  if (!text || !std::filesystem::exists(file, problem)) return {};
  auto rest = std::string_view{*text};
  if (line_of(rest) != url) return {};
  auto version = net::FetchVersion{};
  version.etag = line_of(rest);
  version.last_modified = line_of(rest);
  return version;
}

auto ListStore::keep(std::string_view url, net::Fetched const &fetched) const -> Result<void> {
  auto problem = std::error_code{};
  std::filesystem::create_directories(folder_, problem);
  if (problem) return file_error(problem.value(), "making", folder_);
  auto const file = file_of(url);
  auto const from = file.substr(0, file.size() - 4) + "from";
  // The version goes first and comes last: a crash in between only costs one more download.
  std::filesystem::remove(from, problem);
  TRY_VOID(write_file_durably(file, fetched.body));
  return write_file_durably(
      from, fmt::format("{}\n{}\n{}\n", url, one_line(fetched.version.etag), one_line(fetched.version.last_modified)));
}

auto ListStore::confirm(std::string_view url) const -> Result<void> {
  auto const file = file_of(url);
  if (::utimensat(AT_FDCWD, file.c_str(), nullptr, 0) != 0) return file_error(errno, "touching", file);
  return ok;
}

ListRefresher::ListRefresher(Where &where, std::string folder, Config const &config, Fetch fetch)
    : where_(where), store_(std::move(folder)), fetch_(std::move(fetch)), every_(config.get(refresh_interval)) {}

void ListRefresher::start() {
  thread_ = std::thread{[this] { run(); }};
}

void ListRefresher::stop() {
  {
    auto const lock = std::lock_guard{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ListRefresher::run() {
  auto lock = std::unique_lock{mutex_};
  while (!stopping_) {
    lock.unlock();
    (void)refresh();
    lock.lock();
    wake_.wait_for(lock, every_, [this] { return stopping_; });
  }
}

auto ListRefresher::refresh() -> std::size_t {
  auto changed = std::size_t{0};
  for (auto const &list : where_.named_lists()) {
    if (!list.is_url) continue;
    {
      auto const lock = std::lock_guard{mutex_};
      if (stopping_) break;
    }
    auto const taken = take(list);
    changed += taken && *taken ? 1 : 0;
    where_.note_fetch(list.place, taken ? std::string{} : taken.error().sentence);
    if (!taken) log_warning("where.lists: {}: {}", list.place, taken.error().sentence);
  }
  where_.reload_if_changed();
  return changed;
}

/// True where a new version came.
auto ListRefresher::take(NamedList const &list) -> Result<bool> {
  auto options = net::FetchOptions{};
  options.known = store_.version_of(list.place);
  options.max_bytes = codec::kMaxListBytes;
  options.deadline = kFetchDeadline;
  TRY(auto const fetched, fetch_(list.place, options));
  if (fetched.not_modified) {
    TRY_VOID(store_.confirm(list.place));
    return false;
  }
  TRY(auto const parsed, codec::parse_value_list(fetched.body));
  if (parsed.ranges.empty())
    return fail(ErrorCode::malformed, "it answered with a list that holds no address; the last good copy stays");
  TRY_VOID(store_.keep(list.place, fetched));
  return true;
}

}  // namespace noroshi::understand
