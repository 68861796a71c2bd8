// Entries of a load on their way into a run: sorted by hash in bounded memory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "know/engine/files.hpp"

namespace noroshi::know::engine {

/// Deals records into parts by the upper bits of their hashes, on a thread of its own where there are many; when the
/// parts together outgrow the memory they may take they are written to scratch room. Then each part is sorted by
/// itself, in the processor's cache. add() and end() from one thread; after end(), part() and drop() of different parts
/// from any.
class LoadSorter {
public:
  static constexpr auto kParts = std::size_t{1024};

  LoadSorter(Files &files, std::uint64_t memory_bytes) : files_(files), memory_bytes_(memory_bytes) {}
  LoadSorter(LoadSorter const &) = delete;
  auto operator=(LoadSorter const &) -> LoadSorter & = delete;
  ~LoadSorter();

  /// `body` is the body of an entry (entry.hpp). An error is that of an earlier record: nothing can be added after it.
  auto add(std::uint64_t hash, std::string_view body) -> Result<void>;
  [[nodiscard]] auto entries() const -> std::uint64_t { return entries_; }
  auto end() -> Result<void>;

  struct Record {
    std::uint64_t hash;
    char const *body;
    std::uint32_t bytes;
    [[nodiscard]] auto view() const -> std::string_view { return {body, bytes}; }
  };
  /// In the order of (hash, type, value); records that are the same in all three stand side by side. Hashes of part n
  /// are below those of part n + 1.
  [[nodiscard]] auto part(std::size_t number) const -> std::vector<Record>;
  /// Gives the memory of a part back.
  void drop(std::size_t number);

private:
  struct Extent {
    std::uint64_t offset, bytes;
  };
  struct Part {
    std::string held;
    std::vector<Extent> spilled;
  };
  auto hand_over() -> Result<void>;
  void work();
  auto deal(std::string_view records) -> Result<void>;
  auto spill() -> Result<void>;

  Files &files_;
  std::uint64_t memory_bytes_;
  std::uint64_t entries_ = 0;
  std::string block_;  // records that were not dealt yet
  // Of whoever deals.
  std::vector<Part> parts_ = std::vector<Part>(kParts);
  std::uint64_t held_ = 0, spilled_ = 0;
  std::unique_ptr<Scratch> scratch_;
  std::shared_ptr<Bytes const> mapped_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::vector<std::string> empty_;  // blocks to be filled again
  bool ending_ = false;
  Result<void> outcome_ = ok;
  std::thread dealer_;
};

/// Same hash, type and value.
auto same_indicator(LoadSorter::Record const &a, LoadSorter::Record const &b) -> bool;

}  // namespace noroshi::know::engine
