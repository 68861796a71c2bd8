#include "understand/import_desk.hpp"

#include <algorithm>

#include <xxhash.h>

#include "base/metrics.hpp"
#include "base/text.hpp"

namespace noroshi::understand {

namespace {

Counter const taken_lines{"noroshi_import_lines_total", "lines of imported logs that were new"};
Counter const refused_lines{"noroshi_import_refused_total", "lines of imported logs that no observation came of"};

// A batch of this size costs one sync of ledger and intake log each; it stays below what the log takes at once.
constexpr auto kBatchBytes = std::size_t{16} << 20;
constexpr auto kBatchRows = std::uint64_t{50'000};
// Sensors that one piece may name: a whole fleet's log. More is no sensor's name, but a value that varies.
constexpr auto kMaxSensors = std::size_t{256};
// Types told apart in a piece; a hostile log has any number.
constexpr auto kMaxTypes = std::size_t{500};
constexpr auto kFurtherTypes = std::string_view{"(further types)"};
// First lines that decide what a log is.
constexpr auto kLinesToRecognise = std::size_t{20};
constexpr auto kShownOfRefused = std::size_t{100};
constexpr auto kMaxTypeBytes = std::size_t{80};
// Parsers read ahead by so much.
constexpr auto kPadding = std::size_t{64};

// The one epoch of imported sensors: they have no clock of ours, and sequences alone count on.
constexpr auto kEpoch = std::uint64_t{1};

// No honeypot log is older, and a clock without battery starts at 1970; a day ahead is a wrong zone.
constexpr auto kEarliest = Time{std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}};
constexpr auto kAhead = std::chrono::days{1};

auto strip_return(std::string_view line) -> std::string_view {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

auto is_blank(std::string_view line) -> bool { return line.find_first_not_of(" \t") == std::string_view::npos; }

/// Calls `take` with each line; false from it ends the walk.
template <class Take>
void each_line(std::string const &lines, Take take) {
  auto rest = std::string_view{lines};
  while (!rest.empty()) {
    auto const end = rest.find('\n');
    auto const terminated = end != std::string_view::npos;
    auto const text = strip_return(rest.substr(0, end));
    auto const readable = rest.size() + (lines.capacity() - lines.size());
    if (!take(LogLine{text, readable, terminated})) return;
    rest.remove_prefix(terminated ? end + 1 : rest.size());
  }
}

/// A sensor's name as ours may be: other characters become "_", and where that or its length changed it, a hash keeps
/// it apart from others.
auto sensor_name(std::string_view reader, std::string_view name) -> std::string {
  constexpr auto kLongest = std::size_t{48};
  if (name.empty()) name = "unnamed";
  auto clean = std::string{name.substr(0, kLongest)};
  for (auto &character : clean) {
    auto const letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    if (!letter && !(character >= '0' && character <= '9') && !std::string_view{"._-@"}.contains(character))
      character = '_';
  }
  if (clean != name)
    clean += fmt::format("-{:08x}", static_cast<std::uint32_t>(::XXH3_64bits(name.data(), name.size())));
  return fmt::format("{}/{}", reader, clean);
}

/// Encodes a line's observations, to be kept or dropped as one.
class StagingSink final : public ObservationSink {
public:
  void take(model::Observation const &observation) override {
    model::append_frame(frames_, observation);
    ++rows_;
  }
  void clear() {
    frames_.clear();
    rows_ = 0;
  }
  [[nodiscard]] auto frames() const -> std::string const & { return frames_; }
  [[nodiscard]] auto rows() const -> std::uint64_t { return rows_; }

private:
  std::string frames_;
  std::uint64_t rows_ = 0;
};

}  // namespace

/// One piece on its way.
class ImportDesk::Work {
public:
  Work(ImportDesk &desk, std::unique_ptr<LogReader> reader, std::string name)
      : desk_(desk), reader_(std::move(reader)), latest_(desk.options_.clock.now() + kAhead) {
    outcome_.reader = std::move(name);
    outcome_.has_header = reader_->has_header();
  }

  auto run(ImportPiece const &piece) -> Result<ImportOutcome> {
    auto number = piece.first_line;
    auto header_comes = outcome_.has_header;
    auto outcome = Result<void>{ok};
    each_line(piece.lines, [&](LogLine const &line) {
      outcome = std::exchange(header_comes, false) ? reader_->read_header(line) : take(line, number);
      ++number;
      return outcome.has_value();
    });
    TRY_VOID(std::move(outcome));
    TRY_VOID(flush());
    for (auto const &[id, sensor] : sensors_) outcome_.sensors.push_back(sensor.name);
    std::ranges::sort(outcome_.sensors);
    return std::move(outcome_);
  }

private:
  struct Sensor {
    std::string name;
    std::string frames;
  };
  using Sensors = std::map<model::SensorId, Sensor>;

  auto take(LogLine const &line, std::uint64_t number) -> Result<void> {
    if (is_blank(line.text)) return ok;
    ++outcome_.lines;
    if (line.text.size() > kMaxLineBytes) {
      refuse(line, number, fail(ErrorCode::too_large, "longer than {} bytes", kMaxLineBytes));
      return ok;
    }
    staged_.clear();
    auto reading = Reading{desk_.sessions_, staged_};
    auto event = reader_->read(line, reading);
    if (!event && !line.terminated) {
      outcome_.unfinished = number;
      --outcome_.lines;
      return ok;
    }
    if (event) event = in_time(*event);
    if (!event) {
      refuse(line, number, std::move(event).error());
      return ok;
    }
    return keep(line, number, *event);
  }

  auto in_time(LogEvent const &event) const -> Result<LogEvent> {
    if (event.time < kEarliest)
      return fail(ErrorCode::malformed, "its time, {}, is before the year 2000: the sensor's clock was not set",
                  to_rfc3339(event.time));
    if (event.time > latest_)
      return fail(ErrorCode::malformed, "its time, {}, is in the future: check the sensor's clock and time zone",
                  to_rfc3339(event.time));
    return event;
  }

  auto keep(LogLine const &line, std::uint64_t number, LogEvent const &event) -> Result<void> {
    TRY(auto *const named, sensor_of(event.sensor));
    if (named == nullptr) {
      refuse(line, number, fail(ErrorCode::too_large, "names one sensor more than the {} that a log may", kMaxSensors));
      return ok;
    }
    auto &[id, sensor] = *named;
    auto &type = type_of(event.type);
    if (staged_.rows() == 0) {  // nothing of a visitor
      ++type.lines;
      ++outcome_.known;
      return ok;
    }
    auto const is_new = desk_.known_.add(id, event.time, line.text);
    if (!is_new && is_new.error().code == ErrorCode::too_large) {
      refuse(line, number, is_new.error());
      return ok;
    }
    if (!is_new) return is_new.error();
    ++type.lines;
    if (!*is_new) {
      ++outcome_.known;
      return ok;
    }
    ++type.taken;
    ++taken_;
    rows_ += staged_.rows();
    bytes_ += staged_.frames().size();
    sensor.frames += staged_.frames();
    return rows_ >= kBatchRows || bytes_ >= kBatchBytes ? flush() : Result<void>{ok};
  }

  void refuse(LogLine const &line, std::uint64_t number, Error why) {
    ++outcome_.refused;
    if (outcome_.refusals.size() < kRefusalsTold)
      outcome_.refusals.push_back({number, std::move(why.sentence), std::string{line.text.substr(0, kShownOfRefused)}});
  }

  auto type_of(std::string_view name) -> TypeCount & {
    name = name.substr(0, kMaxTypeBytes);
    auto found = outcome_.types.find(name);
    if (found == outcome_.types.end())
      found = outcome_.types.try_emplace(std::string{outcome_.types.size() < kMaxTypes ? name : kFurtherTypes}).first;
    return found->second;
  }

  /// nullptr where there are too many. Two names of the log may mean one sensor: none at all and "unnamed".
  auto sensor_of(std::string_view given) -> Result<Sensors::value_type *> {
    auto const found = by_given_name_.find(given);
    if (found != by_given_name_.end()) return found->second;
    if (by_given_name_.size() >= kMaxSensors) return nullptr;
    auto const name = sensor_name(outcome_.reader, given);
    TRY(auto const known, desk_.options_.catalogue.ensure_sensor(name));
    auto &sensor = *sensors_.try_emplace(known.id, Sensor{name, {}}).first;
    by_given_name_.emplace(given, &sensor);
    return &sensor;
  }

  /// The ledger first, then the intake log: what the ledger has of a batch that never came to be does not count.
  auto flush() -> Result<void> {
    auto parts = desk_.known_.flush();
    if (parts.empty()) return ok;
    desk_.unsettled_ = true;
    auto batches = std::vector<model::Batch>{};
    for (auto &[id, sensor] : sensors_) {
      if (sensor.frames.empty()) continue;
      TRY(auto const delivered, desk_.options_.log.delivered(id));
      batches.push_back(
          {id, std::max(kEpoch, delivered.epoch), delivered.sequence + 1, std::exchange(sensor.frames, {})});
      for (auto &part : parts)
        if (part.sensor == id) part.sequence = batches.back().sequence;
    }
    TRY_VOID(desk_.options_.ledger.write(parts));
    for (auto const &batch : batches) {
      TRY(auto const is_new, desk_.options_.log.append(batch, desk_.options_.clock.now()));
      if (!is_new)
        return fail(ErrorCode::internal, "batch {} of imported sensor {} was there already", batch.sequence,
                    batch.sensor.number);
    }
    desk_.unsettled_ = false;
    taken_lines.add(taken_);
    outcome_.taken += std::exchange(taken_, 0);
    outcome_.observations += std::exchange(rows_, 0);
    bytes_ = 0;
    return ok;
  }

  ImportDesk &desk_;
  std::unique_ptr<LogReader> reader_;
  Time latest_;
  ImportOutcome outcome_;
  StagingSink staged_;
  Sensors sensors_;  // a batch each
  std::map<std::string, Sensors::value_type *, std::less<>> by_given_name_;
  std::uint64_t taken_ = 0, rows_ = 0;  // not flushed yet
  std::size_t bytes_ = 0;
};

/// Drops from the ledger what the intake log never acknowledged: after a crash, or a batch that was refused.
auto ImportDesk::settle() -> Result<void> {
  if (!unsettled_) return ok;
  known_.clear();
  TRY(auto const sensors, options_.ledger.sensors());
  for (auto const sensor : sensors) {
    TRY(auto const delivered, options_.log.delivered(sensor));
    TRY_VOID(options_.ledger.forget_after(sensor, delivered.sequence));
  }
  unsettled_ = false;
  return ok;
}

auto ImportDesk::reader_for(ImportPiece const &piece) -> Result<std::string> {
  if (!piece.reader.empty()) {
    if (Registry<LogReader>::instance().contains(piece.reader)) return piece.reader;
    return fail(ErrorCode::malformed, "there is no reader \"{}\"; see: noroshi list readers",
                printable(std::string_view{piece.reader}.substr(0, 40)));
  }
  auto first = std::vector<LogLine>{};
  each_line(piece.lines, [&](LogLine const &line) {
    if (!is_blank(line.text)) first.push_back(line);
    return first.size() < kLinesToRecognise;
  });
  if (first.empty()) return fail(ErrorCode::malformed, "it holds no line");
  return recognise(first);
}

auto ImportDesk::take(ImportPiece const &piece) -> Result<ImportOutcome> {
  auto const one_at_a_time = std::lock_guard{mutex_};
  piece.lines.reserve(piece.lines.size() + kPadding);
  TRY(auto const reader, reader_for(piece));
  TRY_VOID(settle());
  TRY_VOID(options_.make_room());
  auto outcome = Work{*this, Registry<LogReader>::instance().create(reader), reader}.run(piece);
  if (!outcome) {
    unsettled_ = true;  // lines counted as known may not be in
    return outcome;
  }
  refused_lines.add(outcome->refused);
  return outcome;
}

}  // namespace noroshi::understand
