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

/// An address, and the length below which a block encloses it: one of the whole length is the address itself.
struct Enclosable {
  IpAddress address;
  unsigned shorter_than;
};
auto enclosable(model::Value const &value) -> std::optional<Enclosable> {
  if (value.type == ValueType::ip) {
    auto const address = IpAddress::parse(value.text);
    return address ? std::optional{Enclosable{*address, address->is_v4() ? 32U : 128U}} : std::nullopt;
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

}  // namespace

Candidates::Candidates(std::span<std::shared_ptr<Run const> const> runs, StoreKey const &key) : key_(key) {
  for (auto const &run : runs) {
    runs_.push_back(run.get());
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
  auto const last = text.rfind('.');  // what is behind it is a top-level domain
  if (last == std::string_view::npos) return;
  for (auto at = std::size_t{0}; at < last; ++at)
    if (text[at] == '.')
      push(hash_of(key_, ValueType::domain, text.substr(at + 1)),
           {number, static_cast<std::uint32_t>(at + 1), Candidate::Kind::name});
}

void Candidates::add_url(model::Value const &value, std::uint32_t number) {
  auto const text = std::string_view{value.text};
  auto const candidate = [&](std::size_t bytes, Candidate::Kind kind, bool other) {
    push(hash_of(key_, ValueType::url, text.substr(0, bytes)),
         {number, static_cast<std::uint32_t>(bytes), kind, other});
  };
  auto const colon = text.find(':');
  if (colon == std::string_view::npos || !text.substr(colon).starts_with("://"))
    return candidate(text.size(), Candidate::Kind::url, false);
  auto folders = std::array<std::size_t, model::kMaxUrlPrefixes>{};
  auto count = std::size_t{0};
  auto end = colon + 3;
  for (; end < text.size() && text[end] != '?'; ++end)
    if (text[end] == '/' && count < folders.size()) folders[count++] = end + 1;
  if (count == 0) return candidate(text.size(), Candidate::Kind::url, false);  // it has no path
  auto const is_web = !other_web_scheme(text.substr(0, colon)).empty();
  // A folder too deep to be asked about is not asked under the other scheme either.
  auto const other = is_web && (text[end - 1] != '/' || folders[count - 1] == end);
  auto const has_query = end != text.size();
  candidate(text.size(), Candidate::Kind::url, other && !has_query);
  if (has_query) candidate(end, Candidate::Kind::url_path, other);
  while (count > 0)
    if (auto const folder = folders[--count]; folder != end) candidate(folder, Candidate::Kind::url_folder, is_web);
}

void Candidates::add_url_forms(Candidate const &candidate, std::string_view asked) {
  auto const text = asked.substr(0, candidate.detail);
  auto const same = candidate.kind == Candidate::Kind::url        ? MatchKind::exact
                    : candidate.kind == Candidate::Kind::url_path ? MatchKind::url_no_query
                                                                  : MatchKind::url_prefix;
  forms_.push_back({same, ValueType::url, text});
  if (!candidate.other_scheme) return;
  auto const scheme = text.substr(0, text.find(':'));
  made_.assign(other_web_scheme(scheme)).append(text.substr(scheme.size()));
  forms_.push_back({MatchKind::url_prefix, ValueType::url, made_});
}

auto Candidates::forms(Candidate const &candidate, model::Value const &asked) -> std::span<Form const> {
  forms_.clear();
  switch (candidate.kind) {
    case Candidate::Kind::itself:  // and what has its hash because it looks the same
      for (auto const type : model::look_alikes(asked.type)) forms_.push_back({MatchKind::exact, type, asked.text});
      break;
    case Candidate::Kind::block:
      if (auto const inner = enclosable(asked)) {
        made_ = IpPrefix::of(inner->address, candidate.detail).to_string();
        forms_.push_back({MatchKind::range, ValueType::cidr, made_});
      }
      break;
    case Candidate::Kind::name: {
      auto const name = std::string_view{asked.text}.substr(candidate.detail);
      auto const above = model::parents(asked.text);
      if (std::ranges::find(above, name) != above.end()) forms_.push_back({MatchKind::parent, ValueType::domain, name});
      break;
    }
    default: add_url_forms(candidate, asked.text);
  }
  return forms_;
}

}  // namespace noroshi::know::engine
