#include "understand/feed_load.hpp"

#include <algorithm>
#include <thread>

#include <fmt/ranges.h>

#include "model/domain_names.hpp"
#include "model/usual_direction.hpp"

namespace noroshi::understand {

namespace {

// Entries that are put in order before the store gets them: enough to share among threads, some 20 MB.
constexpr auto kEntriesAtOnce = std::size_t{1} << 17;
constexpr auto kEntriesAThread = std::size_t{4096};  // fewer are not worth a thread: 50 µs
constexpr auto kMaxThreads = 4U;                     // visitors and questions go on beside a load
/// Facts that one feed may tell apart, each a few hundred bytes. Maltrail has 250,000.
constexpr auto kMaxFacts = std::size_t{500'000};

constexpr auto kNoValue = std::string_view{"not a value"};
constexpr auto kTimes = std::string_view{"seen last before it was seen first"};
constexpr auto kTooManyFacts = std::string_view{"too many origins in one feed"};

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
  files_.emplace_back(name);
  line_ = 0;
  numbers_.clear();  // files share few facts, and each costs its length
  ++outcome_.files;
  format_->begin_file(name, *this);
  return flush_when(kEntriesAtOnce);
}

auto FeedLoad::read(std::string_view bytes) -> Result<void> {
  outcome_.bytes += bytes.size();
  format_->read(bytes, *this);
  return flush_when(kEntriesAtOnce);
}

auto FeedLoad::end_file() -> Result<void> {
  format_->end_file(*this);
  return flush_when(kEntriesAtOnce);
}

auto FeedLoad::finish() -> Result<FeedOutcome> {
  files_.emplace_back();
  line_ = 0;
  format_->end(*this);
  TRY_VOID(flush_when(0));
  auto const replaces = order_.older == OlderEntries::replaced;
  TRY_VOID(ports_.catalogue.audit("feed.load", order_.source,
                                  fmt::format("{} values from {} files, {}{}", outcome_.values, outcome_.files,
                                              order_.format, replaces ? ", in place of all before" : ""),
                                  viewer_));
  auto const replaced = replaces ? std::vector{source_} : std::vector<model::SourceId>{};
  TRY(outcome_.indicators, load_->finish(replaced));
  if (replaces) TRY_VOID(ports_.catalogue.keep_feed_reports(source_, number_));
  return outcome_;
}

void FeedLoad::at_line(std::uint64_t number) {
  line_ = number;
  ++outcome_.lines;
}

auto FeedLoad::facts(FeedFacts const &facts) -> FeedFactsId {
  auto const [place, is_new] = numbers_.try_emplace(key_of(facts), static_cast<FeedFactsId>(known_.size()));
  if (!is_new) return place->second;
  if (known_.size() >= kMaxFacts) {
    numbers_.erase(place);
    outcome_.changed.add(kTooManyFacts);
    return 0;
  }
  known_.push_back({facts, {}, {}, {}});
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

/// The ids of reports that facts were given for since the last time, in one transaction.
auto FeedLoad::name_reports() -> Result<void> {
  auto titles = std::vector<std::string>{};
  auto marking = order_.tlp.value_or(model::Context{}.tlp);
  for (auto i = unnamed_; i < known_.size(); ++i) {
    auto const &title = known_[i].facts.report;
    if (!title.empty() && reports_.try_emplace(title).second) titles.push_back(title);
    marking = std::max(marking, known_[i].facts.tlp.value_or(marking));
  }
  if (!titles.empty()) {
    TRY(auto const ids, ports_.catalogue.feed_reports(source_, titles, marking, number_));
    for (auto i = std::size_t{0}; i < titles.size(); ++i) reports_[titles[i]] = ids[i];
    outcome_.reports += titles.size();
  }
  for (; unnamed_ < known_.size(); ++unnamed_)
    if (auto &known = known_[unnamed_]; !known.facts.report.empty()) known.report = reports_[known.facts.report];
  return ok;
}

auto FeedLoad::flush_when(std::size_t there_are) -> Result<void> {
  if (failure_) return *failure_;
  if (entries_.empty() || entries_.size() < there_are) return ok;
  TRY_VOID(name_reports());
  read_entries();
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
  context.tlp = order_.tlp.value_or(known.facts.tlp.value_or(context.tlp));
  if (known.facts.tlp) context.tlp = std::max(context.tlp, *known.facts.tlp);
  context.to_ids = order_.to_ids.value_or(known.facts.to_ids.value_or(false));
  context.tags = known.facts.tags;
  context.tags.insert(context.tags.end(), order_.tags.begin(), order_.tags.end());
  std::ranges::sort(context.tags);
  context.tags.erase(std::ranges::unique(context.tags).begin(), context.tags.end());
  number = load_->context(context);
  return *number;
}

}  // namespace noroshi::understand
