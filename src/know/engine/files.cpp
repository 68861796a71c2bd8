#include "know/engine/files.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"

namespace noroshi::know::engine {

namespace {

class MappedFile final : public Bytes {
public:
  MappedFile(void *at, std::size_t size) : at_(at), size_(size) {}
  MappedFile(MappedFile const &) = delete;
  auto operator=(MappedFile const &) -> MappedFile & = delete;
  ~MappedFile() override {
    if (size_ > 0) ::munmap(at_, size_);
  }
  [[nodiscard]] auto view() const -> std::string_view override { return {static_cast<char const *>(at_), size_}; }

private:
  void *at_;
  std::size_t size_;
};

auto map_file(int file, std::string const &path) -> Result<std::shared_ptr<Bytes const>> {
  struct stat state{};
  if (::fstat(file, &state) != 0) return file_error(errno, "reading", path);
  auto const size = static_cast<std::size_t>(state.st_size);
  if (size == 0) return std::shared_ptr<Bytes const>{std::make_shared<MappedFile>(nullptr, 0)};
  auto *const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) return file_error(errno, "mapping", path);
  // Look-ups jump about: where the kernel keeps a file in huge pages, each costs no walk of four tables.
  ::madvise(mapped, size, MADV_HUGEPAGE);
  return std::shared_ptr<Bytes const>{std::make_shared<MappedFile>(mapped, size)};
}

class DiskFile final : public Scratch {
public:
  DiskFile(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  auto write_at(std::uint64_t offset, std::string_view bytes) -> Result<void> override {
    while (!bytes.empty()) {
      auto const written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return file_error(errno, "writing", path_);
      offset += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ok;
  }
  auto sync() -> Result<void> override {
    if (::fdatasync(file_.get()) != 0) return file_error(errno, "writing", path_);
    return ok;
  }
  auto map() -> Result<std::shared_ptr<Bytes const>> override { return map_file(file_.get(), path_); }

private:
  FileDescriptor file_;
  std::string path_;
};

class MemoryScratch final : public Scratch {
public:
  auto write_at(std::uint64_t offset, std::string_view bytes) -> Result<void> override {
    return file_->write_at(offset, bytes);
  }
  auto sync() -> Result<void> override { return ok; }
  auto map() -> Result<std::shared_ptr<Bytes const>> override { return std::shared_ptr<Bytes const>{file_}; }

private:
  std::shared_ptr<MemoryFile> file_ = std::make_shared<MemoryFile>();
};

class Folder final : public Files {
public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] auto where() const -> std::string override { return path_; }

  auto create(std::string const &name) -> Result<std::unique_ptr<OutFile>> override {
    TRY(auto file, open_file(at(name), O_WRONLY | O_CREAT | O_TRUNC));
    return std::unique_ptr<OutFile>{std::make_unique<DiskFile>(std::move(file), at(name))};
  }
  auto map(std::string const &name) -> Result<std::shared_ptr<Bytes const>> override {
    TRY(auto file, open_file(at(name), O_RDONLY));
    return map_file(file.get(), at(name));
  }
  /// A file with a name for a moment: not every file system knows files that never had one.
  auto scratch() -> Result<std::unique_ptr<Scratch>> override {
    auto path = at("scratch-XXXXXX");
    auto file = FileDescriptor{::mkostemp(path.data(), O_CLOEXEC)};
    if (file.get() < 0) return file_error(errno, "creating", path);
    if (::unlink(path.c_str()) != 0) return file_error(errno, "removing", path);
    return std::unique_ptr<Scratch>{std::make_unique<DiskFile>(std::move(file), path_ + " (scratch room)")};
  }
  auto rename(std::string const &from, std::string const &to) -> Result<void> override {
    if (::rename(at(from).c_str(), at(to).c_str()) != 0) return file_error(errno, "renaming", at(from));
    return ok;
  }
  auto remove(std::string const &name) -> Result<void> override {
    if (::unlink(at(name).c_str()) != 0 && errno != ENOENT) return file_error(errno, "removing", at(name));
    return ok;
  }
  auto sync(std::string const &name) -> Result<void> override {
    TRY(auto file, open_file(at(name), O_RDONLY));
    return DiskFile{std::move(file), at(name)}.sync();
  }
  auto names() -> Result<std::vector<std::string>> override {
    auto found = std::vector<std::string>{};
    auto error = std::error_code{};
    for (auto entry = std::filesystem::directory_iterator{path_, error};
         !error && entry != std::filesystem::directory_iterator{}; entry.increment(error))
      found.push_back(entry->path().filename().string());
    if (error) return file_error(error.value(), "reading", path_);
    std::ranges::sort(found);
    return found;
  }
  auto sync_folder() -> Result<void> override { return noroshi::sync_folder(path_); }

private:
  [[nodiscard]] auto at(std::string const &name) const -> std::string { return path_ + "/" + name; }
  std::string path_;
};

}  // namespace

auto open_folder(std::string path) -> Result<std::unique_ptr<Files>> {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return file_error(errno, "creating", path);
  return std::unique_ptr<Files>{std::make_unique<Folder>(std::move(path))};
}

auto replace_file(Files &files, std::string const &name, std::string_view bytes) -> Result<void> {
  auto const temporary = name + ".tmp";
  TRY(auto const file, files.create(temporary));
  TRY_VOID(file->write_at(0, bytes));
  TRY_VOID(file->sync());
  TRY_VOID(files.rename(temporary, name));
  return files.sync_folder();
}

auto memory_scratch() -> std::unique_ptr<Scratch> { return std::make_unique<MemoryScratch>(); }

auto MemoryFile::write_at(std::uint64_t offset, std::string_view bytes) -> Result<void> {
  if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
  std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  return ok;
}

}  // namespace noroshi::know::engine
