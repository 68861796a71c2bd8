// A disk of paper for the indicator store: what was synced is there after a crash, of the rest whatever the test wants.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "know/engine/files.hpp"

namespace noroshi::test {

/// The state of the disk. Copyable, so that a test can crash a copy and go on with the original.
class PaperDisk {
public:
  struct Write {
    std::uint64_t offset;
    std::string bytes;
  };
  using Content = std::shared_ptr<know::engine::MemoryFile const>;
  struct File {
    Content durable = std::make_shared<know::engine::MemoryFile>();  // never changed: disks and readers share it
    std::vector<Write> pending;                                      // in the order in which they were made
    [[nodiscard]] auto content() const -> Content { return with(durable, pending); }
  };
  using Folder = std::map<std::string, std::shared_ptr<File>>;

  static auto with(Content const &old, std::vector<Write> const &writes) -> Content {
    if (writes.empty()) return old;
    auto bytes = std::make_shared<know::engine::MemoryFile>();
    (void)bytes->write_at(0, old->view());  // memory does not refuse
    for (auto const &write : writes) (void)bytes->write_at(write.offset, write.bytes);
    return bytes;
  }

  Folder now;                   // as the program sees it
  Folder durable;               // as of the last sync of the folder
  std::vector<Folder> between;  // after each change since then: a crash may leave any of them

  void changed() { between.push_back(now); }

  /// The file is as long as it was to be, and some sectors of the write are what they were before.
  static void lose_sectors(std::vector<Write> &survived, Write const &write, std::mt19937_64 &random) {
    constexpr auto kSector = std::uint64_t{512};
    auto const end = write.offset + write.bytes.size();
    for (auto at = write.offset; at < end;) {
      auto const next = std::min(end, (at / kSector + 1) * kSector);
      if (random() % 2 == 0) survived.push_back({at, write.bytes.substr(at - write.offset, next - at)});
      at = next;
    }
    survived.push_back({end, ""});
  }

  /// What a crash leaves. Of the writes that were not synced each one is there, is not, in part, or lacks
  /// sectors, in any order.
  [[nodiscard]] auto crashed(std::mt19937_64 &random) const -> PaperDisk {
    auto const choices = between.size() + 1;
    auto const choice = random() % choices;
    auto const &folder = choice == 0 ? durable : between[choice - 1];
    auto disk = PaperDisk{};
    for (auto const &[name, file] : folder) {
      auto survived = std::vector<Write>{};
      for (auto const &write : file->pending) {
        auto const fate = random() % 4;
        if (fate == 0) continue;
        if (fate == 3) {
          lose_sectors(survived, write, random);
          continue;
        }
        auto const size = fate == 1 ? random() % (write.bytes.size() + 1) : write.bytes.size();
        survived.push_back({write.offset, write.bytes.substr(0, size)});
      }
      disk.now[name] = std::make_shared<File>(with(file->durable, survived));
    }
    disk.durable = disk.now;
    return disk;
  }
};

/// The store's view of the disk. `boundary` is called before each operation that changes something, `fails` says
/// whether it fails.
class PaperFiles final : public know::engine::Files {
public:
  explicit PaperFiles(PaperDisk &disk) : disk_(disk) {}
  std::function<void()> boundary = [] {};
  std::function<bool()> fails = [] { return false; };

  [[nodiscard]] auto where() const -> std::string override { return "paper"; }
  auto create(std::string const &name) -> Result<std::unique_ptr<know::engine::OutFile>> override {
    TRY_VOID(step());
    auto file = std::make_shared<PaperDisk::File>();
    disk_.now[name] = file;
    disk_.changed();
    return std::unique_ptr<know::engine::OutFile>{std::make_unique<Out>(*this, std::move(file))};
  }
  auto map(std::string const &name) -> Result<std::shared_ptr<know::engine::Bytes const>> override {
    auto const found = disk_.now.find(name);
    if (found == disk_.now.end()) return fail(ErrorCode::not_found, "no file {}", name);
    return std::shared_ptr<know::engine::Bytes const>{found->second->content()};
  }
  auto scratch() -> Result<std::unique_ptr<know::engine::Scratch>> override {
    TRY_VOID(step());
    return know::engine::memory_scratch();
  }
  auto rename(std::string const &from, std::string const &to) -> Result<void> override {
    TRY_VOID(step());
    auto const found = disk_.now.find(from);
    if (found == disk_.now.end()) return fail(ErrorCode::not_found, "no file {}", from);
    auto file = found->second;
    disk_.now.erase(found);
    disk_.now[to] = std::move(file);
    disk_.changed();
    return ok;
  }
  auto remove(std::string const &name) -> Result<void> override {
    TRY_VOID(step());
    disk_.now.erase(name);
    disk_.changed();
    return ok;
  }
  auto sync(std::string const &name) -> Result<void> override {
    auto const found = disk_.now.find(name);
    if (found == disk_.now.end()) return fail(ErrorCode::not_found, "no file {}", name);
    return Out{*this, found->second}.sync();
  }
  auto names() -> Result<std::vector<std::string>> override {
    auto all = std::vector<std::string>{};
    for (auto const &[name, file] : disk_.now) all.push_back(name);
    return all;
  }
  auto sync_folder() -> Result<void> override {
    TRY_VOID(step());
    disk_.durable = disk_.now;
    disk_.between.clear();
    return ok;
  }

private:
  class Out final : public know::engine::OutFile {
  public:
    Out(PaperFiles &files, std::shared_ptr<PaperDisk::File> file) : files_(files), file_(std::move(file)) {}
    auto write_at(std::uint64_t offset, std::string_view bytes) -> Result<void> override {
      files_.boundary();
      auto const failed = files_.fails();
      // A write that fails has perhaps written its beginning.
      auto const kept = failed ? bytes.substr(0, bytes.size() / 2) : bytes;
      file_->pending.push_back({offset, std::string{kept}});
      if (failed) return fail(ErrorCode::unavailable, "no space left on paper");
      return ok;
    }
    auto sync() -> Result<void> override {
      TRY_VOID(files_.step());
      file_->durable = file_->content();
      file_->pending.clear();
      return ok;
    }

  private:
    PaperFiles &files_;
    std::shared_ptr<PaperDisk::File> file_;
  };

  auto step() -> Result<void> {
    boundary();
    if (fails()) return fail(ErrorCode::unavailable, "no space left on paper");
    return ok;
  }

  PaperDisk &disk_;
};

}  // namespace noroshi::test
