#include "know/engine/descriptor.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"

namespace noroshi::know::engine {

namespace {

constexpr auto kHeadBytes = std::size_t{8 + 8 + 4 + 3 + 2};

void append_text(std::string &to, std::string_view text) {
  // Attributes and tags are words; what is longer than any of them is cut, so that its length fits.
  auto const kept = text.substr(0, std::numeric_limits<std::uint16_t>::max());
  append_le(to, static_cast<std::uint16_t>(kept.size()));
  to.append(kept);
}

auto read_text(ByteReader &from) -> std::string_view {
  auto const size = from.little<std::uint16_t>();
  return from.take(size);
}

/// `from` into `into`, which has the same key.
auto merge(Fragment &into, Fragment const &from, DescriptorTable &table) -> Result<void> {
  auto const later = std::max(into.version, from.version);
  auto const sequence = into.version >= from.version ? into.sequence : from.sequence;
  TRY(auto whole, read_descriptor(table[into.descriptor]));
  add_fragment(whole, into);
  auto descriptor = into.descriptor;
  if (into.descriptor == from.descriptor) {
    auto other = model::Context{whole};
    add_fragment(other, from);
    model::merge(whole, other);
  } else {
    TRY(auto other, read_descriptor(table[from.descriptor]));
    add_fragment(other, from);
    model::merge(whole, other);
    descriptor = table.intern(to_descriptor(whole, head_of(table[into.descriptor]).generation));
  }
  whole.sequence = sequence;
  into = to_fragment(whole, descriptor, later);
  return ok;
}

}  // namespace

auto to_descriptor(model::Context const &context, Generation generation) -> std::string {
  auto bytes = std::string{};
  append_le(bytes, context.source.number);
  append_le(bytes, context.report.number);
  append_le(bytes, generation);
  for (auto const one : {static_cast<std::uint8_t>(context.role), static_cast<std::uint8_t>(context.direction),
                         static_cast<std::uint8_t>(context.evidence)})
    append_le(bytes, one);
  append_text(bytes, context.attribute);
  for (auto const one : {static_cast<std::uint8_t>(context.collected_by), static_cast<std::uint8_t>(context.scope),
                         context.confidence, static_cast<std::uint8_t>(context.tlp),
                         static_cast<std::uint8_t>(context.pap), static_cast<std::uint8_t>(context.to_ids)})
    append_le(bytes, one);
  auto const tags = std::min<std::size_t>(context.tags.size(), std::numeric_limits<std::uint16_t>::max());
  append_le(bytes, static_cast<std::uint16_t>(tags));
  for (auto i = std::size_t{0}; i < tags; ++i) append_text(bytes, context.tags[i]);
  return bytes;
}

auto read_descriptor(std::string_view descriptor) -> Result<model::Context> {
  auto from = ByteReader{descriptor};
  auto context = model::Context{};
  context.source.number = from.little<std::int64_t>();
  context.report.number = from.little<std::int64_t>();
  (void)from.little<Generation>();
  context.role = static_cast<model::Role>(from.little<std::uint8_t>());
  context.direction = static_cast<model::Direction>(from.little<std::uint8_t>());
  context.evidence = static_cast<model::Evidence>(from.little<std::uint8_t>());
  context.attribute = read_text(from);
  context.collected_by = static_cast<model::CollectedBy>(from.little<std::uint8_t>());
  context.scope = static_cast<model::Scope>(from.little<std::uint8_t>());
  context.confidence = from.little<std::uint8_t>();
  context.tlp = static_cast<model::Tlp>(from.little<std::uint8_t>());
  context.pap = static_cast<model::Pap>(from.little<std::uint8_t>());
  context.to_ids = from.little<std::uint8_t>() != 0;
  auto const tags = from.little<std::uint16_t>();
  for (auto i = 0; i < tags && !from.failed(); ++i) context.tags.emplace_back(read_text(from));
  if (from.failed()) return fail(ErrorCode::malformed, "a descriptor of {} bytes is cut off", descriptor.size());
  return context;
}

auto head_of(std::string_view descriptor) -> DescriptorHead {
  auto from = ByteReader{descriptor};
  auto head = DescriptorHead{};
  head.source.number = from.little<std::int64_t>();
  head.report.number = from.little<std::int64_t>();
  head.generation = from.little<Generation>();
  return head;
}

auto key_of(std::string_view descriptor) -> std::string_view {
  if (descriptor.size() < kHeadBytes) return descriptor;
  return descriptor.substr(0, kHeadBytes + load_le<std::uint16_t>(descriptor.data() + kHeadBytes - 2));
}

auto to_fragment(model::Context const &context, std::uint32_t descriptor, std::uint64_t version) -> Fragment {
  auto const micros = [](Time time) { return static_cast<std::int64_t>(time.time_since_epoch().count()); };
  return {descriptor,
          micros(context.first_seen),
          micros(context.last_seen),
          context.count,
          context.expiry.has_value(),
          context.expiry ? micros(*context.expiry) : 0,
          version,
          context.sequence};
}

void add_fragment(model::Context &context, Fragment const &fragment) {
  context.first_seen = Time{Duration{fragment.first_seen}};
  context.last_seen = Time{Duration{fragment.last_seen}};
  context.count = fragment.count;
  context.expiry = fragment.expires ? std::optional{Time{Duration{fragment.expiry}}} : std::nullopt;
  context.sequence = fragment.sequence;
}

auto DescriptorTable::intern(std::string_view descriptor) -> std::uint32_t {
  if (auto const found = numbers_.find(descriptor); found != numbers_.end()) return found->second;
  auto const number = static_cast<std::uint32_t>(all_.size());
  auto const &kept = all_.emplace_back(descriptor);
  numbers_.emplace(kept, number);
  keys_.push_back(key_numbers_.emplace(key_of(kept), number).first->second);
  return number;
}

auto unite(std::vector<Fragment> &fragments, DescriptorTable &table) -> Result<void> {
  if (fragments.size() < 2) return ok;
  auto const key = [&](Fragment const &one) { return table.key_number(one.descriptor); };
  std::ranges::sort(fragments, {}, key);
  auto kept = std::size_t{0};
  for (auto i = std::size_t{1}; i < fragments.size(); ++i) {
    if (key(fragments[kept]) == key(fragments[i])) {
      TRY_VOID(merge(fragments[kept], fragments[i], table));
    } else {
      fragments[++kept] = fragments[i];
    }
  }
  fragments.resize(kept + 1);
  return ok;
}

}  // namespace noroshi::know::engine
