// The named questions of the port that read rows. Viewers are checked by the store before.
#pragma once

#include <vector>

#include "know/observations/observations_core.hpp"
#include "model/viewer.hpp"

namespace noroshi::know::observations {

auto visits_of(Core &core, model::IpAddress address, std::size_t limit) -> Result<std::vector<model::VisitSummary>>;
auto find_visit(Core &core, model::VisitId visit, model::Viewer const &viewer)
    -> Result<std::vector<model::StoredObservation>>;
auto find_mentions(Core &core, model::Value const &value, std::size_t limit, model::Viewer const &viewer)
    -> Result<std::vector<model::StoredObservation>>;
auto top_values(Core &core, model::Kind kind, model::Field field, Time since, std::size_t limit,
                model::Viewer const &viewer) -> Result<std::vector<model::TopValue>>;
auto top_origins(Core &core, model::Kind kind, model::Origin origin, Time since, std::size_t limit)
    -> Result<std::vector<model::TopValue>>;
/// Cuts `limit` to kMaxAnswers. observations_pages.cpp
auto next_page(Core &core, model::ObservationQuery const &query, std::string_view cursor, std::size_t limit,
               model::Viewer const &viewer) -> Result<model::ObservationPage>;
auto list_days(Core &core) -> Result<std::vector<model::DayInfo>>;

/// Answers are held in memory whole; whoever needs more asks about less.
inline constexpr auto kMaxAnswers = std::size_t{10'000};
/// A value and its count are small: a list of every path of a large day is some tens of MiB.
inline constexpr auto kMaxTopValues = std::size_t{1'000'000};

}  // namespace noroshi::know::observations
