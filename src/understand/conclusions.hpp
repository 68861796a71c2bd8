// What the node concludes from a group of batches, once: contexts to write and where the sources come from. Logged in
// the intake log, so that a replay gives the same although lists have changed since.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/ports/indicator_store.hpp"
#include "model/where_from.hpp"
#include "understand/never_list.hpp"
#include "understand/where.hpp"

namespace noroshi::understand {

struct Conclusions {
  std::vector<model::IndicatorWrite> writes;
  model::WhereTable where;
};

auto encode(Conclusions const &conclusions) -> std::string;
/// Also what an earlier version logged: contexts only.
auto decode_conclusions(std::string_view bytes) -> Result<Conclusions>;

/// What observations are enriched with and contexts are checked against. Both outlive whoever holds this; nullptr: no
/// such knowledge.
struct Enrichment {
  Where const *where = nullptr;
  NeverList const *never = nullptr;
};

/// Asks about each source of a group once.
class SourceNotes {
public:
  explicit SourceNotes(Where const *where) : where_(where) {}
  /// The reference lives as long as the notes.
  auto note(model::IpAddress address) -> model::WhereFrom const &;
  [[nodiscard]] auto table() && -> model::WhereTable;

private:
  Where const *where_;
  std::map<model::IpAddress, model::WhereFrom> sources_;
  std::map<model::IpAddress, model::WhereFrom>::iterator last_ = sources_.end();
};

/// The tag of a context that the never-list keeps from every block: never-list:NAME OF THE LIST.
inline constexpr auto kNeverTag = std::string_view{"never-list:"};

/// Takes to_ids from what is never to be blocked and tags it with the list that says so; an address that many
/// subscribers share stays listed for `carrier_nat_expiry` only.
void settle(std::vector<model::IndicatorWrite> &writes, Enrichment const &enrichment, Duration carrier_nat_expiry);

}  // namespace noroshi::understand
