// An answer of a watch as JSON: what the API, webhooks and the command line have in common.
#pragma once

#include <map>
#include <string>

#include "codec/json_writer.hpp"
#include "model/ports/catalogue.hpp"
#include "model/ports/watch_book.hpp"

namespace noroshi::understand {

/// Names of sensors and sources, asked for once. Not thread-safe.
class AnswerNames {
public:
  AnswerNames(model::Catalogue &catalogue, model::Viewer viewer) : catalogue_(catalogue), viewer_(std::move(viewer)) {}
  auto sensor(model::SensorId id) -> std::string;
  auto source(model::SourceId id) -> std::string;

private:
  model::Catalogue &catalogue_;
  model::Viewer viewer_;
  std::map<model::SensorId, std::string> sensors_;
  std::map<model::SourceId, std::string> sources_;
};

/// Its members, into an object that is open: id, watch, note, time, answer, value, type, found, found_type, match,
/// first_seen, last_seen, count, sensors[], source, report_id, role, tlp.
void write_answer(codec::JsonWriter &json, model::WatchAnswer const &answer, AnswerNames &names);

}  // namespace noroshi::understand
