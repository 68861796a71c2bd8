#include "know/engine/candidates.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "model/domain_names.hpp"
#include "model/probes.hpp"

namespace noroshi::know::engine {

namespace {

using model::IpAddress;
using model::IpPrefix;
using model::MatchKind;
using model::ValueType;

/// One more than the longest prefix that may enclose it.
struct Enclosable {
  IpAddress address;
  unsigned shorter_than;
};
auto enclosable(model::Value const &value) -> std::optional<Enclosable> {
  if (value.type == ValueType::ip) {
    auto const address = IpAddress::parse(value.text);
    return address ? std::optional{Enclosable{*address, address->is_v4() ? 33U : 129U}} : std::nullopt;
  }
  auto const block = IpPrefix::parse(value.text);
  return block ? std::optional{Enclosable{block->address(), block->length()}} : std::nullopt;
}

auto in_use(Lengths const &lengths, bool is_v4, unsigned length) -> bool {
  return is_v4 ? ((lengths.v4 >> length) & 1) != 0 : ((lengths.v6[length / 64] >> (length % 64)) & 1) != 0;
}

auto other_web_scheme(std::string_view scheme) -> std::string_view {
  return scheme == "http" ? "https" : scheme == "https" ? "http" : "";
}

auto url_forms(Candidate const &candidate, std::string_view asked) -> std::vector<Candidates::Form> {
  auto const text = asked.substr(0, candidate.detail);
  auto const same = candidate.kind == Candidate::Kind::url        ? MatchKind::exact
                    : candidate.kind == Candidate::Kind::url_path ? MatchKind::url_no_query
                                                                  : MatchKind::url_prefix;
  auto forms = std::vector<Candidates::Form>{{same, {ValueType::url, std::string{text}}}};
  if (candidate.other_scheme) {
    auto const scheme = text.substr(0, text.find(':'));
    forms.push_back({MatchKind::url_prefix,
                     {ValueType::url, std::string{other_web_scheme(scheme)}.append(text.substr(scheme.size()))}});
  }
  return forms;
}

}  // namespace

Candidates::Candidates(std::span<std::shared_ptr<Run const> const> runs, StoreKey const &key) : key_(key) {
  for (auto const &run : runs) {
    auto const &facts = run->facts();
    if (facts.of_type[static_cast<std::size_t>(ValueType::cidr)] > 0) with_blocks_.push_back(run.get());
    has_names_ = has_names_ || facts.of_type[static_cast<std::size_t>(ValueType::domain)] > 0;
    has_urls_ = has_urls_ || facts.of_type[static_cast<std::size_t>(ValueType::url)] > 0;
  }
}

void Candidates::clear() {
  hashes_.clear();
  all_.clear();
}

void Candidates::add(model::Value const &value, std::uint32_t number) {
  if (value.type == ValueType::url && has_urls_) return add_url(value, number);
  push(hash_of(key_, value), {number});
  if (value.type == ValueType::domain && has_names_) add_names(value, number);
  if ((value.type == ValueType::ip || value.type == ValueType::cidr) && !with_blocks_.empty())
    add_blocks(value, number);
}

void Candidates::add_blocks(model::Value const &value, std::uint32_t number) {
  auto const inner = enclosable(value);
  if (!inner) return;
  auto lengths = Lengths{};
  for (auto const *const run : with_blocks_)
    if (run->may_enclose(inner->address)) lengths.add(run->facts().lengths);
  auto const is_v4 = inner->address.is_v4();
  for (auto length = inner->shorter_than; length-- > 0;)
    if (in_use(lengths, is_v4, length))
      push(hash_of_block(key_, inner->address, length), {number, length, Candidate::Kind::block});
}

/// More than the names that answer: finding out where the registrable one is costs more than a probe.
void Candidates::add_names(model::Value const &value, std::uint32_t number) {
  auto const text = std::string_view{value.text};
  for (auto dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.', dot + 1)) {
    if (text.find('.', dot + 1) == std::string_view::npos) return;  // a top-level domain
    push(hash_of(key_, ValueType::domain, text.substr(dot + 1)),
         {number, static_cast<std::uint32_t>(dot + 1), Candidate::Kind::name});
  }
}

void Candidates::add_url(model::Value const &value, std::uint32_t number) {
  auto const text = std::string_view{value.text};
  auto const parts = model::split_url(text);
  auto const candidate = [&](std::size_t bytes, Candidate::Kind kind, bool other) {
    push(hash_of(key_, ValueType::url, text.substr(0, bytes)),
         {number, static_cast<std::uint32_t>(bytes), kind, other});
  };
  if (parts.path.empty()) return candidate(text.size(), Candidate::Kind::url, false);
  auto const root = static_cast<std::size_t>(parts.path.data() - text.data());
  auto const end = root + parts.path.size();
  auto folders = std::array<std::size_t, model::kMaxUrlPrefixes>{};
  auto count = std::size_t{0};
  for (auto slash = text.find('/', root); slash < end && count < folders.size(); slash = text.find('/', slash + 1))
    folders[count++] = slash + 1;
  auto const is_web = !other_web_scheme(parts.scheme).empty();
  // A folder too deep to be asked about is not asked under the other scheme either.
  auto const other = is_web && (!parts.path.ends_with('/') || (count > 0 && folders[count - 1] == end));
  auto const has_query = end != text.size();
  candidate(text.size(), Candidate::Kind::url, other && !has_query);
  if (has_query) candidate(end, Candidate::Kind::url_path, other);
  while (count > 0)
    if (auto const folder = folders[--count]; folder != end) candidate(folder, Candidate::Kind::url_folder, is_web);
}

auto Candidates::forms(Candidate const &candidate, model::Value const &asked) -> std::vector<Form> {
  switch (candidate.kind) {
    case Candidate::Kind::itself: return {{MatchKind::exact, asked}};
    case Candidate::Kind::block: {
      auto const inner = enclosable(asked);
      if (!inner) return {};
      return {{MatchKind::range, {ValueType::cidr, IpPrefix::of(inner->address, candidate.detail).to_string()}}};
    }
    case Candidate::Kind::name: {
      auto const name = std::string_view{asked.text}.substr(candidate.detail);
      auto const above = model::parents(asked.text);
      if (std::ranges::find(above, name) == above.end()) return {};
      return {{MatchKind::parent, {ValueType::domain, std::string{name}}}};
    }
    default: return url_forms(candidate, asked.text);
  }
}

}  // namespace noroshi::know::engine
