#include "apps/noroshi/backup_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <sodium.h>
#include <boost/json/parse.hpp>

#include "apps/noroshi/json_text.hpp"
#include "base/file.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "codec/json_writer.hpp"

namespace noroshi::apps {

namespace {

namespace fs = std::filesystem;

constexpr auto kReadBytes = std::size_t{1} << 20;
// A line a file; a node of ten years has some ten thousand.
constexpr auto kMaxManifestBytes = std::uint64_t{64} << 20;

struct FileFacts {
  std::uint64_t bytes = 0;
  std::string sha256;
};

auto facts_of(std::string const &path) -> Result<FileFacts> {
  TRY(auto const file, open_file(path, O_RDONLY));
  auto facts = FileFacts{};
  auto state = crypto_hash_sha256_state{};
  crypto_hash_sha256_init(&state);
  auto buffer = std::string(kReadBytes, '\0');
  while (true) {
    auto const got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(errno, "cannot read", path);
    if (got == 0) break;
    facts.bytes += static_cast<std::uint64_t>(got);
    crypto_hash_sha256_update(&state, reinterpret_cast<unsigned char const *>(buffer.data()),
                              static_cast<unsigned long long>(got));
  }
  auto digest = std::array<unsigned char, crypto_hash_sha256_BYTES>{};
  crypto_hash_sha256_final(&state, digest.data());
  for (auto const byte : digest) facts.sha256 += fmt::format("{:02x}", byte);
  return facts;
}

auto files_below(std::string const &folder) -> Result<std::map<std::string, FileFacts>> {
  auto files = std::map<std::string, FileFacts>{};
  auto error = std::error_code{};
  for (auto entry = fs::recursive_directory_iterator{folder, error}; entry != fs::recursive_directory_iterator{};
       entry.increment(error)) {
    if (error) break;
    auto const name = fs::relative(entry->path(), folder).string();
    if (entry->is_symlink() || !entry->is_regular_file() || name == kManifest) continue;
    TRY(files[name], facts_of(entry->path().string()));
  }
  if (error) return file_error(error.value(), "cannot read the folder", folder);
  return files;
}

auto summary_of(std::map<std::string, FileFacts> const &files) -> BackupSummary {
  auto summary = BackupSummary{files.size(), 0};
  for (auto const &[name, facts] : files) summary.bytes += facts.bytes;
  return summary;
}

}  // namespace

auto seal_backup(std::string const &folder) -> Result<BackupSummary> {
  TRY(auto const files, files_below(folder));
  auto text = std::string{};
  auto json = codec::JsonWriter{text};
  json.begin_object().member("noroshi", version()).member("made", system_clock().now()).key("files").begin_object();
  for (auto const &[name, facts] : files)
    json.key(name).begin_object().member("bytes", facts.bytes).member("sha256", facts.sha256).end_object();
  json.end_object().end_object();
  TRY_VOID(write_file_durably(folder + "/" + kManifest, text + "\n"));
  return summary_of(files);
}

auto check_backup(std::string const &folder) -> Result<BackupSummary> {
  auto const manifest = read_file(folder + "/" + kManifest, kMaxManifestBytes);
  if (!manifest)
    return fail(ErrorCode::not_found, "{} is no backup, or one that was not finished: {}", folder,
                manifest.error().sentence);
  auto error = boost::json::error_code{};
  auto const document = boost::json::parse(*manifest, error);
  if (error || !document.is_object() || !document.get_object().contains("files") || !document.at("files").is_object())
    return fail(ErrorCode::malformed, "{}/{} is damaged; take another backup", folder, kManifest);
  TRY(auto const files, files_below(folder));
  for (auto const &[name, expected] : document.at("files").get_object()) {
    auto const found = files.find(std::string{name});
    if (found == files.end())
      return fail(ErrorCode::malformed, "the backup {} lacks its file {}; take another one", folder,
                  std::string_view{name});
    if (!expected.is_object() || text_of(expected.get_object(), "sha256") != found->second.sha256)
      return fail(ErrorCode::malformed, "the backup's file {}/{} is not what was written; take another one", folder,
                  std::string_view{name});
  }
  for (auto const &[name, facts] : files)
    if (!document.at("files").get_object().contains(name))
      return fail(ErrorCode::malformed, "the backup {} did not come with the file {}; move it away", folder, name);
  return summary_of(files);
}

}  // namespace noroshi::apps
