// Derived contexts as bytes of a record of the intake log.
#include "base/bytes.hpp"
#include "understand/derived.hpp"

namespace noroshi::understand {

namespace {

void append_text(std::string &to, std::string_view text) {
  append_varint(to, text.size());
  to.append(text);
}

auto micros(Time time) -> std::int64_t { return time.time_since_epoch().count(); }

void append_write(std::string &to, model::IndicatorWrite const &write) {
  auto const &context = write.context;
  to.push_back(static_cast<char>(write.indicator.type));
  append_text(to, write.indicator.text);
  append_le(to, context.source.number);
  append_le(to, context.report.number);
  append_text(to, context.attribute);
  for (auto const byte :
       {static_cast<int>(context.role), static_cast<int>(context.direction), static_cast<int>(context.evidence),
        static_cast<int>(context.collected_by), static_cast<int>(context.scope), static_cast<int>(context.tlp),
        static_cast<int>(context.pap), context.to_ids ? 1 : 0, static_cast<int>(context.confidence)})
    to.push_back(static_cast<char>(byte));
  append_le(to, micros(context.first_seen));
  append_le(to, micros(context.last_seen));
  append_varint(to, context.count);
  append_le(to, context.expiry ? micros(*context.expiry) : std::int64_t{0});
  append_varint(to, context.tags.size());
  for (auto const &tag : context.tags) append_text(to, tag);
}

auto read_text(ByteReader &reader) -> std::string { return std::string{reader.take(reader.varint())}; }

auto read_write(ByteReader &reader) -> model::IndicatorWrite {
  auto write = model::IndicatorWrite{};
  auto &context = write.context;
  write.indicator.type = static_cast<model::ValueType>(reader.little<std::uint8_t>());
  write.indicator.text = read_text(reader);
  context.source.number = reader.little<std::int64_t>();
  context.report.number = reader.little<std::int64_t>();
  context.attribute = read_text(reader);
  context.role = static_cast<model::Role>(reader.little<std::uint8_t>());
  context.direction = static_cast<model::Direction>(reader.little<std::uint8_t>());
  context.evidence = static_cast<model::Evidence>(reader.little<std::uint8_t>());
  context.collected_by = static_cast<model::CollectedBy>(reader.little<std::uint8_t>());
  context.scope = static_cast<model::Scope>(reader.little<std::uint8_t>());
  context.tlp = static_cast<model::Tlp>(reader.little<std::uint8_t>());
  context.pap = static_cast<model::Pap>(reader.little<std::uint8_t>());
  context.to_ids = reader.little<std::uint8_t>() != 0;
  context.confidence = reader.little<std::uint8_t>();
  context.first_seen = Time{Duration{reader.little<std::int64_t>()}};
  context.last_seen = Time{Duration{reader.little<std::int64_t>()}};
  context.count = reader.varint();
  if (auto const expiry = reader.little<std::int64_t>(); expiry != 0) context.expiry = Time{Duration{expiry}};
  for (auto left = reader.varint(); left > 0 && !reader.failed(); --left) context.tags.push_back(read_text(reader));
  return write;
}

}  // namespace

auto encode(std::vector<model::IndicatorWrite> const &writes) -> std::string {
  auto bytes = std::string{};
  append_varint(bytes, writes.size());
  for (auto const &write : writes) append_write(bytes, write);
  return bytes;
}

auto take_derived(std::string_view &bytes) -> Result<std::vector<model::IndicatorWrite>> {
  auto reader = ByteReader{bytes};
  auto writes = std::vector<model::IndicatorWrite>{};
  for (auto left = reader.varint(); left > 0 && !reader.failed(); --left) writes.push_back(read_write(reader));
  if (reader.failed()) return fail(ErrorCode::malformed, "intake log: a record of derived contexts is damaged");
  bytes = reader.rest();
  return writes;
}

auto decode_derived(std::string_view bytes) -> Result<std::vector<model::IndicatorWrite>> {
  auto writes = take_derived(bytes);
  if (writes && !bytes.empty())
    return fail(ErrorCode::malformed, "intake log: a record of derived contexts is too long");
  return writes;
}

}  // namespace noroshi::understand
