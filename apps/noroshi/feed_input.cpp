#include "apps/noroshi/feed_input.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <archive.h>
#include <archive_entry.h>

#include "base/file.hpp"

namespace noroshi::apps {

namespace {

// A request: some hundred thousand lines, small enough for two in memory.
constexpr auto kPieceBytes = std::size_t{4} << 20;
constexpr auto kBlockBytes = std::size_t{1} << 20;
constexpr auto kMaxFiles = std::size_t{1'000'000};  // their names are kept; feeds have thousands
constexpr auto kNamesTold = std::size_t{5};         // of files that were passed over

/// "list.txt.gz" → "list.txt" where it was compressed.
auto without_ending(std::string name) -> std::string {
  for (auto const ending : {".gz", ".zst", ".xz"})
    if (name.ends_with(ending)) name.resize(name.size() - std::string_view{ending}.size());
  return name;
}

}  // namespace

void FeedInput::Passed::add(std::string const &name) {
  ++count;
  if (names.size() < kNamesTold) names.push_back(name);
}

auto FeedInput::nothing() const -> std::string {
  if (passed_.count > 0)
    return fmt::format("none of the files in {} is a list of that format; the first is {}", shown_path(),
                       passed_.names.front());
  if (is_archive_) return shown_path() + " holds no file: it is an empty archive, or all zeros";
  return shown_path() + " is empty";
}

void FeedInput::Close::operator()(::archive *opened) const { ::archive_read_free(opened); }
FeedInput::FeedInput(FeedInput &&) noexcept = default;
auto FeedInput::operator=(FeedInput &&) noexcept -> FeedInput & = default;
FeedInput::~FeedInput() = default;

auto FeedInput::open(std::string const &path) -> Result<FeedInput> {
  auto input = FeedInput{path};
  if (path == "-")
    input.files_ = {""};
  else
    TRY_VOID(input.find_files());
  return input;
}

auto FeedInput::find_files() -> Result<void> {
  namespace fs = std::filesystem;
  auto error = std::error_code{};
  auto const status = fs::status(path_, error);
  if (!fs::exists(status)) return file_error(error ? error.value() : ENOENT, "reading", path_);
  if (!fs::is_directory(status)) {
    files_ = {""};
    if (!fs::is_regular_file(status)) return ok;
    all_ = fs::file_size(path_, error);
    return all_ > 0 || error ? Result<void>{ok} : fail(ErrorCode::malformed, "{}", nothing());
  }
  for (auto entry = fs::recursive_directory_iterator{path_, error}; !error && entry != fs::end(entry);
       entry.increment(error)) {
    auto unknown = std::error_code{};
    if (!entry->is_regular_file(unknown)) continue;
    if (files_.size() == kMaxFiles) return fail(ErrorCode::too_large, "{} has more than {} files", path_, kMaxFiles);
    files_.push_back(fs::path{entry->path()}.lexically_relative(path_).string());
    all_ += entry->file_size(unknown);
    has_manifest_ = has_manifest_ || files_.back() == "manifest.json";
  }
  if (error) return file_error(error.value(), "reading", path_);
  if (files_.empty()) return fail(ErrorCode::malformed, "{} is an empty folder", path_);
  std::ranges::sort(files_);
  return ok;
}

auto FeedInput::bytes_read() const -> std::uint64_t {
  return read_ +
         (open_ ? static_cast<std::uint64_t>(std::max<std::int64_t>(::archive_filter_bytes(open_.get(), -1), 0)) : 0);
}

auto FeedInput::failure() const -> Error {
  auto const *const why = ::archive_error_string(open_.get());
  auto const &name = at_ == 0 || files_[at_ - 1].empty() ? path_ : path_ + "/" + files_[at_ - 1];
  return fail(ErrorCode::malformed, "{}: {}", name == "-" ? shown_path() : name,
              why == nullptr ? "it cannot be read" : why);
}

/// Opens the next file on disk that is wanted; false behind the last.
auto FeedInput::open_next() -> Result<bool> {
  read_ = bytes_read();
  open_.reset();
  for (; at_ < files_.size() && wanted_ && !files_[at_].empty() && !wanted_(without_ending(files_[at_])); ++at_)
    passed_.add(files_[at_]);
  if (at_ == files_.size()) return false;
  auto const &name = files_[at_++];
  auto const path = name.empty() ? path_ : path_ + "/" + name;
  open_.reset(::archive_read_new());
  auto *const opened = open_.get();
  if (opened == nullptr) return fail(ErrorCode::unavailable, "{}: no memory to read it", path);
  ::archive_read_support_filter_gzip(opened);
  ::archive_read_support_filter_zstd(opened);
  ::archive_read_support_filter_xz(opened);
  ::archive_read_support_format_tar(opened);
  ::archive_read_support_format_zip(opened);
  ::archive_read_support_format_raw(opened);
  ::archive_read_support_format_empty(opened);
  auto const done = path_ == "-" ? ::archive_read_open_fd(opened, STDIN_FILENO, kBlockBytes)
                                 : ::archive_read_open_filename(opened, path.c_str(), kBlockBytes);
  if (done != ARCHIVE_OK) {
    if (auto const number = ::archive_errno(opened); number > 0 && number < 200)
      return file_error(number, "reading", path);
    return failure();
  }
  return true;
}

/// Goes to the next file inside what is open; false behind the last.
auto FeedInput::next_entry() -> Result<bool> {
  while (true) {
    auto *entry = static_cast<::archive_entry *>(nullptr);
    auto const done = ::archive_read_next_header(open_.get(), &entry);
    is_archive_ = ::archive_format(open_.get()) != ARCHIVE_FORMAT_EMPTY;
    if (done == ARCHIVE_EOF) return false;
    if (done != ARCHIVE_OK && done != ARCHIVE_WARN) return failure();
    if (::archive_format(open_.get()) == ARCHIVE_FORMAT_RAW) {
      auto const &name = files_[at_ - 1].empty() ? path_ : files_[at_ - 1];
      file_ = name == "-" ? "standard input" : name;
      if (::archive_filter_count(open_.get()) > 1) file_ = without_ending(file_);
      return true;
    }
    if (::archive_entry_filetype(entry) != AE_IFREG) continue;
    auto const *const name = ::archive_entry_pathname(entry);
    file_ = name == nullptr || *name == '\0' ? "nameless" : name;
    if (!wanted_ || wanted_(file_)) return true;
    passed_.add(file_);
    file_.clear();
  }
}

auto FeedInput::next(Piece &piece) -> Result<bool> {
  piece = {};
  while (file_.empty()) {
    if (!open_) {
      TRY(auto const more, open_next());
      if (!more) return false;
    }
    TRY(piece.begins_file, next_entry());
    if (piece.begins_file) break;
    auto const is_empty = !is_archive_ && !files_[at_ - 1].empty();
    read_ = bytes_read();
    open_.reset();
    if (!is_empty) continue;
    // Told like any other: what a failed download left behind must not pass for a feed that got shorter.
    piece = {.file = files_[at_ - 1], .bytes = {}, .begins_file = true, .ends_file = true};
    return true;
  }
  piece.file = file_;
  auto got = ::la_ssize_t{1};
  piece.bytes.resize_and_overwrite(kPieceBytes, [&](char *buffer, std::size_t room) {
    auto filled = std::size_t{0};
    while (filled < room && got > 0) {
      got = ::archive_read_data(open_.get(), buffer + filled, room - filled);
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    return filled;
  });
  if (got < 0) return failure();
  piece.ends_file = got == 0;
  if (piece.ends_file) file_.clear();
  return true;
}

}  // namespace noroshi::apps
