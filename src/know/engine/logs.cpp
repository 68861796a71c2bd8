#include "know/engine/logs.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <xxhash.h>

#include "base/bytes.hpp"
#include "know/engine/manifest.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kMagic = std::string_view{"NRW2"};
constexpr auto kSealed = std::size_t{4 + 4 + 8};
constexpr auto kFrameBytes = kSealed + 8;
// Not zero: else the last sector of a record could be one of zeros.
constexpr auto kEnd = 'E';
// No disk writes less at once; what did not arrive is a multiple of it.
constexpr auto kSector = std::size_t{512};

auto checksum(std::string_view bytes, std::uint64_t seed = 0) -> std::uint64_t {
  return ::XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

struct Frame {
  std::uint32_t bytes = 0;
  std::uint64_t checksum = 0;
  [[nodiscard]] auto whole() const -> std::size_t { return kFrameBytes + bytes + 1; }
};

auto read_frame(std::string_view at, std::uint64_t seed) -> std::optional<Frame> {
  if (at.size() < kFrameBytes || !at.starts_with(kMagic)) return std::nullopt;
  auto from = ByteReader{at.substr(kMagic.size())};
  auto frame = Frame{};
  frame.bytes = from.little<std::uint32_t>();
  frame.checksum = from.little<std::uint64_t>();
  auto const seal = from.little<std::uint64_t>();
  return seal == checksum(at.substr(0, kSealed), seed) ? std::optional{frame} : std::nullopt;
}

auto read_body(std::string_view at, std::uint64_t seed) -> std::optional<std::string_view> {
  auto const frame = read_frame(at, seed);
  if (!frame || at.size() < frame->whole()) return std::nullopt;
  auto const body = at.substr(kFrameBytes, frame->bytes);
  return checksum(body) == frame->checksum && at[frame->whole() - 1] == kEnd ? std::optional{body} : std::nullopt;
}

/// Where a frame begins, from `offset` on; the log's size: nowhere.
auto next_frame(std::string_view log, std::size_t offset, std::uint64_t seed) -> std::size_t {
  for (auto at = log.find(kMagic, offset); at != std::string_view::npos; at = log.find(kMagic, at + 1))
    if (read_frame(log.substr(at), seed)) return at;
  return log.size();
}

auto lacks_sector(std::string_view log, std::size_t offset) -> bool {
  while (offset < log.size()) {
    auto const end = std::min(log.size(), (offset / kSector + 1) * kSector);
    if (log.substr(offset, end - offset).find_first_not_of('\0') == std::string_view::npos) return true;
    offset = end;
  }
  return false;
}

/// True where a crash can have left the log's last bytes so.
auto is_torn(std::string_view log, std::size_t offset, std::uint64_t seed) -> bool {
  auto const rest = log.substr(offset);
  if (rest.size() < kFrameBytes || lacks_sector(log, offset)) return true;
  auto const frame = read_frame(rest, seed);
  return frame && rest.size() < frame->whole();
}

/// `is_last`: nothing says that the log's end was acknowledged.
void read_records(LogFile &log, std::string_view counted, bool is_last, std::uint64_t seed) {
  log.end = kLogHeaderBytes;
  for (auto at = kLogHeaderBytes; at < counted.size();) {
    if (auto const body = read_body(counted.substr(at), seed)) {
      log.bodies.push_back(*body);
      at += kFrameBytes + body->size() + 1;
      log.end = at;
      continue;
    }
    auto const next = next_frame(counted, at + 1, seed);
    if (is_last && next == counted.size() && is_torn(counted, at, seed)) {
      log.torn = counted.size() - at;
      return;
    }
    log.damage.push_back({at, next - at, "a record is damaged"});
    at = next;
  }
}

/// How many bytes of a log were acknowledged, as the one behind it says.
using Ends = std::map<std::uint64_t, std::uint64_t>;

void read_log(LogFile &log, Ends const &ends, std::uint64_t seed) {
  auto const view = log.bytes->view();
  auto const end = ends.find(log.number);
  auto const is_last = end == ends.end();
  if (!read_log_header(view)) {
    if (is_last && view.size() <= kLogHeaderBytes) {  // a crash while it was begun
      log.torn = view.size();
      return;
    }
    log.damage.push_back({0, std::min<std::uint64_t>(view.size(), kLogHeaderBytes), "its header is damaged"});
  }
  log.counts = true;
  read_records(log, is_last ? view : view.substr(0, end->second), is_last, seed);
  if (is_last) return;
  log.end = end->second;
  if (view.size() < end->second) log.damage.push_back({view.size(), end->second - view.size(), "it is cut off"});
}

}  // namespace

auto to_record(std::string_view body, std::uint64_t seed) -> std::string {
  auto record = std::string{kMagic};
  append_le(record, static_cast<std::uint32_t>(body.size()));
  append_le(record, checksum(body));
  append_le(record, checksum(record, seed));
  return record.append(body).append(1, kEnd);
}

auto read_logs(Files &files, std::uint64_t first, std::uint64_t seed) -> Result<Logs> {
  auto logs = Logs{};
  auto ends = Ends{};
  TRY(auto const names, files.names());
  for (auto const &name : names) {
    auto log = LogFile{.number = log_number(name)};
    logs.highest = std::max(logs.highest, log.number);
    if (log.number == 0 || log.number < first) continue;
    TRY(log.bytes, files.map(name));
    if (auto const header = read_log_header(log.bytes->view())) ends[header->previous] = header->previous_bytes;
    logs.all.push_back(std::move(log));
  }
  for (auto &log : logs.all) read_log(log, ends, seed);
  for (auto const &[number, end] : ends)
    if (number >= first && number != 0 && std::ranges::find(logs.all, number, &LogFile::number) == logs.all.end())
      logs.all.push_back({.number = number, .damage = {{0, end, "it is missing"}}});
  std::ranges::sort(logs.all, {}, &LogFile::number);
  return logs;
}

auto to_sentence(LogFile const &log, LogDamage const &damage, Files const &files) -> std::string {
  return fmt::format("{}/{}: {} at offset {} ({} bytes)", files.where(), log_name(log.number), damage.what,
                     damage.offset, damage.bytes);
}

}  // namespace noroshi::know::engine
