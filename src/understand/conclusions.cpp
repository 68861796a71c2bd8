#include "understand/conclusions.hpp"

#include <algorithm>

#include "understand/derived.hpp"

namespace noroshi::understand {

auto encode(Conclusions const &conclusions) -> std::string {
  auto bytes = encode(conclusions.writes);
  conclusions.where.append_to(bytes);
  return bytes;
}

auto decode_conclusions(std::string_view bytes) -> Result<Conclusions> {
  auto conclusions = Conclusions{};
  TRY(conclusions.writes, take_derived(bytes));
  if (bytes.empty()) return conclusions;
  TRY(conclusions.where, model::WhereTable::parse(bytes));
  return conclusions;
}

auto SourceNotes::note(model::IpAddress address) -> model::WhereFrom const & {
  // Observations of one visit come one behind the other.
  if (last_ != sources_.end() && last_->first == address) return last_->second;
  auto const [place, is_new] = sources_.try_emplace(address);
  if (is_new && where_ != nullptr) place->second = where_->of(address);
  last_ = place;
  return place->second;
}

auto SourceNotes::table() && -> model::WhereTable {
  auto known = std::vector<std::pair<model::IpAddress, model::WhereFrom>>{};
  for (auto &[address, where] : sources_)
    if (!where.empty()) known.emplace_back(address, std::move(where));
  sources_.clear();
  last_ = sources_.end();
  return model::WhereTable::of(std::move(known));
}

void settle(std::vector<model::IndicatorWrite> &writes, Enrichment const &enrichment, Duration carrier_nat_expiry) {
  for (auto &[indicator, context] : writes) {
    if (enrichment.never != nullptr)
      if (auto const reason = enrichment.never->reason_against(indicator)) {
        context.to_ids = false;
        auto tag = std::string{kNeverTag} + reason->list;
        auto const place = std::ranges::lower_bound(context.tags, tag);
        if (place == context.tags.end() || *place != tag) context.tags.insert(place, std::move(tag));
      }
    if (enrichment.where == nullptr || indicator.type != model::ValueType::ip) continue;
    auto const address = model::IpAddress::parse(indicator.text);
    if (!address || !enrichment.where->of(*address).is(model::FlagKind::carrier_nat)) continue;
    auto const latest = context.last_seen + carrier_nat_expiry;
    context.expiry = context.expiry ? std::min(*context.expiry, latest) : latest;
  }
}

}  // namespace noroshi::understand
