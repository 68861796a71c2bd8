#include "understand/feeds/tally.hpp"

namespace noroshi::understand {

namespace {
constexpr auto kMaxExamples = std::size_t{5};
constexpr auto kMaxReasons = std::size_t{64};  // some name a foreign word, such as a type of attribute
constexpr auto kMaxText = std::size_t{160};
constexpr auto kMaxSentence = std::size_t{300};
}  // namespace

auto Tally::of(std::string_view reason) -> TallyReason & {
  if (auto const found = reasons_.find(reason); found != reasons_.end()) return found->second;
  return reasons_[reasons_.size() < kMaxReasons ? std::string{reason} : std::string{"other reasons"}];
}

void Tally::add(std::string_view reason, Place const &place) {
  auto &counted = of(reason);
  ++counted.count;
  if (counted.examples.size() >= kMaxExamples) return;
  counted.examples.push_back({std::string{place.file}, place.line, std::string{place.text.substr(0, kMaxText)},
                              std::string{place.sentence.substr(0, kMaxSentence)}});
}

void Tally::add(std::string_view reason, std::uint64_t count) { of(reason).count += count; }

auto Tally::count() const -> std::uint64_t {
  auto sum = std::uint64_t{0};
  for (auto const &[_, reason] : reasons_) sum += reason.count;
  return sum;
}

}  // namespace noroshi::understand
