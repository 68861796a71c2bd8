// What there is, counted by source, type and role: every entry once, the hash space in pieces, both cores.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <thread>

#include "know/engine/collect.hpp"
#include "know/engine/engine.hpp"

namespace noroshi::know::engine {

namespace {

using Group = model::IndicatorSummary::Group;

// Threads that count; on more cores a summary would take what the node's own work needs.
constexpr auto kMaxThreads = std::size_t{4};
// Pieces of the hash space, so many that no thread waits long for the slowest.
constexpr auto kPieces = std::uint64_t{256};
constexpr auto kTypes = std::size_t{128};
// A summary of the same snapshot is given again for so long; what expires meanwhile is told a minute late.
constexpr auto kSummaryLasts = std::chrono::minutes{1};

using Speaker = std::pair<model::SourceId, model::Role>;

/// What a descriptor means for the count, worked out once.
struct Meaning {
  std::uint32_t speaker = 0;
  bool hidden = false;  // gone, or not for this viewer
  std::uint64_t withdrawn_through = 0;
};

/// Of all descriptors of all runs.
struct Meanings {
  std::map<Run const *, std::vector<Meaning>> of_run;
  std::map<Speaker, std::uint32_t> speakers;

  static auto of(Snapshot const &snapshot, model::Viewer const &viewer) -> Result<Meanings> {
    auto all = Meanings{};
    for (auto const &run : snapshot.runs) {
      auto &meanings = all.of_run[run.get()];
      meanings.reserve(run->descriptors());
      for (auto number = std::uint32_t{0}; number < run->descriptors(); ++number) {
        auto const bytes = run->descriptor(number);
        auto const head = head_of(bytes);
        TRY(auto const context, read_descriptor(bytes));
        auto const speaker =
            all.speakers.try_emplace({context.source, context.role}, all.speakers.size()).first->second;
        auto const gone = head.generation != snapshot.erasures.generation_of(head.source);
        meanings.push_back({speaker, gone || !viewer.may_see(context.tlp),
                            snapshot.erasures.withdrawn_through(head.source, head.report)});
      }
    }
    return all;
  }
};

/// The counts of one thread.
class Tally {
public:
  Tally(Snapshot const &snapshot, Meanings const &meanings, model::Viewer const &viewer, Time now)
      : snapshot_(snapshot),
        meanings_(meanings),
        viewer_(viewer),
        now_(now),
        now_micros_(now.time_since_epoch().count()),
        collector_(snapshot),
        groups_(meanings.speakers.size()) {}

  /// Entries with a hash from `first` to `last`.
  auto count(std::uint64_t first, std::uint64_t last) -> Result<void> {
    auto cursors = std::vector<Run::Cursor>{};
    auto meanings = std::vector<std::vector<Meaning> const *>{};
    for (auto const &run : snapshot_.runs) {
      cursors.emplace_back(*run, first);
      meanings.push_back(&meanings_.of_run.at(run.get()));
    }
    for (;;) {
      auto least = cursors.size();
      auto meets = false;  // two runs have this hash
      for (auto i = std::size_t{0}; i < cursors.size(); ++i) {
        if (cursors[i].failure()) return *cursors[i].failure();
        if (cursors[i].done()) continue;
        if (least == cursors.size() || cursors[i].hash() < cursors[least].hash()) {
          least = i;
          meets = false;
        } else {
          meets = meets || cursors[i].hash() == cursors[least].hash();
        }
      }
      if (least == cursors.size() || cursors[least].hash() > last) return ok;
      if (meets) {
        TRY_VOID(count_together(cursors));
      } else {
        auto &cursor = cursors[least];
        TRY_VOID(count_one(cursor, *meanings[least]));
        cursor.next();
      }
    }
  }

  void add_to(std::map<std::tuple<model::SourceId, model::ValueType, model::Role>, Group> &groups,
              std::array<std::uint64_t, kTypes> &types) const {
    for (auto const &[speaker, number] : meanings_.speakers)
      for (auto const &mine : groups_[number]) {
        auto const [place, is_new] = groups.try_emplace({speaker.first, mine.type, speaker.second});
        auto &whole = place->second;
        if (is_new) {
          whole = mine;
          whole.source = speaker.first;
          whole.role = speaker.second;
          continue;
        }
        whole.indicators += mine.indicators;
        whole.contexts += mine.contexts;
        whole.first = std::min(whole.first, mine.first);
        whole.last = std::max(whole.last, mine.last);
      }
    for (auto i = std::size_t{0}; i < kTypes; ++i) types[i] += types_[i];
  }

private:
  static auto type_of(EntryView const &entry) -> model::ValueType {
    return static_cast<model::ValueType>(entry.type & 0x7f);
  }

  auto group(std::uint32_t speaker, model::ValueType type, Time first, Time last) -> Group & {
    auto &groups = groups_[speaker];
    for (auto &one : groups)
      if (one.type == type) {
        one.first = std::min(one.first, first);
        one.last = std::max(one.last, last);
        return one;
      }
    return groups.emplace_back(Group{{}, type, {}, 0, 0, first, last});
  }

  /// An entry that only one run has. Nearly all have one fragment, which needs no putting together.
  auto count_one(Run::Cursor const &cursor, std::vector<Meaning> const &meanings) -> Result<void> {
    auto fragments = cursor.run().fragments(cursor.entry());
    auto const one = fragments.next();
    if (fragments.failed() || !fragments.done() || one.descriptor >= meanings.size()) {
      TRY_VOID(collector_.add(cursor.run(), cursor.entry()));
      count_contexts(type_of(cursor.entry()));
      return ok;
    }
    auto const &meaning = meanings[one.descriptor];
    if (meaning.hidden || one.version <= meaning.withdrawn_through || (one.expires && one.expiry <= now_micros_))
      return ok;
    auto const type = type_of(cursor.entry());
    auto &whole = group(meaning.speaker, type, Time{Duration{one.first_seen}}, Time{Duration{one.last_seen}});
    ++whole.indicators;
    ++whole.contexts;
    ++types_[static_cast<std::size_t>(type)];
    return ok;
  }

  /// The least entry of the cursors, from all runs that have it.
  auto count_together(std::vector<Run::Cursor> &cursors) -> Result<void> {
    auto const key_of = [](Run::Cursor const &cursor) {
      return std::tuple{cursor.hash(), cursor.entry().type, cursor.entry().value};
    };
    auto *least = static_cast<Run::Cursor *>(nullptr);
    for (auto &cursor : cursors)
      if (!cursor.done() && (least == nullptr || key_of(cursor) < key_of(*least))) least = &cursor;
    auto const key = key_of(*least);  // its text is the run's
    for (auto &cursor : cursors) {
      if (cursor.done() || key_of(cursor) != key) continue;
      TRY_VOID(collector_.add(cursor.run(), cursor.entry()));
      cursor.next();
    }
    count_contexts(static_cast<model::ValueType>(std::get<1>(key) & 0x7f));
    return ok;
  }

  void count_contexts(model::ValueType type) {
    counted_.clear();
    for (auto const &context : collector_.contexts()) {
      if (!viewer_.may_see(context.tlp) || (context.expiry && *context.expiry <= now_)) continue;
      auto const speaker = meanings_.speakers.at({context.source, context.role});
      auto &whole = group(speaker, type, context.first_seen, context.last_seen);
      ++whole.contexts;
      if (std::ranges::find(counted_, speaker) != counted_.end()) continue;
      counted_.push_back(speaker);
      ++whole.indicators;
    }
    if (!counted_.empty()) ++types_[static_cast<std::size_t>(type)];
  }

  Snapshot const &snapshot_;
  Meanings const &meanings_;
  model::Viewer const &viewer_;
  Time now_;
  std::int64_t now_micros_;
  Collector collector_;
  std::vector<std::vector<Group>> groups_;  // by speaker; without their names
  std::array<std::uint64_t, kTypes> types_{};
  std::vector<std::uint32_t> counted_;  // speakers of the entry at hand
};

auto count_all(Snapshot const &snapshot, model::Viewer const &viewer, Time now) -> Result<model::IndicatorSummary> {
  TRY(auto const meanings, Meanings::of(snapshot, viewer));
  auto const threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads);
  auto tallies = std::vector<Tally>{};
  for (auto i = std::size_t{0}; i < threads; ++i) tallies.emplace_back(snapshot, meanings, viewer, now);
  auto outcomes = std::vector<Result<void>>(threads, Result<void>{ok});
  auto next = std::atomic<std::uint64_t>{0};
  auto const work = [&](std::size_t number) {
    constexpr auto kPiece = ~std::uint64_t{0} / kPieces + 1;
    for (auto piece = next++; piece < kPieces && outcomes[number]; piece = next++)
      outcomes[number] = tallies[number].count(piece * kPiece, piece * kPiece + (kPiece - 1));
  };
  {
    auto others = std::vector<std::jthread>{};
    for (auto i = std::size_t{1}; i < threads; ++i) others.emplace_back(work, i);
    work(0);
  }
  auto groups = std::map<std::tuple<model::SourceId, model::ValueType, model::Role>, Group>{};
  auto types = std::array<std::uint64_t, kTypes>{};
  for (auto i = std::size_t{0}; i < threads; ++i) {
    TRY_VOID(outcomes[i]);
    tallies[i].add_to(groups, types);
  }
  auto summary = model::IndicatorSummary{};
  for (auto &[key, group] : groups) summary.groups.push_back(group);
  for (auto i = std::size_t{0}; i < kTypes; ++i)
    if (types[i] > 0) summary.types.push_back({static_cast<model::ValueType>(i), types[i]});
  return summary;
}

auto markings_of(model::Viewer const &viewer) -> std::uint32_t {
  auto bits = std::uint32_t{0};
  for (auto const tlp :
       {model::Tlp::clear, model::Tlp::green, model::Tlp::amber, model::Tlp::amber_strict, model::Tlp::red})
    if (viewer.may_see(tlp)) bits |= 1U << static_cast<unsigned>(tlp);
  return bits;
}

}  // namespace

auto Engine::summarise(model::Viewer const &viewer, Time now) -> Result<model::IndicatorSummary> {
  auto const lock = std::lock_guard{summary_mutex_};
  auto const held = snapshot();
  auto const markings = markings_of(viewer);
  auto const &last = last_summary_;
  if (last.of.lock() == held && last.markings == markings && now >= last.at && now - last.at < kSummaryLasts)
    return last.summary;
  TRY(auto summary, count_all(*held, viewer, now));
  last_summary_ = {held, markings, now, summary};
  return summary;
}

auto Engine::held_types() -> Result<std::vector<model::ValueType>> {
  auto const held = snapshot();
  auto types = std::set<model::ValueType>{};
  for (auto const &run : held->runs)
    for (auto i = std::size_t{0}; i < run->facts().of_type.size(); ++i)
      if (run->facts().of_type[i] > 0) types.insert(static_cast<model::ValueType>(i));
  return std::vector<model::ValueType>{types.begin(), types.end()};
}

}  // namespace noroshi::know::engine
