#include "understand/answer_tail.hpp"

#include <algorithm>

namespace noroshi::understand {

void AnswerTail::begin_after(std::int64_t id) {
  auto const lock = std::lock_guard{mutex_};
  gone_through_ = id;
}

void AnswerTail::publish(std::vector<model::WatchAnswer> answers) {
  if (answers.empty()) return;
  auto const lock = std::lock_guard{mutex_};
  for (auto &answer : answers) answers_.push_back(std::make_shared<model::WatchAnswer const>(std::move(answer)));
  while (answers_.size() > kHeld) {
    gone_through_ = answers_.front()->id;
    answers_.pop_front();
  }
  for (auto *reader : readers_)
    if (reader->wake_) reader->wake_();
}

auto AnswerTail::follow(std::int64_t after) -> std::unique_ptr<Reader> {
  auto const lock = std::lock_guard{mutex_};
  auto reader = std::unique_ptr<Reader>{new Reader{*this, after}};
  readers_.push_back(reader.get());
  return reader;
}

AnswerTail::Reader::~Reader() {
  auto const lock = std::lock_guard{tail_.mutex_};
  tail_.readers_.remove(this);
}

void AnswerTail::Reader::on_more(std::function<void()> wake) {
  auto const lock = std::lock_guard{tail_.mutex_};
  wake_ = std::move(wake);
}

auto AnswerTail::Reader::next() -> Found {
  auto const lock = std::lock_guard{tail_.mutex_};
  if (after_ < tail_.gone_through_) return {nullptr, true};
  auto const place = std::ranges::upper_bound(tail_.answers_, after_, {}, [](auto const &each) { return each->id; });
  if (place == tail_.answers_.end()) return {};
  after_ = (*place)->id;
  return {*place, false};
}

}  // namespace noroshi::understand
