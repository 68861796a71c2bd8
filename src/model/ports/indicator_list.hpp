// Lists of indicators and sums over them: what is asked for, and what comes back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/context.hpp"
#include "model/value.hpp"
#include "model/value_condition.hpp"

namespace noroshi::model {

/// One of `of` parts of a store, without regard to what is in it: several threads list one each, and nothing is in two.
struct Slice {
  std::uint32_t number = 0, of = 1;
};

/// Which contexts a list is made of; an indicator is listed where at least one of its contexts passes all conditions.
/// Empty lists pass everything.
struct IndicatorFilter {
  std::vector<ValueType> types;
  std::vector<Role> roles;
  std::vector<Direction> directions;
  Evidence evidence = Evidence::claimed;  // at least
  std::uint8_t confidence = 0;            // at least
  bool to_ids_only = false;
  std::optional<Time> since, before;  // since ≤ last seen < before
  ValueCondition value;               // of the indicator itself
  Slice slice;
  std::uint64_t examine = ~std::uint64_t{0};  // at about so many indicators a page stops, however few it lists
};

struct ListedIndicator {
  Value indicator;
  std::vector<Context> contexts;  // those that pass, at least one
};

struct IndicatorPage {
  std::vector<ListedIndicator> listed;
  std::optional<std::string> next;  // the cursor of the page behind this one; none behind the last
  std::uint64_t examined = 0;       // what was looked at for it, or thereabouts: one in several runs counts in each
};

/// What there is, as one viewer may see it: nothing expired, withdrawn or replaced counts.
struct IndicatorSummary {
  /// What one source says of values of one type in one role.
  struct Group {
    SourceId source;
    ValueType type = ValueType::ip;
    Role role = Role::unknown;
    std::uint64_t indicators = 0;  // different ones; one with two roles counts in both groups
    std::uint64_t contexts = 0;
    Time first{}, last{};  // seen
    auto operator==(Group const &) const -> bool = default;
  };
  struct OfType {
    ValueType type = ValueType::ip;
    std::uint64_t indicators = 0;  // different ones, whoever names them
    auto operator==(OfType const &) const -> bool = default;
  };
  std::vector<Group> groups;  // by source, type, role
  std::vector<OfType> types;  // by type
  auto operator==(IndicatorSummary const &) const -> bool = default;
};

}  // namespace noroshi::model
