#include "search/scan.hpp"

#include <algorithm>

namespace noroshi::search {
namespace {

// Past it memory is what limits, and the node has other work.
constexpr auto kMaxThreads = 8U;
// Looked at between two looks at whether somebody still wants it: a few milliseconds.
constexpr auto kExamineAtOnce = std::uint64_t{200'000};
// With their contexts some hundred KiB.
constexpr auto kListedAtOnce = std::size_t{500};
// Lists that wait to be taken: whoever takes slowly holds the scan up, not memory.
constexpr auto kListsWaiting = std::size_t{16};

}  // namespace

Scan::Scan(model::IndicatorStore &store, Options options)
    : store_(store), options_(std::move(options)), found_(kListsWaiting) {
  auto const wanted = options_.threads == 0 ? std::thread::hardware_concurrency() : options_.threads;
  auto const threads = std::clamp(wanted, 1U, kMaxThreads);
  looking_ = threads;
  options_.filter.examine = kExamineAtOnce;
  for (auto number = 0U; number < threads; ++number)
    threads_.emplace_back([this, slice = model::Slice{number, threads}] { look(slice); });
}

Scan::~Scan() {
  stopping_ = true;
  found_.close();
  for (auto &thread : threads_) thread.join();
}

void Scan::look(model::Slice slice) {
  auto filter = options_.filter;
  filter.slice = slice;
  for (auto cursor = std::optional<std::string>{""}; cursor && !stopping_;) {
    auto page = store_.list(filter, *cursor, kListedAtOnce, options_.viewer, options_.now);
    if (!page) {
      fail_with(std::move(page).error());
      break;
    }
    examined_.fetch_add(page->examined, std::memory_order_relaxed);
    if (!page->listed.empty() && !found_.push(std::move(page->listed))) break;
    cursor = std::move(page->next);
  }
  if (--looking_ == 0) found_.close();
}

void Scan::fail_with(Error error) {
  auto const lock = std::lock_guard{mutex_};
  if (!failure_) failure_ = std::move(error);
  stopping_ = true;  // an answer without a part is no answer: the others need not go on
}

auto Scan::failure() const -> std::optional<Error> {
  auto const lock = std::lock_guard{mutex_};
  return failure_;
}

auto Scan::next(std::chrono::steady_clock::time_point deadline) -> std::optional<std::vector<model::ListedIndicator>> {
  auto some = found_.pop_until(deadline);
  if (!some && looking_ == 0) {
    some = found_.try_pop();  // put there between the two looks
    finished_ = !some.has_value();
  }
  return some;
}

}  // namespace noroshi::search
