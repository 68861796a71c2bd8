#include "know/engine/batch.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "know/engine/run_writer.hpp"

namespace noroshi::know::engine {

namespace {

auto order(BatchEntry const &a) { return std::tie(a.hash, a.type, a.value); }

/// Sorted, entries of one indicator joined.
void join_entries(std::vector<BatchEntry> &entries) {
  std::ranges::sort(entries, {}, order);
  auto kept = std::size_t{0};
  for (auto i = std::size_t{1}; i < entries.size(); ++i) {
    if (order(entries[kept]) == order(entries[i]))
      entries[kept].fragments.push_back(entries[i].fragments.front());
    else if (++kept != i)
      entries[kept] = std::move(entries[i]);
  }
  if (!entries.empty()) entries.resize(kept + 1);
}

auto read_batch(std::string_view body, Batch &batch) -> bool {
  auto from = ByteReader{body};
  auto const name = from.varint();
  batch.stream = from.take(name);
  batch.position = from.little<std::uint64_t>();
  batch.version = from.little<std::uint64_t>();
  for (auto left = from.varint(); left > 0 && !from.failed(); --left)
    batch.raised.push_back({from.little<std::int64_t>()});
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto const source = model::SourceId{from.little<std::int64_t>()};
    batch.withdrawals.push_back({source, model::ReportId{from.little<std::int64_t>()}});
  }
  batch.base = {from.little<std::int64_t>(), batch.version};
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto const size = from.varint();
    (void)batch.descriptors.intern(from.take(size));
  }
  for (auto left = from.varint(); left > 0 && !from.failed(); --left) {
    auto &entry = batch.entries.emplace_back();
    entry.hash = from.little<std::uint64_t>();
    auto const view = read_entry(from);
    if (!view) return false;
    entry.type = view->type;
    entry.value = view->value;
    for (auto fragments = FragmentReader{view->fragments, batch.base}; !fragments.done();) {
      entry.fragments.push_back(fragments.next());
      if (fragments.failed() || entry.fragments.back().descriptor >= batch.descriptors.size()) return false;
    }
  }
  return !from.failed() && from.rest().empty();
}

}  // namespace

void erase(Erasures &erasures, Batch const &batch) {
  for (auto const source : batch.raised) ++erasures.generations[source];
  for (auto const &[source, report] : batch.withdrawals) erasures.withdrawn[{source, report}] = batch.version;
}

auto to_batch(model::IndicatorCommit const &commit, std::uint64_t version, StoreKey const &key,
              Erasures const &erasures) -> Result<Batch> {
  auto batch = Batch{};
  batch.stream = commit.stream;
  batch.position = commit.position;
  batch.version = version;
  batch.raised = commit.raised;
  batch.withdrawals = commit.withdrawals;
  batch.base = {0, version};
  for (auto const &write : commit.writes) {
    auto const &context = write.context;
    auto const number = batch.descriptors.intern(to_descriptor(context, erasures.generation_of(context.source)));
    auto fragment = to_fragment(context, number, version);
    fragment.sequence = commit.position;
    auto stored = to_stored(write.indicator);
    batch.entries.push_back({hash_of(key, write.indicator), stored.type, std::move(stored.bytes), {fragment}});
    auto const first = batch.entries.size() == 1;
    batch.base.time = first ? fragment.first_seen : std::min(batch.base.time, fragment.first_seen);
  }
  join_entries(batch.entries);
  for (auto &entry : batch.entries) TRY_VOID(unite(entry.fragments, batch.descriptors));
  return batch;
}

auto run_of(Batch const &batch) -> Result<std::shared_ptr<Run const>> {
  auto file = std::make_shared<MemoryFile>();
  auto writer = RunWriter{*file, batch.entries.size(), batch.base};
  for (auto i = std::uint32_t{0}; i < batch.descriptors.size(); ++i)
    (void)writer.descriptors().intern(batch.descriptors[i]);
  for (auto const &entry : batch.entries) TRY_VOID(writer.add(entry.hash, entry.type, entry.value, entry.fragments));
  TRY_VOID(writer.finish());
  return Run::open(std::move(file), "a run in memory");
}

auto to_body(Batch const &batch) -> std::string {
  auto body = std::string{};
  append_varint(body, batch.stream.size());
  body.append(batch.stream);
  append_le(body, batch.position);
  append_le(body, batch.version);
  append_varint(body, batch.raised.size());
  for (auto const source : batch.raised) append_le(body, source.number);
  append_varint(body, batch.withdrawals.size());
  for (auto const &[source, report] : batch.withdrawals) {
    append_le(body, source.number);
    append_le(body, report.number);
  }
  append_le(body, batch.base.time);
  append_varint(body, batch.descriptors.size());
  for (auto i = std::uint32_t{0}; i < batch.descriptors.size(); ++i) {
    append_varint(body, batch.descriptors[i].size());
    body.append(batch.descriptors[i]);
  }
  append_varint(body, batch.entries.size());
  for (auto const &entry : batch.entries) {
    append_le(body, entry.hash);
    append_entry(body, entry.type, entry.value, entry.fragments, batch.base);
  }
  return body;
}

auto from_body(std::string_view body) -> std::optional<Batch> {
  auto batch = Batch{};
  return read_batch(body, batch) ? std::optional{std::move(batch)} : std::nullopt;
}

}  // namespace noroshi::know::engine
