// The indicator store's contract once more, as plainly as it can be said: a map, and a walk over all of it.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "model/domain_names.hpp"
#include "model/ip.hpp"
#include "model/ports/indicator_store.hpp"

namespace noroshi::test {

class PlainIndicatorStore {
public:
  void apply(model::IndicatorCommit const &commit) {
    auto &cursor = cursors_[commit.stream];
    if (commit.position <= cursor) return;
    cursor = commit.position;
    for (auto const source : commit.raised)
      std::erase_if(rows_, [&](auto const &row) { return row.second.context.source == source; });
    for (auto const &write : commit.writes) keep(write, commit.position);
    for (auto const &withdrawal : commit.withdrawals)
      std::erase_if(rows_, [&](auto const &row) {
        return row.second.context.source == withdrawal.source && row.second.context.report == withdrawal.report;
      });
  }

  void load(model::IndicatorCommit const &loaded) {
    for (auto const source : loaded.raised)
      std::erase_if(rows_, [&](auto const &row) { return row.second.context.source == source; });
    for (auto const &write : loaded.writes) keep(write, 0);
  }

  auto look_up(model::Value const &asked, model::Viewer const &viewer, Time now) const -> std::vector<model::Hit> {
    struct Found {
      std::size_t kind, distance, number;  // the order of hits
      model::Hit hit;
    };
    auto all = std::vector<Found>{};
    auto const question = Place::of(asked);
    for (auto const &[key, row] : rows_) {  // in key order
      auto const match = match_of(asked, question, row);
      auto const visible = viewer.may_see(row.context.tlp) && (!row.context.expiry || *row.context.expiry > now);
      if (match && visible)
        all.push_back({static_cast<std::size_t>(match->first),
                       match->second,
                       all.size(),
                       {match->first, row.indicator, row.context}});
    }
    std::ranges::sort(all, [](auto const &a, auto const &b) {
      return std::tie(a.kind, a.distance, a.number) < std::tie(b.kind, b.distance, b.number);
    });
    auto hits = std::vector<model::Hit>{};
    for (auto &found : all) hits.push_back(std::move(found.hit));
    return hits;
  }

  [[nodiscard]] auto cursor(std::string const &stream) const -> std::uint64_t {
    auto const found = cursors_.find(stream);
    return found == cursors_.end() ? 0 : found->second;
  }
  /// What `viewer` may see and what has not expired, one for each context.
  [[nodiscard]] auto visible(model::Viewer const &viewer, Time now) const
      -> std::vector<std::pair<model::Value, model::Context>> {
    auto all = std::vector<std::pair<model::Value, model::Context>>{};
    for (auto const &[key, row] : rows_)
      if (viewer.may_see(row.context.tlp) && (!row.context.expiry || *row.context.expiry > now))
        all.emplace_back(row.indicator, row.context);
    return all;
  }
  [[nodiscard]] auto contexts() const -> std::size_t { return rows_.size(); }
  [[nodiscard]] auto indicators() const -> std::vector<model::Value> {
    auto values = std::vector<model::Value>{};
    for (auto const &[key, row] : rows_)
      if (values.empty() || values.back() != row.indicator) values.push_back(row.indicator);
    return values;
  }

private:
  using Key = std::tuple<model::Value, model::SourceId, model::ReportId, std::string, model::Role, model::Direction,
                         model::Evidence>;
  /// Where in the space of addresses a value stands, if it does.
  struct Place {
    std::optional<model::IpPrefix> block;
    std::optional<model::IpAddress> address;  // of a block, its first
    static auto of(model::Value const &value) -> Place {
      auto place = Place{};
      if (value.type == model::ValueType::ip) place.address = *model::IpAddress::parse(value.text);
      if (value.type == model::ValueType::cidr) place.block = *model::IpPrefix::parse(value.text);
      if (place.block) place.address = place.block->address();
      return place;
    }
  };
  struct Row {
    model::Value indicator;
    Place place;
    model::Context context;
  };

  void keep(model::IndicatorWrite const &write, std::uint64_t position) {
    auto const &context = write.context;
    auto const key = Key{write.indicator, context.source,    context.report,  context.attribute,
                         context.role,    context.direction, context.evidence};
    auto row = Row{write.indicator, Place::of(write.indicator), context};
    if (auto const there = rows_.find(key); there != rows_.end()) merge(row.context, there->second.context);
    row.context.sequence = position;
    rows_.insert_or_assign(key, row);
  }

  /// How `row` answers for `asked`, and its distance among answers of that kind; nothing where it does not.
  static auto match_of(model::Value const &asked, Place const &place, Row const &row)
      -> std::optional<std::pair<model::MatchKind, std::size_t>> {
    using model::MatchKind;
    using model::ValueType;
    auto const &stored = row.indicator;
    if (asked == stored) return std::pair{MatchKind::exact, std::size_t{0}};
    if (row.place.block && place.address) {
      auto const &block = *row.place.block;
      auto const wider = !place.block || block.length() < place.block->length();
      if (wider && block.contains(*place.address))
        return std::pair{MatchKind::range, std::size_t{200} - block.length()};
    }
    if (stored.type == ValueType::domain && asked.type == ValueType::domain && is_below(asked.text, stored.text) &&
        !model::is_public_suffix(stored.text))
      return std::pair{MatchKind::parent, asked.text.size() - stored.text.size()};
    return std::nullopt;
  }
  static auto is_below(std::string_view name, std::string_view above) -> bool {
    return name.size() > above.size() && name.ends_with(above) && name[name.size() - above.size() - 1] == '.';
  }

  std::map<Key, Row> rows_;
  std::map<std::string, std::uint64_t> cursors_;
};

}  // namespace noroshi::test
