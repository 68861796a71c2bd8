#include "know/engine/collect.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "model/receipt_part.hpp"

namespace noroshi::know::engine {

namespace {

auto key_of(model::Context const &context) {
  return std::tie(context.source, context.report, context.attribute, context.role, context.direction, context.evidence);
}

/// In the order of keys, those with one key merged. Of two, the sequence of the one that was written last is the
/// whole's.
void join_by_key(std::vector<model::Context> &contexts, std::vector<std::uint64_t> const &versions) {
  auto order = std::vector<std::size_t>(contexts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    auto const key_a = key_of(contexts[a]);
    auto const key_b = key_of(contexts[b]);
    return key_a != key_b ? key_a < key_b : versions[a] > versions[b];
  });
  auto whole = std::vector<model::Context>{};
  whole.reserve(contexts.size());
  for (auto const i : order) {
    if (!whole.empty() && model::same_key(whole.back(), contexts[i])) {
      auto const sequence = whole.back().sequence;
      model::merge(whole.back(), contexts[i]);
      whole.back().sequence = sequence;
    } else {
      whole.push_back(std::move(contexts[i]));
    }
  }
  contexts = std::move(whole);
}

/// Days of one sensor become one context under report 0, where the same key may stand already.
void join_receipts(std::vector<model::Context> &contexts) {
  auto const is_part = [](model::Context const &context) { return model::is_receipt_part(context.report); };
  if (std::ranges::none_of(contexts, is_part)) return;
  for (auto &context : contexts)
    if (is_part(context)) context.report = model::ReportId{0};
  std::ranges::sort(contexts, [](auto const &a, auto const &b) { return key_of(a) < key_of(b); });
  auto kept = std::size_t{0};
  for (auto i = std::size_t{1}; i < contexts.size(); ++i) {
    if (model::same_key(contexts[kept], contexts[i]))
      model::merge(contexts[kept], contexts[i]);
    else if (++kept != i)
      contexts[kept] = std::move(contexts[i]);
  }
  contexts.resize(kept + 1);
}

}  // namespace

auto Collector::descriptor(Run const &run, std::uint32_t number) -> Result<Known const *> {
  if (known_.empty()) known_.resize(kKnownSlots);
  auto &slot = known_[(number + reinterpret_cast<std::uintptr_t>(&run) / 64) % kKnownSlots];
  if (!slot) slot = std::make_unique<Known>();
  auto &known = *slot;
  if (known.run == &run && known.number == number) return &known;
  auto const bytes = run.descriptor(number);
  auto const head = head_of(bytes);
  known.run = nullptr;
  TRY(known.context, read_descriptor(bytes));
  known.gone = head.generation != snapshot_.erasures.generation_of(head.source);
  known.withdrawn_through = snapshot_.erasures.withdrawn_through(head.source, head.report);
  known.run = &run;
  known.number = number;
  return &known;
}

auto Collector::add(Run const &run, EntryView const &entry) -> Result<void> {
  if (std::exchange(handed_out_, false)) {
    contexts_.clear();
    versions_.clear();
  }
  auto fragments = run.fragments(entry);
  while (!fragments.done()) {
    auto const one = fragments.next();
    auto const known = fragments.failed() ? Result<Known const *>{nullptr} : descriptor(run, one.descriptor);
    if (!known || *known == nullptr)
      return fail(ErrorCode::malformed, "{}: an entry is damaged; \"noroshi store check\" tells what else is",
                  run.name());
    if ((*known)->gone || one.version <= (*known)->withdrawn_through) continue;
    contexts_.push_back((*known)->context);
    add_fragment(contexts_.back(), one);
    versions_.push_back(one.version);
  }
  return ok;
}

auto Collector::contexts() -> std::vector<model::Context> & {
  if (std::exchange(handed_out_, true)) contexts_.clear();
  if (contexts_.size() > 1) join_by_key(contexts_, versions_);
  if (!contexts_.empty()) join_receipts(contexts_);
  return contexts_;
}

}  // namespace noroshi::know::engine
