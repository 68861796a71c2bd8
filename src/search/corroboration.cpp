#include "search/corroboration.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "model/domain_names.hpp"

namespace noroshi::search {
namespace {

// Of each kind, so many hits of a report are compared with every other of its hits: a report of thousands of values
// then costs its size, not its square.
constexpr auto kMaxCompanions = std::size_t{8};
// Named in an answer; a reader believes the third as well as the tenth.
constexpr auto kMaxNamed = std::size_t{8};
constexpr auto kNamedInSentence = std::size_t{3};
constexpr auto kKinds = std::size_t{7};

enum class Support : std::uint8_t { none, loose, firm };

/// A hit in a report.
struct Member {
  model::ReportId report;
  EvidenceKind kind;
  Footing footing;
  std::uint32_t answer, hit;
};

auto host_of(model::Value const &value) -> std::string_view {
  if (value.type == model::ValueType::url) return model::split_url(value.text).host;
  if (value.type == model::ValueType::email) return std::string_view{value.text}.substr(value.text.find('@') + 1);
  return value.text;
}

/// Whoever has one has the other: a URL and the address or the domain it leads to, a mail address and its domain.
auto follow_from_each_other(model::Value const &a, model::Value const &b) -> bool {
  auto const names = [](model::Value const &value) {
    return value.type == model::ValueType::domain || value.type == model::ValueType::url ||
           value.type == model::ValueType::email || value.type == model::ValueType::ip;
  };
  if (!names(a) || !names(b)) return false;
  auto const host_a = host_of(a);
  auto const host_b = host_of(b);
  if (host_a == host_b) return true;
  auto const owner = model::registrable_domain(host_a);
  return !owner.empty() && owner == model::registrable_domain(host_b);
}

auto support(Footing own, Footing other) -> Support {
  if (other == Footing::nothing) return Support::none;
  if (own == Footing::firm || other == Footing::firm) return Support::firm;
  if (own == Footing::nothing) return Support::none;
  // Shared both, and one of them long ago: neither is anybody's any more.
  auto const is_worth_a_look =
      own == Footing::aged || other == Footing::aged || (own == Footing::shared && other == Footing::shared);
  return is_worth_a_look ? Support::loose : Support::none;
}

class Corroboration {
public:
  explicit Corroboration(std::span<Answer> answers) : answers_(answers) {}

  void run() {
    gather();
    std::ranges::sort(members_, [](Member const &a, Member const &b) {
      return std::tuple{a.report, a.kind, b.footing, a.answer, a.hit} <
             std::tuple{b.report, b.kind, a.footing, b.answer, b.hit};
    });
    for (auto first = members_.begin(); first != members_.end();) {
      auto const last =
          std::find_if(first, members_.end(), [&](auto const &one) { return one.report != first->report; });
      if (first->kind != std::prev(last)->kind) join({first, last});
      first = last;
    }
  }

private:
  void gather() {
    for (auto i = std::uint32_t{0}; i < answers_.size(); ++i) {
      auto const &hits = answers_[i].hits;
      for (auto j = std::uint32_t{0}; j < hits.size(); ++j) {
        auto const report = hits[j].named.hit.context.report;
        if (report.number <= 0) continue;
        members_.push_back({report, kind_of(hits[j].named.hit.indicator.type), hits[j].assessment.footing, i, j});
      }
    }
  }

  /// The hits of one report: by kind, those that give most first.
  void join(std::span<Member const> members) {
    companions_.clear();
    auto of_kind = std::array<std::size_t, kKinds>{};
    for (auto const &one : members)
      if (one.footing != Footing::nothing && of_kind[static_cast<std::size_t>(one.kind)]++ < kMaxCompanions)
        companions_.push_back(one);
    std::ranges::sort(companions_, [](Member const &a, Member const &b) {
      return std::tuple{b.footing, a.answer, a.hit} < std::tuple{a.footing, b.answer, b.hit};
    });
    for (auto const &one : members) raise(one);
  }

  void raise(Member const &one) {
    auto &hit = answers_[one.answer].hits[one.hit];
    auto &assessment = hit.assessment;
    if (assessment.strength >= assessment.ceiling) return;
    auto const &own = *answers_[one.answer].canonical;
    auto best = Support::none;
    auto by = std::vector<std::string>{};
    for (auto const &other : companions_) {
      auto const given = support(one.footing, other.footing);
      if (given == Support::none || given < best || other.kind == one.kind || by.size() == kMaxNamed) continue;
      auto const &value = *answers_[other.answer].canonical;
      if (follow_from_each_other(own, value)) continue;
      if (given > best) by.clear();
      best = given;
      if (std::ranges::find(by, value.text) == by.end()) by.push_back(value.text);
    }
    auto const reached = std::min(best == Support::firm ? Strength::strong : Strength::medium, assessment.ceiling);
    if (best == Support::none || reached <= assessment.strength) return;
    assessment.strength = reached;
    assessment.reason = reason(hit, by);
    assessment.corroborated_by = std::move(by);
  }

  static auto reason(AssessedHit const &hit, std::vector<std::string> const &by) -> Reason {
    auto with = std::string{};
    for (auto const &value : std::span{by}.first(std::min(by.size(), kNamedInSentence)))
      with += (with.empty() ? "" : ", ") + value;
    auto const &assessment = hit.assessment;
    auto const number = hit.named.hit.context.report.number;
    auto parameters = std::vector<std::pair<std::string, std::string>>{
        {"with", std::move(with)},
        {"report", hit.named.report.empty() ? fmt::format("#{}", number) : hit.named.report},
        {"days", std::to_string(assessment.time_gap_days)}};
    if (!assessment.shared_by) return {"corroborated", std::move(parameters)};
    parameters.emplace_back("kind", assessment.shared.front());
    parameters.emplace_back("list", assessment.shared_by->source);
    parameters.emplace_back("date", assessment.shared_by->date);
    return {"corroborated_shared", std::move(parameters)};
  }

  std::span<Answer> answers_;
  std::vector<Member> members_;     // by report, kind, and what they give
  std::vector<Member> companions_;  // of the report at hand
};

}  // namespace

void corroborate(std::span<Answer> answers) { Corroboration{answers}.run(); }

}  // namespace noroshi::search
