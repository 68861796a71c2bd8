#include "know/engine/collect.hpp"

#include <algorithm>
#include <tuple>

#include "model/receipt_part.hpp"

namespace noroshi::know::engine {

namespace {

auto key_of(model::Context const &context) {
  return std::tie(context.source, context.report, context.attribute, context.role, context.direction, context.evidence);
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

auto Collector::add(Run const &run, EntryView const &entry) -> Result<void> {
  auto fragments = run.fragments(entry);
  while (!fragments.done()) {
    auto const one = fragments.next();
    auto const descriptor = run.descriptor(one.descriptor);
    if (fragments.failed() || descriptor.empty())
      return fail(ErrorCode::malformed, "{}: an entry is damaged; \"noroshi store check\" tells what else is",
                  run.name());
    if (snapshot_.erasures.gone(head_of(descriptor), one.version)) continue;
    TRY(auto context, read_descriptor(descriptor));
    add_fragment(context, one);
    found_.push_back({std::move(context), one.version});
  }
  return ok;
}

auto Collector::contexts() -> std::vector<model::Context> {
  // By key, the last written first: its place in its stream is the whole's.
  std::ranges::sort(found_, [](Found const &a, Found const &b) {
    auto const key_a = key_of(a.context);
    auto const key_b = key_of(b.context);
    return key_a != key_b ? key_a < key_b : a.version > b.version;
  });
  auto whole = std::vector<model::Context>{};
  for (auto &[context, version] : found_) {
    if (!whole.empty() && model::same_key(whole.back(), context)) {
      auto const sequence = whole.back().sequence;
      model::merge(whole.back(), context);
      whole.back().sequence = sequence;
    } else {
      whole.push_back(std::move(context));
    }
  }
  found_.clear();
  join_receipts(whole);
  return whole;
}

}  // namespace noroshi::know::engine
