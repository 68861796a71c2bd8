#include "understand/watch_findings.hpp"

#include <algorithm>

namespace noroshi::understand {

void Findings::add(model::Finding finding) {
  if (!is_full()) {
    one_by_one_.push_back(std::move(finding));
    return;
  }
  // What is said is counted with what is seen where it has no place of its own, as the book does.
  auto const kind = finding.kind == model::AnswerKind::past ? finding.kind : model::AnswerKind::seen;
  auto const [place, is_new] = others_.try_emplace({finding.watch, kind});
  auto &other = place->second;
  other.watch = finding.watch;
  other.kind = kind;
  other.first_seen = is_new ? finding.first_seen : std::min(other.first_seen, finding.first_seen);
  other.last_seen = std::max(other.last_seen, finding.last_seen);
  other.tlp = std::max(other.tlp, finding.tlp);
  other.count += finding.value.text.empty() ? finding.count : 1;
}

auto Findings::take() && -> std::vector<model::Finding> {
  for (auto &[_, other] : others_) one_by_one_.push_back(std::move(other));
  return std::move(one_by_one_);
}

}  // namespace noroshi::understand
