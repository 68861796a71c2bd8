// Undoing what people do to indicators so that nobody clicks them, and what typesetting does to them.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/value.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMaxToken = std::size_t{24};  // the longest token: "[アットマーク]", with two spaces

/// What a dot, an at sign… is dressed as, inside any brackets.
struct Dressed {
  std::string_view inside;
  std::string_view meant;
  bool in_paths;  // also where a URL's path has begun
};
constexpr auto kDressed = std::to_array<Dressed>({
    {".", ".", true},
    {"dot", ".", true},
    {"ドット", ".", false},
    {":", ":", true},
    {"/", "/", true},
    {"@", "@", false},
    {"at", "@", false},
    {"アット", "@", false},
    {"アットマーク", "@", false},
    {"://", "://", false},
    {"//", "//", false},
});
/// The same without brackets, between spaces.
constexpr auto kSpelled = std::to_array<std::pair<std::string_view, char>>(
    {{" dot ", '.'}, {" at ", '@'}, {" ドット ", '.'}, {" アット ", '@'}, {" アットマーク ", '@'}});

/// Characters without width or with a meaning for layout only: they are put into long URLs to break lines.
auto is_invisible(std::uint32_t code_point) -> bool {
  return code_point == 0x00ad || code_point == 0x200b || code_point == 0x2060 || code_point == 0xfeff;
}
/// Joiners and directional marks: invisible too, but some scripts need them, so they stay in paths.
auto is_joiner_or_mark(std::uint32_t code_point) -> bool {
  return (code_point >= 0x200c && code_point <= 0x200f) || (code_point >= 0x202a && code_point <= 0x202e) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

/// The ASCII character that a look-alike of typesetting stands for, else 0.
auto narrow(std::uint32_t code_point) -> char {
  if (code_point >= 0xff01 && code_point <= 0xff5e) return static_cast<char>(code_point - 0xff01 + '!');
  switch (code_point) {
    case 0x3002:  // ideographic full stop, also half-width
    case 0xff61:
    case 0x2024:  // one dot leader
    case 0xfe52: return '.';
    case 0x3000:
    case 0x00a0: return ' ';
    case 0x2010:  // hyphens of word processors, figure and en dash, minus
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212:
    case 0xfe63: return '-';
    case 0x300c:  // 「『【〔
    case 0x300e:
    case 0x3010:
    case 0x3014: return '[';
    case 0x300d:
    case 0x300f:
    case 0x3011:
    case 0x3015: return ']';
    default: return 0;
  }
}

auto opener_of(char closer) -> char {
  switch (closer) {
    case ']': return '[';
    case '}': return '{';
    case ')': return '(';
    case '>': return '<';
    default: return 0;
  }
}

auto closer_of(char opener) -> char {
  switch (opener) {
    case '[': return ']';
    case '{': return '}';
    case '(': return ')';
    default: return 0;
  }
}

auto without_spaces(std::string_view text) -> std::string_view {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Of a label: ASCII, or a byte of something else.
auto is_of_label(char character) -> bool {
  return is_letter(character) || is_digit(character) || static_cast<unsigned char>(character) >= 0x80;
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
      // Markdown and regular expressions write "\\."; elsewhere browsers read a backslash as a slash.
      if (!in_path_ && out_.ends_with('\\') && text.starts_with('.'))
        out_.pop_back();
      else if (!in_path_ && out_.ends_with('\\'))
        notice_path('\\');
    }
    // A path may end so itself.
    while (!in_path_ && (out_.ends_with(',') || out_.ends_with(';'))) out_.pop_back();
    return std::move(out_);
  }

private:
  void take(std::string_view bytes, Utf8Step step) {
    if (step.size == 1) return push(bytes.front());
    if (is_invisible(step.code_point) || (!in_path_ && is_joiner_or_mark(step.code_point))) return;
    auto const ascii = in_path_ ? '\0' : narrow(step.code_point);
    if (ascii != 0) return push(ascii);
    swallow_spaces_ = false;
    out_ += bytes;
  }

  void push(char character) {
    if (swallow_spaces_ && character == ' ') return;
    swallow_spaces_ = false;
    if (character == pending_ && !in_path_) {
      pending_ = 0;
      return;
    }
    out_ += character;
    if (character != '\\') notice_path(character);
    if (auto const opener = opener_of(character); opener != 0) undress(opener);
    if (in_path_) return;
    if (character == ' ') read_word();
    if (is_letter(character) || is_digit(character)) mend_half(character);
  }

  /// Behind the first slash that is not the scheme's, text is the path's own: less is changed there.
  void notice_path(char character) {
    auto const slash = character == '/' || character == '\\';
    if (character != '?' && character != '#' && !slash) return;
    // What is in front of it may be dressed itself: "http:[//]".
    auto const before = std::string_view{out_}.substr(0, out_.size() - 1);
    auto bare = std::string{before.substr(before.size() - std::min(before.size(), std::size_t{4}))};
    std::erase_if(bare, [](char sign) { return closer_of(sign) != 0; });
    auto const of_scheme = before.empty() || before == "/" || before == "\\" || bare.ends_with(':') ||
                           bare.ends_with(":/") || bare.ends_with(":\\");
    if (!slash || !of_scheme) in_path_ = true;
  }

  /// "[.]", "(dot)", "{ @ }"… at the end becomes what is meant.
  void undress(char opener) {
    auto const tail = std::string_view{out_}.substr(out_.size() - std::min(out_.size(), kMaxToken));
    auto const open = tail.rfind(opener);
    if (open == std::string_view::npos) return;
    // "(.)" and "<.>" are rare there and can be the path's own.
    if (in_path_ && (opener == '(' || opener == '<')) return;
    auto const inside = lower(without_spaces(tail.substr(open + 1, tail.size() - open - 2)));
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
    for (auto const &[spelled, meant] : kSpelled) {
      if (!tail.ends_with(spelled)) continue;
      out_.resize(out_.size() - spelled.size());
      return replace_end({&meant, 1});
    }
  }

  /// Half a pair of brackets, "example[.com", "example.]com", "example[.com]", and the word between two labels,
  /// "exampleドットcom": no name has these, and no address. Seen at the first letter behind it.
  void mend_half(char letter) {
    constexpr auto kDot = std::string_view{"ドット"};
    auto const before = std::string_view{out_}.substr(0, out_.size() - 1);
    auto size = std::size_t{0};
    if (before.size() >= 2 && before.back() == '.' && closer_of(before[before.size() - 2]) != 0) {
      size = 2;
      pending_ = closer_of(before[before.size() - 2]);
    } else if (before.size() >= 2 && before[before.size() - 2] == '.' && opener_of(before.back()) != 0) {
      size = 2;
    } else if (before.ends_with(kDot)) {
      size = kDot.size();
    }
    if (size == 0 || before.size() == size || !is_of_label(before[before.size() - size - 1])) {
      if (size > 0) pending_ = 0;
      return;
    }
    out_.resize(before.size() - size);
    out_ += '.';
    out_ += letter;
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
  char pending_ = 0;  // closes a bracket that was taken away
  bool in_path_ = false;
  bool swallow_spaces_ = false;
};

/// hxxp, hXXps, h**p, hxp: "h", one to three letters or signs in place of "tt", "p"; fxp; meow; each only as a scheme.
void mend_scheme(std::string &text) {
  constexpr auto kCrossed = std::string_view{"txz*_#"};
  constexpr auto kLongest = std::size_t{6};
  auto const colon = text.find(':');
  if (colon == std::string::npos || colon > kLongest || colon < 3) return;
  auto word = lower(std::string_view{text}.substr(0, colon));
  auto const secure = word.ends_with('s');
  if (secure) word.pop_back();
  auto const is_http = word == "meow" || (word.size() >= 3 && word.size() <= 5 && word.front() == 'h' &&
                                          word.back() == 'p' && word.find_first_not_of(kCrossed, 1) == word.size() - 1);
  auto const is_ftp = word == "fxp" || word == "f*p" || word == "f_p";
  if (is_http) text.replace(0, colon, secure ? "https" : "http");
  if (is_ftp) text.replace(0, colon, secure ? "ftps" : "ftp");
}

/// "evil__example__com": where a host has no dot at all, it can be nothing else.
void mend_underscores(std::string &text) {
  constexpr auto kDot = std::string_view{"__"};
  if (!text.contains(kDot)) return;
  auto const scheme = text.find("://");
  auto from = scheme == std::string::npos ? 0 : scheme + 3;
  auto const to = std::min(text.find_first_of("/\\?#:", from), text.size());
  if (auto const at = text.rfind('@', to); at != std::string::npos && at >= from) from = at + 1;
  auto const host = std::string_view{text}.substr(from, std::max(from, to) - from);
  if (host.contains('.') || !host.contains(kDot)) return;
  auto dotted = std::string{};
  for (auto const letter : host) {
    dotted += letter;
    if (dotted.ends_with(kDot)) dotted.replace(dotted.size() - 2, 2, ".");
  }
  text.replace(from, host.size(), dotted);
}

/// Most values come as they are: nothing in them that unwrapped() or the Refanger would touch.
auto is_plain(std::string_view text) -> bool {
  static constexpr auto kPlain =
      CharacterSet{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#@!$&*+=%|^"};
  return std::ranges::all_of(text, [](char character) { return kPlain.contains(character); });
}

}  // namespace

auto refang(std::string_view text) -> std::string {
  auto mended = is_plain(text) ? std::string{text} : std::string{unwrapped(Refanger{}.run(unwrapped(text)))};
  mend_scheme(mended);
  mend_underscores(mended);
  return mended;
}

}  // namespace noroshi::model
