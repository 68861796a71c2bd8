#include "know/engine/load_pieces.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace noroshi::know::engine {

namespace {

// Pieces that wait to be written: enough that nobody waits for a slow one, and some hundred MB at the very most.
constexpr auto kAhead = std::size_t{8};

class Pieces {
public:
  Pieces(LoadSorter &sorter, RunWriter &writer) : sorter_(sorter), writer_(writer) {}
  Pieces(Pieces const &) = delete;
  auto operator=(Pieces const &) -> Pieces & = delete;
  ~Pieces() {
    {
      auto const lock = std::lock_guard{mutex_};
      ending_ = true;
    }
    room_.notify_all();
    for (auto &thread : threads_) thread.join();
  }

  auto write() -> Result<void> {
    // One core writes.
    auto const others = std::max(std::thread::hardware_concurrency(), 2U) - 1;
    for (auto i = 0U; i < others; ++i) threads_.emplace_back([this] { work(); });
    for (auto part = std::size_t{0}; part < LoadSorter::kParts; ++part) {
      auto lock = std::unique_lock{mutex_};
      ready_.wait(lock, [&] { return pieces_.contains(part); });
      auto piece = std::move(pieces_.extract(part).mapped());
      ++written_;
      lock.unlock();
      room_.notify_all();
      TRY(auto const entries, std::move(piece));
      TRY_VOID(writer_.add(entries));
    }
    return ok;
  }

private:
  void work() {
    while (true) {
      auto lock = std::unique_lock{mutex_};
      room_.wait(lock, [this] { return ending_ || next_ < written_ + kAhead; });
      if (ending_ || next_ == LoadSorter::kParts) return;
      auto const part = next_++;
      lock.unlock();
      auto piece = encode(part);
      lock.lock();
      pieces_.emplace(part, std::move(piece));
      ready_.notify_one();
    }
  }

  auto encode(std::size_t part) -> Result<EncodedEntries> {
    auto entries = EncodedEntries{};
    {
      auto const records = sorter_.part(part);
      entries.hashes.reserve(records.size());
      entries.sizes.reserve(records.size());
      auto bytes = std::size_t{0};
      for (auto const &record : records) bytes += record.bytes + 3;
      entries.bytes.reserve(bytes);
      auto const add_one = [&](std::uint64_t hash, std::span<LoadSorter::Record const> same) {
        return add(entries, hash, same);
      };
      TRY_VOID(each_entry(records, add_one));
    }
    sorter_.drop(part);
    return entries;
  }

  auto add(EncodedEntries &to, std::uint64_t hash, std::span<LoadSorter::Record const> same) -> Result<void> {
    auto const before = to.bytes.size();
    TRY(auto const view, read_body(same.front().view()));
    if (same.size() == 1) {
      append_varint(to.bytes, same.front().bytes);
      to.bytes.append(same.front().view());
      ++to.fragments;
    } else {
      auto fragments = std::vector<Fragment>{};
      for (auto const &record : same) {
        TRY(auto const other, read_body(record.view()));
        fragments.push_back(FragmentReader{other.fragments, writer_.base()}.next());
      }
      // Uniting may make new descriptors, and the table is everybody's.
      auto const lock = std::lock_guard{descriptors_};
      TRY_VOID(unite(fragments, writer_.descriptors()));
      append_entry(to.bytes, view.type, view.value, fragments, writer_.base());
      to.fragments += fragments.size();
    }
    to.hashes.push_back(hash);
    to.sizes.push_back(static_cast<std::uint32_t>(to.bytes.size() - before));
    ++to.of_type[view.type % to.of_type.size()];
    note_block(view.type, view.value, to.blocks, to.lengths);
    return ok;
  }

  LoadSorter &sorter_;
  RunWriter &writer_;
  std::mutex descriptors_;
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::map<std::size_t, Result<EncodedEntries>> pieces_;
  std::size_t next_ = 0, written_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

auto write_pieces(LoadSorter &sorter, RunWriter &writer) -> Result<void> { return Pieces{sorter, writer}.write(); }

}  // namespace noroshi::know::engine
