#include "share/feed.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/bytes.hpp"

namespace noroshi::share {

namespace {

constexpr auto kPage = std::size_t{10'000};
// Lists of the operator (the never-list) may change without a word from the store.
constexpr auto kOldest = std::chrono::seconds{60};
constexpr auto kLeastPause = std::chrono::seconds{1};
constexpr auto kShare = 10;  // making a feed takes a tenth of the time at most

auto etag_of(std::string_view body) -> std::string {
  auto digest = std::array<char, EVP_MAX_MD_SIZE>{};
  auto size = 0U;
  EVP_Digest(body.data(), body.size(), reinterpret_cast<unsigned char *>(digest.data()), &size, EVP_sha256(), nullptr);
  return fmt::format("\"{}\"", to_hex({digest.data(), 16}));
}

/// Entries with the most confidence, the latest among equals.
void keep_best(std::vector<OutIndicator> &entries, std::size_t most, std::size_t &left_out) {
  if (entries.size() <= most) return;
  left_out += entries.size() - most;
  std::ranges::nth_element(entries, entries.begin() + static_cast<std::ptrdiff_t>(most), std::ranges::greater{},
                           [](OutIndicator const &one) {
                             // Public ones are equal in the first two.
                             return std::tie(one.confidence, one.last_seen, one.first_seen, one.value);
                           });
  entries.resize(most);
}

struct Collected {
  std::vector<OutIndicator> entries;
  std::size_t left_out = 0;
  Time changes_at = Time::max();
};

auto collect(FeedName const &name, ListRules const &rules, model::IndicatorStore &store, model::Viewer const &viewer,
             Time now) -> Result<Collected> {
  auto collected = Collected{};
  auto const filter = filter_for(*name.list);
  // A public list is the node's own word about what its own decoys saw; that it is public is the operator's decision.
  auto const reader = name.audience == Audience::open ? model::node_viewer() : viewer;
  for (auto cursor = std::optional<std::string>{""}; cursor;) {
    TRY(auto page, store.list(filter, *cursor, kPage, reader, now));
    cursor = std::move(page.next);
    for (auto const &listed : page.listed) {
      auto selection = select(listed, *name.list, name.audience, rules, now);
      if (selection.until) collected.changes_at = std::min(collected.changes_at, *selection.until);
      if (selection.entry) collected.entries.push_back(*std::move(selection.entry));
    }
    if (collected.entries.size() > 2 * kMaxEntries) keep_best(collected.entries, kMaxEntries, collected.left_out);
  }
  keep_best(collected.entries, kMaxEntries, collected.left_out);
  std::ranges::sort(collected.entries, {}, &OutIndicator::value);
  return collected;
}

auto entries_in_words(std::size_t number) -> std::string {
  return fmt::format("{} {}", number, number == 1 ? "entry" : "entries");
}

/// What a list says of itself, where its format has comments. Nothing that changes without an entry: the body's hash
/// tells clients whether to read it again.
auto heading(FeedName const &name, Collected const &collected) -> std::string {
  auto text = fmt::format("# Noroshi {}{}: {}\n# {}", name.audience == Audience::open ? "public-" : "", name.list->name,
                          name.list->title, entries_in_words(collected.entries.size()));
  if (collected.left_out > 0) text += fmt::format(", {} with less confidence are left out", collected.left_out);
  auto const next = std::ranges::min_element(collected.entries, {}, &OutIndicator::expires);
  if (next != collected.entries.end())
    text += fmt::format("; every entry expires, the next one at {}",
                        to_rfc3339(std::chrono::ceil<std::chrono::hours>(next->expires)));
  return text + "\n";
}

}  // namespace

auto make_feed(FeedName const &name, std::string_view publisher, ListRules const &rules, model::IndicatorStore &store,
               model::Viewer const &viewer, Time now, Time &changes_at) -> Result<Feed> {
  TRY(auto const collected, collect(name, rules, store, viewer, now));
  auto const writer = Registry<Writer>::instance().create(name.writer);
  if (writer == nullptr) return fail(ErrorCode::internal, "no writer {}", name.writer);
  auto feed = Feed{};
  feed.content_type = writer->about().content_type;
  if (feed.content_type.starts_with("text/plain")) feed.body = heading(name, collected);
  writer->begin(publisher, feed.body);
  for (auto const &entry : collected.entries) writer->write(entry, feed.body);
  writer->end(feed.body);
  feed.etag = etag_of(feed.body);
  feed.modified = now;
  feed.entries = collected.entries.size();
  feed.left_out = collected.left_out;
  changes_at = collected.changes_at;
  return feed;
}

auto FeedCache::kept_for(std::string key) -> std::shared_ptr<Kept> {
  auto const lock = std::scoped_lock{mutex_};
  auto &kept = kept_[std::move(key)];
  if (kept == nullptr) kept = std::make_shared<Kept>();
  return kept;
}

auto FeedCache::get(FeedName const &name, std::string_view publisher, ListRules const &rules,
                    model::IndicatorStore &store, model::Viewer const &viewer, Clock const &clock)
    -> Result<std::shared_ptr<Feed const>> {
  auto const kept = kept_for(fmt::format("{} {} {} {}", name.list->name, static_cast<int>(name.audience), name.writer,
                                         to_string(viewer.role)));
  auto const lock = std::scoped_lock{kept->mutex};
  auto const start = clock.steady();
  auto const now = clock.now();
  if (kept->feed != nullptr && start < kept->next) return kept->feed;
  TRY(auto const intake, store.cursor("intake"));
  TRY(auto const catalogue, store.cursor("catalogue"));
  auto const version = std::pair{intake, catalogue};
  auto const is_old = start - kept->next >= kOldest || now >= kept->changes_at;
  if (kept->feed != nullptr && version == kept->version && !is_old) return kept->feed;
  TRY(auto feed, make_feed(name, publisher, rules, store, viewer, now, kept->changes_at));
  if (kept->feed != nullptr && kept->feed->etag == feed.etag) feed.modified = kept->feed->modified;
  kept->feed = std::make_shared<Feed const>(std::move(feed));
  kept->version = version;
  auto const end = clock.steady();
  kept->next = end + std::max<std::chrono::steady_clock::duration>(kLeastPause, kShare * (end - start));
  return kept->feed;
}

}  // namespace noroshi::share
