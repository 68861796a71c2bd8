// What stands around a value in running text and is no part of it.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "model/canonical.hpp"
#include "model/characters.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMaxWrappings = 8;  // `"<(http://…)>"` is three; a longer pile is not writing

using Pair = std::pair<std::string_view, std::string_view>;
constexpr auto kQuotes = std::to_array<Pair>({{"\"", "\""}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"‘", "’"}});
constexpr auto kWrappings = std::to_array<Pair>({
    {"\"", "\""}, {"'", "'"},   {"`", "`"},   {"“", "”"},   {"‘", "’"},   {"«", "»"},   {"<", ">"},   {"(", ")"},
    {"[", "]"},   {"{", "}"},   {"「", "」"}, {"『", "』"}, {"【", "】"}, {"〔", "〕"}, {"〈", "〉"}, {"《", "》"},
    {"（", "）"}, {"＜", "＞"}, {"［", "］"}, {"｛", "｝"}, {"｢", "｣"},   {"＂", "＂"}, {"＇", "＇"},
});
/// ASCII brackets end no sentence: paths have them.
constexpr auto kFirstJapanese = std::size_t{10};
constexpr auto kEnders = std::to_array<std::string_view>({"、", "。", "，", "．", "！", "？", "；", "：", "､", "｡"});
constexpr auto kSpaces =
    std::to_array<std::string_view>({" ", "\t", "\r", "\n", "\v", "\f", "\u00a0", "\u3000", "\ufeff"});

auto trim(std::string_view text) -> std::string_view {
  for (auto again = true; again;) {
    again = false;
    for (auto const space : kSpaces) {
      if (text.starts_with(space)) text.remove_prefix(space.size()), again = true;
      if (text.ends_with(space)) text.remove_suffix(space.size()), again = true;
    }
  }
  return text;
}

/// Without the outermost pair that is there.
auto without_pair(std::string_view text, std::span<Pair const> pairs) -> std::string_view {
  for (auto const &[open, close] : pairs)
    if (text.size() >= open.size() + close.size() && text.starts_with(open) && text.ends_with(close))
      return text.substr(open.size(), text.size() - open.size() - close.size());
  return text;
}

/// Without one sign that ends a sentence, or a bracket that was opened in front of the value.
auto without_ender(std::string_view text) -> std::string_view {
  for (auto const ender : kEnders)
    if (text.ends_with(ender)) return text.substr(0, text.size() - ender.size());
  for (auto const &[open, close] : std::span{kWrappings}.subspan(kFirstJapanese))
    if (text.ends_with(close) && !text.contains(open)) return text.substr(0, text.size() - close.size());
  return text;
}

/// Nothing begins or ends so that could be taken away; most values do.
auto is_bare(std::string_view text) -> bool {
  auto const is_plain = [](char character) { return is_letter(character) || is_digit(character); };
  return !text.empty() && is_plain(text.front()) && is_plain(text.back());
}

}  // namespace

auto unquoted(std::string_view text) -> std::string_view {
  if (is_bare(text)) return text;
  // Until nothing is left to take: what these come to is kept as it is, and must come to itself.
  for (auto before = text.size() + 1; text.size() < before;) {
    before = text.size();
    text = without_pair(trim(text), kQuotes);
  }
  return text;
}

auto unwrapped(std::string_view text) -> std::string_view {
  for (auto i = 0; i < kMaxWrappings; ++i) {
    text = trim(text);
    auto const before = text.size();
    text = without_pair(without_ender(text), kWrappings);
    if (text.size() == before) break;
  }
  return trim(text);
}

}  // namespace noroshi::model
