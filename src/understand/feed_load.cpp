#include "understand/feed_load.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include <fmt/ranges.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "model/characters.hpp"
#include "model/domain_names.hpp"
#include "model/usual_direction.hpp"

namespace noroshi::understand {

namespace {

// Entries that are put in order before the store gets them: enough to share among threads, some 20 MB.
constexpr auto kEntriesAtOnce = std::size_t{1} << 17;
constexpr auto kEntriesAThread = std::size_t{4096};  // fewer are not worth a thread: 50 µs
constexpr auto kMaxThreads = 4U;                     // visitors and questions go on beside a load
// Values that are looked up together.
constexpr auto kLookedUpAtOnce = std::size_t{4096};

constexpr auto kNoValue = std::string_view{"not a value"};
constexpr auto kTimes = std::string_view{"seen last before it was seen first"};
constexpr auto kTooManyFacts = std::string_view{"too many origins in one feed: without its report and tags"};
constexpr auto kStays =
    std::string_view{"the source said to_ids or a higher confidence before, and that stays; --replace takes it back"};
// Of a sentence that stands in another.
constexpr auto kMaxQuoted = std::size_t{120};

auto key_of(FeedFacts const &facts) -> std::string {
  auto const number = [](auto const &value) { return value ? static_cast<int>(*value) : -1; };
  return fmt::format("{}\x1f{}\x1f{},{},{},{},{}\x1f{}", facts.report, facts.attribute, number(facts.role),
                     number(facts.direction), number(facts.confidence), number(facts.tlp), number(facts.to_ids),
                     fmt::join(facts.tags, "\x1f"));
}

}  // namespace

auto FeedLoad::create(FeedOrder order, Ports ports, model::Viewer const &viewer) -> Result<std::unique_ptr<FeedLoad>> {
  auto format = Registry<FeedFormat>::instance().create(order.format);
  if (!format)
    return fail(ErrorCode::malformed, "there is no feed format \"{}\"; noroshi list feeds names those there are",
                order.format);
  if (!order.columns.empty()) TRY_VOID(format->set_columns(order.columns));
  if (order.format == "csv" && order.columns.empty())
    return fail(ErrorCode::malformed, "CSV needs --columns, as in value=1,first_seen=3");
  TRY(auto const source, ports.catalogue.feed_source(order.source, viewer));
  auto made = std::unique_ptr<FeedLoad>{new FeedLoad{std::move(order), ports, viewer}};
  made->source_ = source.id;
  made->number_ = made->now_.time_since_epoch().count();
  made->format_ = std::move(format);
  made->outcome_.format = made->order_.format;
  made->outcome_.source = made->order_.source;
  made->known_.resize(1);  // number 0: no facts
  TRY(made->load_, ports.store.load());
  return made;
}

auto FeedLoad::begin_file(std::string_view name) -> Result<void> {
  if (in_file_) TRY_VOID(end_file());
  in_file_ = true;
  files_.emplace_back(name);
  line_ = 0;
  numbers_.clear();  // files share few facts, and each costs its length
  ++outcome_.files;
  taken_before_ = taken();
  at_beginning_ = true;
  skips_ = false;
  format_->begin_file(name, *this);
  return flush_when(kEntriesAtOnce);
}

auto FeedLoad::read(std::string_view bytes) -> Result<void> {
  if (!in_file_) return fail(ErrorCode::malformed, "these bytes belong to no file; a file's first part has its name");
  outcome_.bytes += bytes.size();
  if (std::exchange(at_beginning_, bytes.empty()) && is_utf16(bytes)) {
    skips_ = true;
    unreadable("in UTF-16", files_.back(), "make it UTF-8 first: iconv -f UTF-16 -t UTF-8");
  }
  if (skips_) return ok;
  format_->read(bytes, *this);
  return flush_when(kEntriesAtOnce);
}

auto FeedLoad::end_file() -> Result<void> {
  in_file_ = false;
  if (at_beginning_)
    nothing_in("an empty file", files_.back());
  else if (!skips_)
    format_->end_file(*this);
  return flush_when(kEntriesAtOnce);
}

auto FeedLoad::finish() -> Result<FeedOutcome> {
  if (in_file_) TRY_VOID(end_file());
  files_.emplace_back();
  line_ = 0;
  taken_before_ = taken();
  format_->end(*this);
  TRY_VOID(flush_when(0));
  auto const replaces = order_.older == OlderEntries::replaced;
  if (replaces) TRY_VOID(check_whole());
  TRY(auto const held, ports_.catalogue.claim_feed(source_));
  if (replaces) TRY_VOID(check_size(held));
  auto const replaced = replaces ? std::vector{source_} : std::vector<model::SourceId>{};
  TRY(outcome_.indicators, load_->finish(replaced));
  auto const detail = fmt::format("{} values from {} files, {}{}", outcome_.values, outcome_.files, order_.format,
                                  replaces ? ", in place of all before" : "");
  auto const noted = ports_.catalogue.feed_loaded({.source = source_,
                                                   .load = number_,
                                                   .values = outcome_.values,
                                                   .replaced = replaces,
                                                   .name = order_.source,
                                                   .detail = detail},
                                                  viewer_);
  // It stands; whoever is told that it failed would load it again.
  if (!noted)
    log_error("feed.load of {} by {} ({}) stands, but is not in the audit log: {}", printable(order_.source),
              viewer_.name, detail, noted.error().sentence);
  return outcome_;
}

/// An error page or half a file in the place of a feed would take the rest of it away.
auto FeedLoad::check_whole() const -> Result<void> {
  constexpr auto kNow = std::string_view{"what it said before stands, and nothing of this import was stored"};
  if (!hole_.empty())
    return fail(ErrorCode::malformed,
                "\"{}\" is not replaced: {}; {}. Get the feed whole and import it again; without --replace what can be "
                "read of it is added",
                order_.source, hole_, kNow);
  if (!empty_.empty() && !order_.even_if_smaller)
    return fail(ErrorCode::malformed,
                "\"{}\" is not replaced: {}; {}. If there is nothing in it by now: --even-if-smaller", order_.source,
                empty_, kNow);
  if (outcome_.values > 0 || (order_.even_if_smaller && outcome_.refused.count() == 0)) return ok;
  auto first = std::string{};
  for (auto const &[reason, counted] : outcome_.refused.reasons())
    for (auto const &example : counted.examples)
      if (first.empty())
        first = fmt::format(", as in {}{}: {}: {}", printable(example.file),
                            example.line == 0 ? "" : fmt::format(" line {}", example.line), printable(reason),
                            model::quoted(example.text.substr(0, kMaxQuoted)));
  return fail(ErrorCode::malformed,
              "\"{}\" is not replaced: no value was found, {} refused{}; {}. Look whether that is the feed: an error "
              "page and a wrong --as or --columns look like this{}",
              order_.source, outcome_.refused.count(), first, kNow,
              outcome_.refused.count() == 0 ? ". If it is empty by now: --even-if-smaller" : "");
}

auto FeedLoad::check_size(std::uint64_t held) const -> Result<void> {
  if (order_.even_if_smaller || outcome_.values * 2 >= held) return ok;
  return fail(ErrorCode::conflict,
              "\"{}\" is not replaced: this import has {} values where it had {}; what it said before stands, and "
              "nothing of this import was stored. If the feed did shrink: --even-if-smaller",
              order_.source, outcome_.values, held);
}

void FeedLoad::at_line(std::uint64_t number) {
  line_ = number;
  ++outcome_.lines;
}

auto FeedLoad::facts(FeedFacts const &facts) -> FeedFactsId {
  auto key = key_of(facts);
  if (auto const found = numbers_.find(key); found != numbers_.end()) return found->second;
  if (known_.size() - bare_.size() > ports_.most_facts) return bare_facts(facts);
  auto const number = static_cast<FeedFactsId>(known_.size());
  numbers_.emplace(std::move(key), number);
  known_.push_back({facts, {}, {}, {}});
  return number;
}

/// Without what every line may have of its own; a marking is never lost.
auto FeedLoad::bare_facts(FeedFacts const &facts) -> FeedFactsId {
  take_but(kTooManyFacts, facts.report);
  auto bare = facts;
  bare.report.clear();
  bare.attribute.clear();
  bare.tags.clear();
  auto const [place, is_new] = bare_.try_emplace(key_of(bare), static_cast<FeedFactsId>(known_.size()));
  if (is_new) known_.push_back({std::move(bare), {}, {}, {}});
  return place->second;
}

void FeedLoad::value(FeedValue const &value) {
  auto seen = model::Seen{};
  seen.first = value.first.value_or(value.last.value_or(now_));
  seen.last = value.last.value_or(seen.first);
  if (seen.last < seen.first) return refuse(kTimes, value.text, {});
  seen.expiry = value.expiry;
  if (!seen.expiry && order_.expires) seen.expiry = seen.last + *order_.expires;
  auto const file = static_cast<std::uint32_t>(files_.size()) - 1;
  auto entry = Entry{texts_.keep(value.text), line_, file, value.facts, value.type, value.scope, seen};
  if (!entry.type) entry.type = order_.type;
  if (order_.scope) entry.scope = *order_.scope;
  entries_.push_back(entry);
  if (entries_.size() < kEntriesAtOnce || failure_) return;
  if (auto done = flush_when(kEntriesAtOnce); !done) failure_ = std::move(done).error();
}

void FeedLoad::refuse(std::string_view reason, std::string_view text, std::string_view sentence) {
  outcome_.refused.add(reason, {files_.back(), line_, text, sentence});
}

void FeedLoad::unreadable(std::string_view reason, std::string_view text, std::string_view sentence) {
  auto const before = taken() - taken_before_;
  auto said = std::string{sentence};
  if (before > 0)
    said += fmt::format("{}{} of the file read before it, and taken", said.empty() ? "" : "; ",
                        before == 1 ? "1 value" : fmt::format("{} values", before));
  refuse(reason, text, said);
  if (!hole_.empty()) return;
  auto const &name = files_.back();
  hole_ = fmt::format("{}{}{}", printable(name), name.empty() ? "" : ": ", printable(reason));
  if (!text.empty() && text != name) hole_ += fmt::format(": {}", model::quoted(text.substr(0, kMaxQuoted)));
}

void FeedLoad::nothing_in(std::string_view reason, std::string_view text) {
  leave_out(reason, text);
  if (empty_.empty()) empty_ = fmt::format("{}: {}", printable(files_.back()), printable(reason));
}

void FeedLoad::take_but(std::string_view reason, std::string_view text) {
  outcome_.changed.add(reason, {files_.back(), line_, text});
}

void FeedLoad::leave_out(std::string_view reason, std::string_view text) {
  outcome_.left_out.add(reason, {files_.back(), line_, text});
}

void FeedLoad::read_some(std::size_t first, std::size_t last) {
  for (auto i = first; i < last; ++i) {
    auto const &entry = entries_[i];
    auto &read = read_[i];
    read.is_value = true;
    read.was_suffix = false;
    if (auto const quick = quick_value(entry.text, entry.type)) {
      read.type = quick->type;
      read.text = quick->text;
    } else if (auto value = entry.type ? model::canonical(*entry.type, entry.text) : model::parse_value(entry.text)) {
      read.type = value->type;
      read.kept = std::move(value->text);
      read.text = read.kept;
    } else {
      read.is_value = false;
      read.kept = std::move(value.error().sentence);
      continue;
    }
    read.scope = read.type == model::ValueType::domain ? entry.scope : model::Scope::exact;
    if (read.scope == model::Scope::subtree && model::is_public_suffix(read.text)) {
      read.scope = model::Scope::exact;
      read.was_suffix = true;
    }
  }
}

void FeedLoad::read_entries() {
  auto const count = entries_.size();
  if (read_.size() < count) read_.resize(count);
  auto const wanted = std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads),
                                            count / kEntriesAThread + 1);
  auto helpers = std::vector<std::jthread>{};
  auto const share = (count + wanted - 1) / wanted;
  for (auto i = std::size_t{1}; i < wanted; ++i)
    helpers.emplace_back([&, i] { read_some(std::min(i * share, count), std::min((i + 1) * share, count)); });
  read_some(0, std::min(share, count));
}

/// The ids of reports that facts were given for since the last time. A title is marked as strictly as what it is the
/// origin of, so one that was named before is named again where that got stricter.
auto FeedLoad::name_reports() -> Result<void> {
  auto wanted = std::set<std::string_view>{};
  for (auto i = unnamed_; i < known_.size(); ++i) {
    auto const &facts = known_[i].facts;
    if (facts.report.empty()) continue;
    auto const marking = marking_of(facts);
    auto const [place, is_new] = reports_.try_emplace(facts.report, Named{{}, marking});
    if (!is_new && place->second.marking >= marking) continue;
    place->second.marking = marking;
    outcome_.reports += is_new ? 1 : 0;
    wanted.insert(place->first);
  }
  auto by_marking = std::map<model::Tlp, std::vector<std::string>>{};
  for (auto const title : wanted) by_marking[reports_.find(std::string{title})->second.marking].emplace_back(title);
  for (auto const &[marking, titles] : by_marking) {
    TRY(auto const ids, ports_.catalogue.feed_reports(source_, titles, marking, number_));
    for (auto i = std::size_t{0}; i < titles.size(); ++i) reports_[titles[i]].id = ids[i];
  }
  for (; unnamed_ < known_.size(); ++unnamed_)
    if (auto &known = known_[unnamed_]; !known.facts.report.empty()) known.report = reports_[known.facts.report].id;
  return ok;
}

/// An import that adds cannot lower: of two contexts of one source the higher confidence counts, and any to_ids.
auto FeedLoad::note_what_stays() -> Result<void> {
  if (order_.older == OlderEntries::replaced || (order_.to_ids.value_or(true) && !order_.confidence)) return ok;
  auto const stays = [&](model::Hit const &hit) {
    if (hit.match != model::MatchKind::exact || hit.context.source != source_) return false;
    return (hit.context.to_ids && !order_.to_ids.value_or(true)) ||
           (order_.confidence && hit.context.confidence > *order_.confidence);
  };
  auto values = std::vector<model::Value>{};
  auto places = std::vector<Entry const *>{};
  auto const look = [&]() -> Result<void> {
    TRY(auto const answers, ports_.store.look_up(values, model::node_viewer(), now_));
    for (auto i = std::size_t{0}; i < values.size(); ++i)
      if (std::ranges::any_of(answers[i], stays))
        outcome_.changed.add(kStays, {files_[places[i]->file], places[i]->line, places[i]->text});
    values.clear();
    places.clear();
    return ok;
  };
  for (auto i = std::size_t{0}; i < entries_.size(); ++i) {
    if (!read_[i].is_value) continue;
    values.push_back({read_[i].type, std::string{read_[i].text}});
    places.push_back(&entries_[i]);
    if (values.size() == kLookedUpAtOnce) TRY_VOID(look());
  }
  return look();
}

auto FeedLoad::flush_when(std::size_t there_are) -> Result<void> {
  if (failure_) return *failure_;
  if (entries_.empty() || entries_.size() < there_are) return ok;
  TRY_VOID(name_reports());
  read_entries();
  TRY_VOID(note_what_stays());
  for (auto i = std::size_t{0}; i < entries_.size(); ++i) TRY_VOID(hand_over(entries_[i], read_[i]));
  entries_.clear();
  texts_.clear();
  files_.erase(files_.begin(), files_.end() - 1);
  return ok;
}

auto FeedLoad::hand_over(Entry const &entry, Read const &read) -> Result<void> {
  auto const place =
      Tally::Place{files_[entry.file], entry.line, entry.text, read.is_value ? std::string_view{} : read.kept};
  if (!read.is_value) {
    outcome_.refused.add(kNoValue, place);
    return ok;
  }
  if (read.was_suffix) outcome_.changed.add("a public suffix: for itself only, not for the names below", place);
  if (entry.seen.expiry && *entry.seen.expiry <= now_) outcome_.changed.add("expired already: not shown", place);
  TRY_VOID(load_->add(read.type, read.text, context_of(entry.facts, read.scope), entry.seen));
  ++outcome_.values;
  ++outcome_.types[read.type];
  return ok;
}

/// Of two markings the stricter one.
auto FeedLoad::marking_of(FeedFacts const &facts) const -> model::Tlp {
  if (!order_.tlp) return facts.tlp.value_or(model::Context{}.tlp);
  return std::max(*order_.tlp, facts.tlp.value_or(*order_.tlp));
}

auto FeedLoad::context_of(FeedFactsId facts, model::Scope scope) -> std::uint32_t {
  auto &known = known_[facts];
  auto &number = scope == model::Scope::subtree ? known.subtree : known.exact;
  if (number) return *number;
  auto context = model::Context{};
  context.source = source_;
  context.report = known.report;
  context.attribute = known.facts.attribute;
  context.role = order_.role.value_or(known.facts.role.value_or(model::Role::unknown));
  context.direction = known.facts.direction.value_or(model::usual_direction(context.role));
  if (order_.role) context.direction = model::usual_direction(context.role);
  // Its publisher vouches for it; only what attackers typed is "claimed".
  context.evidence = model::Evidence::observed;
  context.collected_by = model::CollectedBy::feed;
  context.scope = scope;
  context.confidence = order_.confidence.value_or(known.facts.confidence.value_or(context.confidence));
  context.tlp = marking_of(known.facts);
  context.to_ids = order_.to_ids.value_or(known.facts.to_ids.value_or(false));
  context.tags = known.facts.tags;
  context.tags.insert(context.tags.end(), order_.tags.begin(), order_.tags.end());
  std::ranges::sort(context.tags);
  context.tags.erase(std::ranges::unique(context.tags).begin(), context.tags.end());
  number = load_->context(context);
  return *number;
}

}  // namespace noroshi::understand
