#include "serve/observation_stream.hpp"

#include "search/show_parts.hpp"

namespace noroshi::serve {
namespace {

// What one step may add: the server holds it until the client has taken it.
constexpr auto kPieceBytes = std::size_t{48} << 10;
// And look at: a filter that nothing passes must not keep the server's loop from its other connections.
constexpr auto kFramesAtOnce = std::uint64_t{2'000};
// How long a follower waits before it comes back, so that a restarted node is not overrun.
constexpr auto kGreeting = std::string_view{"retry: 2000\n\n"};

auto owned(model::Observation const &seen, understand::LogRecord const &batch, model::Viewer const &viewer)
    -> model::StoredObservation {
  auto stored = model::StoredObservation{};
  stored.time = seen.time;
  stored.received = batch.received;
  stored.sensor = batch.batch.sensor;
  stored.visit = seen.visit;
  stored.sequence = seen.sequence;
  stored.kind = seen.kind;
  stored.transport = seen.transport;
  stored.source = seen.source;
  stored.destination = seen.destination;
  stored.service = std::string{seen.service};
  stored.extra = std::string{seen.extra};
  for (auto const &info : model::fields()) {
    if (!seen.has(info.field) || (info.secret && !viewer.may_see_secrets())) continue;
    auto const is_text = info.type == model::FieldType::text || info.type == model::FieldType::bytes;
    stored.fields.push_back({info.field, is_text ? std::string{seen.text(info.field)} : std::string{},
                             is_text ? 0 : seen.number(info.field)});
  }
  return stored;
}

}  // namespace

auto StreamFilter::wants(model::Observation const &seen) const -> bool {
  return (!kind || *kind == seen.kind) && (!source || *source == seen.source.address) &&
         (service.empty() || service == seen.service);
}

ObservationStream::ObservationStream(std::unique_ptr<understand::LiveTail::Reader> reader, StreamFilter filter,
                                     model::Viewer viewer, model::Catalogue &catalogue, Clock const &clock)
    : reader_(std::move(reader)),
      filter_(std::move(filter)),
      viewer_(std::move(viewer)),
      catalogue_(catalogue),
      clock_(clock),
      until_(clock.steady() + kLongest) {}

auto ObservationStream::next(std::string &to) -> Step {
  if (!greeted_) to += kGreeting;
  greeted_ = true;
  auto const before = to.size();
  for (auto looked_at = std::uint64_t{0}; to.size() < before + kPieceBytes && looked_at < kFramesAtOnce;) {
    if (!batch_ && !next_batch(to)) return clock_.steady() < until_ ? Step::waiting : Step::end;
    auto seen = model::Observation{};
    if (frames_->next(seen) != model::FrameReader::Step::frame) {
      reader_->go_on_from({batch_->position + 1, 0});
      batch_.reset();
      continue;
    }
    ++looked_at;
    ++number_;
    if (filter_.wants(seen)) write_event(to, seen);
  }
  return clock_.steady() < until_ ? Step::more : Step::end;
}

/// False where nothing new is there.
auto ObservationStream::next_batch(std::string &to) -> bool {
  auto found = reader_->next();
  if (found.missed)
    to +=
        "event: missed\ndata: {\"reason\":\"observations since that id are no longer held for streams, or the id is "
        "not of this stream\"}\n\n";
  if (!found.batch) return false;
  batch_ = std::move(found.batch);
  frames_.emplace(batch_->batch.frames);
  number_ = 0;
  auto skipped = model::Observation{};
  while (number_ < found.from && frames_->next(skipped) == model::FrameReader::Step::frame) ++number_;
  return true;
}

void ObservationStream::write_event(std::string &to, model::Observation const &seen) {
  if (!sensors_.contains(batch_->batch.sensor)) sensors_ = search::sensor_names(viewer_, catalogue_);
  auto const place = number_ < batch_->rows ? understand::TailPlace{batch_->position, number_}
                                            : understand::TailPlace{batch_->position + 1, 0};
  to += fmt::format("id: {}\nevent: observation\ndata: ", place.to_string());
  auto json = codec::JsonWriter{to};
  search::write_observation(json, owned(seen, *batch_, viewer_), sensors_);
  to += "\n\n";
}

}  // namespace noroshi::serve
