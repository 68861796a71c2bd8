// The files of one indicator store, behind a port: tests cut every write short, tear it and reorder it.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace noroshi::know::engine {

/// Bytes that stay where they are while somebody holds them: a mapped file, or memory.
class Bytes {
public:
  virtual ~Bytes() = default;
  [[nodiscard]] virtual auto view() const -> std::string_view = 0;
};

/// A file that is being written. Nothing is durable before sync().
class OutFile {
public:
  virtual ~OutFile() = default;
  /// Bytes past the end make the file longer; a gap reads as zeros.
  virtual auto write_at(std::uint64_t offset, std::string_view bytes) -> Result<void> = 0;
  virtual auto sync() -> Result<void> = 0;
};

/// Room for what does not fit into memory. It has no name, and is gone when it is dropped, whatever happens.
class Scratch : public OutFile {
public:
  /// All that was written so far.
  virtual auto map() -> Result<std::shared_ptr<Bytes const>> = 0;
};

/// One folder. Names have no slash. Used by one writer at a time; map() and scratch() from any thread.
class Files {
public:
  virtual ~Files() = default;
  /// Where the files are, for messages.
  [[nodiscard]] virtual auto where() const -> std::string = 0;
  /// A new, empty file; one of that name is emptied.
  virtual auto create(std::string const &name) -> Result<std::unique_ptr<OutFile>> = 0;
  /// The whole file. not_found.
  virtual auto map(std::string const &name) -> Result<std::shared_ptr<Bytes const>> = 0;
  virtual auto scratch() -> Result<std::unique_ptr<Scratch>> = 0;
  virtual auto rename(std::string const &from, std::string const &to) -> Result<void> = 0;
  /// A file that is not there is removed already.
  virtual auto remove(std::string const &name) -> Result<void> = 0;
  /// Makes the content of a file that is there durable, whoever wrote it.
  virtual auto sync(std::string const &name) -> Result<void> = 0;
  virtual auto names() -> Result<std::vector<std::string>> = 0;
  /// Makes creations, renames and removals durable.
  virtual auto sync_folder() -> Result<void> = 0;
};

/// The folder on disk; made where it is missing, with everything in it for the owner's eyes alone.
auto open_folder(std::string path) -> Result<std::unique_ptr<Files>>;

/// Replaces `name` as a whole, durably: at any moment the old content or the new one is there.
auto replace_file(Files &files, std::string const &name, std::string_view bytes) -> Result<void>;

/// Scratch room in memory, for files that are no disk's.
auto memory_scratch() -> std::unique_ptr<Scratch>;

/// Bytes in memory; also what a run is built into that never sees the disk. They start where a line of the processor's
/// cache does, as those of a mapped file do.
class MemoryFile final : public OutFile, public Bytes {
public:
  auto write_at(std::uint64_t offset, std::string_view bytes) -> Result<void> override;
  auto sync() -> Result<void> override { return ok; }
  [[nodiscard]] auto view() const -> std::string_view override { return {bytes_.data(), bytes_.size()}; }

private:
  template <class Byte>
  struct OnCacheLines {
    using value_type = Byte;
    static constexpr auto kLine = std::align_val_t{64};
    OnCacheLines() = default;
    template <class Other>
    explicit OnCacheLines(OnCacheLines<Other> const &) {}
    auto allocate(std::size_t count) -> Byte * { return static_cast<Byte *>(::operator new(count, kLine)); }
    void deallocate(Byte *at, std::size_t count) { ::operator delete(at, count, kLine); }
    auto operator==(OnCacheLines const &) const -> bool = default;
  };
  std::vector<char, OnCacheLines<char>> bytes_;
};

}  // namespace noroshi::know::engine
