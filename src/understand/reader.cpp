#include "understand/reader.hpp"

#include <fmt/ranges.h>
#include <xxhash.h>

#include "base/bytes.hpp"
#include "base/text.hpp"

namespace noroshi::understand {

namespace {

auto looks_binary(std::string_view line) -> bool {
  return line.substr(0, 512).find('\0') != std::string_view::npos || !is_utf8(line.substr(0, 64));
}

auto unknown_log(std::string_view first_line) -> Error {
  auto const names = fmt::format("{}", fmt::join(Registry<LogReader>::instance().names(), ", "));
  if (looks_binary(first_line))
    return fail(ErrorCode::malformed, "this is binary data, no log; logs that are read: {} (gzip and zstd too)", names);
  constexpr auto kShown = std::size_t{60};
  return fail(ErrorCode::malformed,
              "no log that is read here: it begins with \"{}\"; name its reader with --reader if the beginning is "
              "damaged, one of {}",
              printable(first_line.substr(0, kShown)), names);
}

}  // namespace

auto recognise(std::span<LogLine const> first_lines) -> Result<std::string> {
  auto const &registry = Registry<LogReader>::instance();
  auto best = std::string{};
  auto most = std::size_t{0};
  for (auto const &name : registry.names()) {
    auto const reader = registry.create(name);
    auto votes = std::size_t{0};
    for (auto const &line : first_lines) {
      votes += static_cast<std::size_t>(reader->recognises(line));
      if (reader->has_header()) break;
    }
    if (reader->has_header()) votes *= first_lines.size();
    if (votes <= most) continue;
    most = votes;
    best = name;
  }
  if (most == 0) return unknown_log(first_lines.empty() ? std::string_view{} : first_lines.front().text);
  return best;
}

auto visit_of(std::string_view reader, std::string_view sensor, std::string_view session) -> model::VisitId {
  auto named = std::string{};
  for (auto const part : {reader, sensor, session}) {
    append_le(named, static_cast<std::uint32_t>(part.size()));
    named.append(part);
  }
  auto const hash = ::XXH3_128bits(named.data(), named.size());
  // The upper 48 bits are where other ids tell their start: none is known here, so they say 1970.
  return model::VisitId{0x8000 | (hash.high64 & 0x0fff), std::uint64_t{2} << 62 | hash.low64 >> 2};
}

}  // namespace noroshi::understand
