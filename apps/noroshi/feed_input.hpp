// The files of a feed: a file, a folder, an archive or standard input, uncompressed, piece by piece.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

struct archive;

namespace noroshi::apps {

/// Reads zip and tar, tar also compressed with gzip, zstd or xz, and single files compressed so. Nothing is unpacked to
/// disk.
class FeedInput {
public:
  struct Piece {
    std::string file;  // below the folder or in the archive
    std::string bytes;
    bool begins_file = false, ends_file = false;
  };

  /// Files that were passed over.
  struct Passed {
    std::uint64_t count = 0;
    std::vector<std::string> names;  // the first ones
    void add(std::string const &name);
  };

  /// "-" is standard input. not_found, denied, malformed (an empty file, nothing in the folder), with the path.
  static auto open(std::string const &path) -> Result<FeedInput>;
  FeedInput(FeedInput &&) noexcept;
  auto operator=(FeedInput &&) noexcept -> FeedInput &;
  ~FeedInput();

  /// Which files belong to the feed; the others are passed over. All, until it is said.
  void take_only(std::function<bool(std::string_view)> wanted) { wanted_ = std::move(wanted); }

  /// Fills `piece`; false behind the last file. malformed: an archive that is damaged or cut.
  auto next(Piece &piece) -> Result<bool>;

  [[nodiscard]] auto passed() const -> Passed const & { return passed_; }
  /// Why next() gave nothing at all.
  [[nodiscard]] auto nothing() const -> std::string;

  /// Bytes as they lie on disk: read so far, and in all (0: not known).
  [[nodiscard]] auto bytes_read() const -> std::uint64_t;
  [[nodiscard]] auto bytes_in_all() const -> std::uint64_t { return all_; }
  /// A manifest.json lies at its top.
  [[nodiscard]] auto has_manifest() const -> bool { return has_manifest_; }

private:
  struct Close {
    void operator()(::archive *opened) const;
  };
  explicit FeedInput(std::string path) : path_(std::move(path)) {}
  auto find_files() -> Result<void>;
  auto open_next() -> Result<bool>;
  auto next_entry() -> Result<bool>;
  [[nodiscard]] auto failure() const -> Error;
  [[nodiscard]] auto shown_path() const -> std::string { return path_ == "-" ? "standard input" : path_; }

  std::string path_;                // as given
  std::vector<std::string> files_;  // below path_, sorted; one empty name where path_ is a file
  std::size_t at_ = 0;              // of files_, the next one
  std::function<bool(std::string_view)> wanted_;
  std::unique_ptr<::archive, Close> open_;
  std::string file_;        // whose bytes come next; empty: none
  std::uint64_t read_ = 0;  // of files that are done
  std::uint64_t all_ = 0;
  bool has_manifest_ = false;
  bool is_archive_ = false;  // what was opened last
  Passed passed_;
};

}  // namespace noroshi::apps
