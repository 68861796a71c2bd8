#include "understand/live_tail.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace noroshi::understand {
namespace {

auto number_of(std::string_view text) -> std::optional<std::uint64_t> {
  auto number = std::uint64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

auto TailPlace::to_string() const -> std::string { return fmt::format("{}-{}", position, number); }

auto TailPlace::parse(std::string_view text) -> Result<TailPlace> {
  auto const dash = std::min(text.find('-'), text.size());
  auto const position = number_of(text.substr(0, dash));
  auto const number = number_of(text.substr(std::min(dash + 1, text.size())));
  if (!position || !number)
    return fail(ErrorCode::malformed, "\"{}\" is no event id of this stream; send back the last \"id:\" as it came",
                text.substr(0, 60));
  return TailPlace{*position, *number};
}

void LiveTail::begin_after(std::uint64_t position) {
  auto const lock = std::lock_guard{mutex_};
  gone_through_ = published_through_ = position;
}

void LiveTail::publish(std::vector<std::shared_ptr<LogRecord const>> const &batches) {
  auto const lock = std::lock_guard{mutex_};
  for (auto const &batch : batches) {
    bytes_ += batch->batch.frames.size();
    published_through_ = batch->position;
    batches_.push_back(batch);
  }
  while (bytes_ > limit_ && !batches_.empty()) {
    bytes_ -= batches_.front()->batch.frames.size();
    gone_through_ = batches_.front()->position;
    batches_.pop_front();
  }
  for (auto *reader : readers_)
    if (reader->wake_) reader->wake_();
}

auto LiveTail::follow(std::optional<TailPlace> place) -> std::unique_ptr<Reader> {
  auto const lock = std::lock_guard{mutex_};
  auto const from = place.value_or(TailPlace{published_through_ + 1, 0});
  auto reader = std::unique_ptr<Reader>{new Reader{*this, from}};
  readers_.push_back(reader.get());
  return reader;
}

LiveTail::Reader::~Reader() {
  auto const lock = std::lock_guard{tail_.mutex_};
  tail_.readers_.remove(this);
}

void LiveTail::Reader::on_more(std::function<void()> wake) {
  auto const lock = std::lock_guard{tail_.mutex_};
  wake_ = std::move(wake);
}

auto LiveTail::Reader::next() -> Found {
  auto const lock = std::lock_guard{tail_.mutex_};
  auto found = Found{};
  if (auto const end = TailPlace{tail_.published_through_ + 1, 0}; place_ > end) {
    // An id of another node, or from before a restored backup: waiting for that place to come would be silence.
    place_ = end;
    found.missed = true;
    return found;
  }
  found.missed = place_.position <= tail_.gone_through_;
  auto const batch =
      std::ranges::lower_bound(tail_.batches_, place_.position, {}, [](auto const &each) { return each->position; });
  if (batch == tail_.batches_.end()) {
    if (found.missed) place_ = {tail_.published_through_ + 1, 0};
    return found;
  }
  found.batch = *batch;
  found.from = found.batch->position == place_.position ? place_.number : 0;
  return found;
}

}  // namespace noroshi::understand
