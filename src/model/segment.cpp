// The spool's segment files: their header and their names.
#include <charconv>

#include "base/bytes.hpp"
#include "model/batch.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMagic = std::string_view{"NRSPOOL1"};
constexpr auto kMagicFamily = std::string_view{"NRSPOOL"};  // of any version
constexpr auto kSuffix = std::string_view{".seg"};
constexpr auto kHexDigits = std::size_t{16};

/// Reads all of `text`; only the form that to_string writes, so that a file has one name.
auto read_number(std::string_view text, int base) -> std::optional<std::uint64_t> {
  auto number = std::uint64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

auto segment_header(std::uint64_t epoch) -> std::string {
  auto header = std::string{kMagic};
  append_le(header, epoch);
  return header;
}

auto read_segment_header(std::string_view segment) -> Result<std::uint64_t> {
  if (segment.size() < kSegmentHeaderBytes)
    return fail(ErrorCode::malformed, "a spool segment of {} bytes is shorter than its header of {}", segment.size(),
                kSegmentHeaderBytes);
  if (segment.starts_with(kMagic)) return load_le<std::uint64_t>(segment.data() + kMagic.size());
  if (segment.starts_with(kMagicFamily))
    return fail(ErrorCode::malformed, "the spool segment is of another format version; update this program");
  return fail(ErrorCode::malformed, "not a spool segment: its first bytes are not {}", kMagic);
}

auto SegmentName::to_string() const -> std::string {
  return fmt::format("{:016x}-{:016x}-{}{}", epoch, sequence, frames, kSuffix);
}

auto SegmentName::parse(std::string_view name) -> std::optional<SegmentName> {
  constexpr auto kFramesAt = 2 * (kHexDigits + 1);
  if (name.size() <= kFramesAt + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  if (name[kHexDigits] != '-' || name[kFramesAt - 1] != '-') return std::nullopt;
  auto const epoch = read_number(name.substr(0, kHexDigits), 16);
  auto const sequence = read_number(name.substr(kHexDigits + 1, kHexDigits), 16);
  auto const frames = read_number(name.substr(kFramesAt, name.size() - kFramesAt - kSuffix.size()), 10);
  if (!epoch || !sequence || !frames) return std::nullopt;
  auto const parsed = SegmentName{*epoch, *sequence, *frames};
  if (parsed.to_string() != name) return std::nullopt;  // upper case, leading zeros
  return parsed;
}

}  // namespace noroshi::model
