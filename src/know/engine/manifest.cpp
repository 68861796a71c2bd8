#include "know/engine/manifest.hpp"

#include <charconv>

#include "base/bytes.hpp"
#include "know/engine/run_layout.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kMagic = std::string_view{"NRMANI02"};
constexpr auto kFamily = kMagic.substr(0, 6);
constexpr auto kLogMagic = std::string_view{"NRLOG001"};
constexpr auto kLogPrefix = std::string_view{"log-"};

void append_text(std::string &to, std::string_view text) {
  append_varint(to, text.size());
  to.append(text);
}
auto read_text(ByteReader &from) -> std::string {
  auto const size = from.varint();
  return std::string{from.take(size)};
}

}  // namespace

auto write_manifest(Files &files, Manifest const &manifest) -> Result<void> {
  auto text = std::string{kMagic};
  for (auto const number : {manifest.version, manifest.first_log, manifest.next_file, manifest.key_checksum})
    append_le(text, number);
  append_varint(text, manifest.cursors.size());
  for (auto const &[stream, position] : manifest.cursors) {
    append_text(text, stream);
    append_le(text, position);
  }
  append(text, manifest.erasures);
  append_varint(text, manifest.runs.size());
  for (auto const &run : manifest.runs) {
    append_text(text, run.name);
    append_le(text, run.bytes);
  }
  append_le(text, Checksum::of(text));
  return replace_file(files, std::string{kManifestName}, text);
}

auto read_manifest(Files &files) -> Result<std::optional<Manifest>> {
  auto const bytes = files.map(std::string{kManifestName});
  if (!bytes && bytes.error().code == ErrorCode::not_found) return std::optional<Manifest>{};
  if (!bytes) return bytes.error();
  auto const text = (*bytes)->view();
  auto manifest = Manifest{};
  auto from = ByteReader{text};
  auto const magic = from.take(kMagic.size());
  if (magic.starts_with(kFamily) && magic < kMagic)
    return fail(ErrorCode::conflict,
                "{}: the indicators were written by an older version of this program, in a form that this one does not "
                "read; move the folder away and import the lists again",
                files.where());
  if (magic.starts_with(kFamily) && magic != kMagic)
    return fail(ErrorCode::conflict, "{}: the indicators were written by a newer version of this program; update it",
                files.where());
  for (auto *const number : {&manifest.version, &manifest.first_log, &manifest.next_file, &manifest.key_checksum})
    *number = from.little<std::uint64_t>();
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto stream = read_text(from);
    manifest.cursors[std::move(stream)] = from.little<std::uint64_t>();
  }
  manifest.erasures = read_erasures(from);
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto name = read_text(from);
    manifest.runs.push_back({std::move(name), from.little<std::uint64_t>()});
  }
  auto const covered = text.substr(0, text.size() - from.rest().size());
  auto const checksum = from.little<std::uint64_t>();
  if (from.failed() || magic != kMagic || checksum != Checksum::of(covered))
    return fail(ErrorCode::malformed, "{}/{} is damaged", files.where(), kManifestName);
  return manifest;
}

auto log_name(std::uint64_t number) -> std::string { return fmt::format("{}{:016x}", kLogPrefix, number); }
auto run_name(std::uint64_t number) -> std::string { return fmt::format("run-{:016x}", number); }

auto log_header(LogHeader const &header) -> std::string {
  auto text = std::string{kLogMagic};
  append_le(text, header.previous);
  append_le(text, header.previous_bytes);
  append_le(text, Checksum::of(text));
  return text;
}

auto read_log_header(std::string_view log) -> std::optional<LogHeader> {
  if (log.size() < kLogHeaderBytes || !log.starts_with(kLogMagic)) return std::nullopt;
  auto from = ByteReader{log.substr(kLogMagic.size())};
  auto header = LogHeader{};
  header.previous = from.little<std::uint64_t>();
  header.previous_bytes = from.little<std::uint64_t>();
  auto const checksum = from.little<std::uint64_t>();
  return checksum == Checksum::of(log.substr(0, kLogHeaderBytes - 8)) ? std::optional{header} : std::nullopt;
}

auto log_number(std::string_view name) -> std::uint64_t {
  if (!name.starts_with(kLogPrefix)) return 0;
  auto number = std::uint64_t{0};
  auto const digits = name.substr(kLogPrefix.size());
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return error == std::errc{} && end == digits.data() + digits.size() && digits.size() == 16 ? number : 0;
}

}  // namespace noroshi::know::engine
