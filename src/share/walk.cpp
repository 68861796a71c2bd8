#include "share/walk.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace noroshi::share {

namespace {

// Values may have 16 KiB, headers and targets of requests 8 at most. A longer value is named by its beginning and by
// how many values with that beginning were handed out.
constexpr auto kNamed = std::size_t{1000};
constexpr auto kMostAmong = std::size_t{8'000};  // values that share 1,000 bytes; the store lists 10,000 at once

struct Mark {
  model::Value value;  // the text's first kNamed bytes
  std::size_t among = 0;
};

auto shares(model::Value const &value, model::Value const &mark) -> bool {
  return value.type == mark.type && value.text.size() > kNamed && value.text.starts_with(mark.text);
}

auto decode(std::string_view cursor) -> Result<Mark> {
  auto const wrong = fail(ErrorCode::malformed, "the cursor is none of ours; begin again without one");
  auto mark = Mark{};
  auto type = 0U;
  auto const *at = cursor.data();
  auto const *const end = cursor.data() + cursor.size();
  auto read = std::from_chars(at, end, type);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '-' || type > 255) return wrong;
  at = read.ptr + 1;
  read = std::from_chars(at, end, mark.among);
  if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '-' || mark.among > kMostAmong) return wrong;
  auto text = from_hex({read.ptr + 1, end});
  if (!text || text->size() > kNamed) return wrong;
  mark.value = {static_cast<model::ValueType>(type), *std::move(text)};
  return mark;
}

auto encode(Mark const &mark) -> std::string {
  return fmt::format("{}-{}-{}", static_cast<unsigned>(mark.value.type), mark.among, to_hex(mark.value.text));
}

}  // namespace

auto next_indicators(model::IndicatorStore &store, model::IndicatorFilter const &filter, std::string_view cursor,
                     std::size_t limit, model::Viewer const &viewer, Time now) -> Result<IndicatorPage> {
  auto mark = Mark{};
  auto after = std::optional<model::Value>{};
  if (!cursor.empty()) {
    TRY(mark, decode(cursor));
    after = mark.value;
  }
  auto page = IndicatorPage{};
  TRY(page.listed, store.list(filter, after, limit + mark.among, viewer, now));
  auto const is_full = page.listed.size() == limit + mark.among;
  page.listed.erase(page.listed.begin(),
                    page.listed.begin() + static_cast<std::ptrdiff_t>(std::min(mark.among, page.listed.size())));
  if (!is_full || page.listed.empty()) return page;
  auto next = Mark{page.listed.back().indicator, 0};
  if (next.value.text.size() > kNamed) {
    next.value.text.resize(kNamed);
    auto const same = [&](auto const &one) { return shares(one.indicator, next.value); };
    next.among = static_cast<std::size_t>(std::ranges::count_if(page.listed, same));
    if (next.value == mark.value) next.among += mark.among;
    if (next.among > kMostAmong)
      return fail(ErrorCode::too_large, "more than {} values begin with the same {} bytes; ask for fewer types",
                  kMostAmong, kNamed);
  }
  page.next = encode(next);
  return page;
}

}  // namespace noroshi::share
