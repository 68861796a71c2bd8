// Undoing what people do to indicators so that nobody clicks them, and what typesetting does to them.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "model/characters.hpp"
#include "model/value.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMaxWrappings = 8;           // `"<(http://…)>"` is three; a longer pile is not writing
constexpr auto kMaxToken = std::size_t{5};  // the longest token: "[://]"

/// What a dot, an at sign… is dressed as, inside any brackets.
struct Dressed {
  std::string_view inside;
  std::string_view meant;
  bool in_paths;  // also where a URL's path has begun
};
constexpr auto kDressed = std::array{
    Dressed{".", ".", true},  Dressed{"dot", ".", true}, Dressed{":", ":", true},      Dressed{"/", "/", true},
    Dressed{"@", "@", false}, Dressed{"at", "@", false}, Dressed{"://", "://", false},
};

constexpr auto kWrappings = std::array<std::pair<std::string_view, std::string_view>, 14>{{
    {"\"", "\""},
    {"'", "'"},
    {"`", "`"},
    {"<", ">"},
    {"(", ")"},
    {"[", "]"},
    {"{", "}"},
    {"“", "”"},
    {"‘", "’"},
    {"«", "»"},
    {"「", "」"},
    {"『", "』"},
    {"【", "】"},
    {"《", "》"},
}};

constexpr auto kSpaces = std::array<std::string_view, 8>{" ", "\t", "\r", "\n", "\v", "\f", "\u00a0", "\u3000"};

/// Characters without width or with a meaning for layout only: they are put into long URLs to break lines.
auto is_invisible(std::uint32_t code_point) -> bool {
  return code_point == 0x00ad || code_point == 0x200b || code_point == 0x2060 || code_point == 0xfeff;
}
/// Joiners and directional marks: invisible too, but some scripts need them, so they stay in paths.
auto is_joiner_or_mark(std::uint32_t code_point) -> bool {
  return (code_point >= 0x200c && code_point <= 0x200f) || (code_point >= 0x202a && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

/// The ASCII character that a look-alike of East Asian typesetting stands for, else 0.
auto narrow(std::uint32_t code_point) -> char {
  if (code_point >= 0xff01 && code_point <= 0xff5e) return static_cast<char>(code_point - 0xff01 + '!');
  if (code_point == 0x3002 || code_point == 0xff61) return '.';
  if (code_point == 0x3000 || code_point == 0x00a0) return ' ';
  return 0;
}

auto opener_of(char closer) -> char {
  switch (closer) {
    case ']': return '[';
    case '}': return '{';
    case ')': return '(';
    default: return 0;
  }
}

/// Builds the text so that it never contains a dressed character: the end is looked at after each character, so
/// "[[.]]" falls as well, and refanging what was refanged changes nothing.
class Refanger {
public:
  auto run(std::string_view text) -> std::string {
    out_.reserve(text.size());
    while (!text.empty()) {
      auto const step = utf8_step(text);
      take(text.substr(0, step.size), step);
      text.remove_prefix(step.size);
      // Markdown and regular expressions write "\."; elsewhere browsers read a backslash as a slash.
      if (!in_path_ && out_.ends_with('\\') && text.starts_with('.'))
        out_.pop_back();
      else if (!in_path_ && out_.ends_with('\\'))
        notice_path('\\');
    }
    return std::move(out_);
  }

private:
  void take(std::string_view bytes, Utf8Step step) {
    if (step.size == 1) return push(bytes.front());
    if (is_invisible(step.code_point) || (!in_path_ && is_joiner_or_mark(step.code_point))) return;
    auto const ascii = in_path_ ? '\0' : narrow(step.code_point);
    if (ascii != 0) return push(ascii);
    out_ += bytes;
  }

  void push(char character) {
    if (swallow_spaces_ && character == ' ') return;
    swallow_spaces_ = false;
    out_ += character;
    if (character != '\\') notice_path(character);
    if (auto const opener = opener_of(character); opener != 0) undress(opener);
    if (character == ' ' && !in_path_) read_word();
  }

  /// Behind the first slash that is not the scheme's, text is the path's own: less is changed there.
  void notice_path(char character) {
    auto const before = std::string_view{out_}.substr(0, out_.size() - 1);
    auto const slash = character == '/' || character == '\\';
    auto const of_scheme = before.find_first_not_of("/\\") == std::string_view::npos || before.ends_with(':') ||
                           before.ends_with(":/") || before.ends_with(":\\");
    if (character == '?' || character == '#' || (slash && !of_scheme)) in_path_ = true;
  }

  /// "[.]", "(dot)", "{@}"… at the end becomes what is meant.
  void undress(char opener) {
    auto const tail = std::string_view{out_}.substr(out_.size() - std::min(out_.size(), kMaxToken));
    auto const open = tail.rfind(opener);
    if (open == std::string_view::npos) return;
    if (in_path_ && opener == '(') return;  // "(.)" is rare there and can be the path's own
    auto const inside = lower(tail.substr(open + 1, tail.size() - open - 2));
    for (auto const &dressed : kDressed) {
      if (dressed.inside != inside || (in_path_ && !dressed.in_paths)) continue;
      out_.resize(out_.size() - tail.size() + open);
      replace_end(dressed.meant);
      return;
    }
  }

  /// "example dot com", "user at example"
  void read_word() {
    auto const tail = lower(std::string_view{out_}.substr(out_.size() - std::min(out_.size(), kMaxToken)));
    auto const meant = tail.ends_with(" dot ") ? "." : tail.ends_with(" at ") ? "@" : "";
    if (*meant == '\0') return;
    out_.resize(out_.size() - (*meant == '.' ? 5 : 4));
    replace_end(meant);
  }

  void replace_end(std::string_view meant) {
    if (!in_path_) {
      while (out_.ends_with(' ')) out_.pop_back();
      swallow_spaces_ = true;
    }
    out_ += meant;
    if (meant == "/") notice_path('/');
  }

  std::string out_;
  bool in_path_ = false;
  bool swallow_spaces_ = false;
};

auto trim(std::string_view &text) -> void {
  for (auto again = true; again;) {
    again = false;
    for (auto const space : kSpaces) {
      if (text.starts_with(space)) text.remove_prefix(space.size()), again = true;
      if (text.ends_with(space)) text.remove_suffix(space.size()), again = true;
    }
  }
}

auto unwrap(std::string_view text) -> std::string_view {
  for (auto i = 0; i < kMaxWrappings; ++i) {
    trim(text);
    auto const before = text.size();
    for (auto const &[open, close] : kWrappings) {
      if (text.size() < open.size() + close.size() || !text.starts_with(open) || !text.ends_with(close)) continue;
      text.remove_prefix(open.size());
      text.remove_suffix(close.size());
      break;
    }
    if (text.size() == before) break;
  }
  trim(text);
  return text;
}

/// hxxp, hXXps, h**p, http with any two of these for its "tt"; fxp; each only as a scheme.
void mend_scheme(std::string &text) {
  constexpr auto kCrossed = std::string_view{"tTxX*_"};
  auto const colon = text.find(':');
  auto const scheme = lower(std::string_view{text}.substr(0, std::min(colon, std::size_t{6})));
  auto const colon_follows = colon != std::string::npos && scheme.size() == colon;
  if (!colon_follows) return;
  if (scheme == "fxp") text.replace(0, colon, "ftp");
  if (scheme == "fxps") text.replace(0, colon, "ftps");
  auto const is_http =
      scheme.size() >= 4 && scheme[0] == 'h' && kCrossed.contains(scheme[1]) && kCrossed.contains(scheme[2]);
  if (is_http && scheme.substr(3) == "p") text.replace(0, colon, "http");
  if (is_http && scheme.substr(3) == "ps") text.replace(0, colon, "https");
}

/// Most values come as they are: nothing in them that the Refanger or unwrap() would touch.
auto is_plain(std::string_view text) -> bool {
  static constexpr auto kPlain =
      CharacterSet{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#@!$&*+,;=%|^"};
  return std::ranges::all_of(text, [](char character) { return kPlain.contains(character); });
}

}  // namespace

auto refang(std::string_view text) -> std::string {
  auto mended = is_plain(text) ? std::string{text} : std::string{unwrap(Refanger{}.run(text))};
  mend_scheme(mended);
  return mended;
}

}  // namespace noroshi::model
