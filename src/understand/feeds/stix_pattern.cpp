#include "understand/feeds/stix_pattern.hpp"

#include <algorithm>

#include "model/characters.hpp"

namespace noroshi::understand::feeds {

namespace {

using model::ValueType;

constexpr auto kMaxTokens = std::size_t{4096};  // some feeds put a thousand values into one pattern

struct Token {
  enum class Kind : std::uint8_t { word, text, sign } kind = Kind::sign;
  std::string text;  // of a text: without its quotes and escapes
};

auto is_path_character(char c) -> bool {
  return model::is_letter(c) || model::is_digit(c) || std::string_view{"-_.:'*"}.contains(c);
}

/// A text in quotes at the front of `rest`, which goes behind it.
auto quoted_text(std::string_view &rest) -> Result<std::string> {
  auto text = std::string{};
  for (auto at = std::size_t{1}; at < rest.size(); ++at) {
    if (rest[at] == '\'') {
      rest.remove_prefix(at + 1);
      return text;
    }
    if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
    text.push_back(rest[at]);
  }
  return fail(ErrorCode::malformed, "a text in the pattern has no end");
}

/// An object path or keyword: file:hashes.'SHA-256', network-traffic:dst_ref.value, AND, 42.
auto word(std::string_view &rest) -> std::string {
  auto size = std::size_t{0};
  for (auto in_quotes = false; size < rest.size() && (in_quotes || is_path_character(rest[size])); ++size)
    if (rest[size] == '\'') in_quotes = !in_quotes;
  auto text = std::string{rest.substr(0, size)};
  rest.remove_prefix(size);
  return text;
}

auto tokens_of(std::string_view rest) -> Result<std::vector<Token>> {
  auto tokens = std::vector<Token>{};
  while (true) {
    while (!rest.empty() &&
           (rest.front() == ' ' || rest.front() == '\t' || rest.front() == '\n' || rest.front() == '\r'))
      rest.remove_prefix(1);
    if (rest.empty()) return tokens;
    if (tokens.size() == kMaxTokens)
      return fail(ErrorCode::too_large, "the pattern has more than {} words", kMaxTokens);
    if (rest.front() == '\'') {
      TRY(auto text, quoted_text(rest));
      tokens.push_back({Token::Kind::text, std::move(text)});
    } else if (is_path_character(rest.front())) {
      tokens.push_back({Token::Kind::word, word(rest)});
    } else {
      auto const size = rest.substr(1).starts_with('=') ? std::size_t{2} : std::size_t{1};  // != <= >= ==
      tokens.push_back({Token::Kind::sign, std::string{rest.substr(0, size)}});
      rest.remove_prefix(size);
    }
  }
}

auto without_quotes(std::string_view text) -> std::string {
  auto plain = std::string{text};
  std::erase(plain, '\'');
  return plain;
}

auto hash_type(std::string_view name) -> std::optional<ValueType> {
  auto plain = model::lower(name);
  std::erase(plain, '-');
  if (plain == "md5") return ValueType::md5;
  if (plain == "sha1") return ValueType::sha1;
  if (plain == "sha256") return ValueType::sha256;
  if (plain == "sha512") return ValueType::sha512;
  auto const other = model::parse_value_type(plain);  // ssdeep, tlsh, where the store has them
  return other ? std::optional{*other} : std::nullopt;
}

/// The type of value that a comparison of this path with a text names.
auto type_of(std::string_view path, std::string_view text) -> std::optional<ValueType> {
  auto const plain = without_quotes(path);
  constexpr auto kHashes = std::string_view{"file:hashes."};
  if (plain.starts_with(kHashes)) return hash_type(std::string_view{plain}.substr(kHashes.size()));
  if (plain == "ipv4-addr:value" || plain == "ipv6-addr:value" || plain == "network-traffic:dst_ref.value" ||
      plain == "network-traffic:src_ref.value")
    return text.contains('/') ? ValueType::cidr : ValueType::ip;
  if (plain == "domain-name:value") return ValueType::domain;
  if (plain == "url:value") return ValueType::url;
  if (plain == "email-addr:value" || plain == "email-message:from_ref.value" ||
      plain == "email-message:sender_ref.value")
    return ValueType::email;
  return std::nullopt;
}

auto more_or_less(std::string_view what) -> Error { return fail(ErrorCode::not_found, "a pattern with {}", what); }

class PatternReader {
public:
  explicit PatternReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  auto values() -> Result<std::vector<PatternValue>> {
    for (; at_ < tokens_.size();) TRY_VOID(step());
    if (depth_ != 0) return fail(ErrorCode::malformed, "brackets of the pattern do not match");
    if (values_.empty() && others_ == 0) return fail(ErrorCode::malformed, "the pattern compares nothing");
    auto const only_hashes =
        others_ == 0 && std::ranges::all_of(paths_, [](auto const &path) { return path.starts_with("file:hashes."); });
    if (has_and_ && !only_hashes) return more_or_less("AND");
    if (values_.empty()) return more_or_less("no type of value that is known here");
    return std::move(values_);
  }

private:
  auto step() -> Result<void> {
    auto const &token = tokens_[at_++];
    if (token.kind == Token::Kind::sign) {
      if (token.text == "[" || token.text == "(") ++depth_;
      if ((token.text == "]" || token.text == ")") && --depth_ < 0)
        return fail(ErrorCode::malformed, "brackets of the pattern do not match");
      return ok;
    }
    if (token.kind == Token::Kind::text) return ok;  // of a qualifier: START t'…'
    if (token.text == "AND") has_and_ = true;
    if (token.text == "NOT" || token.text == "FOLLOWEDBY") return more_or_less(token.text);
    return token.text.contains(':') ? comparison(token.text) : Result<void>{ok};
  }

  auto comparison(std::string const &path) -> Result<void> {
    if (at_ == tokens_.size()) return fail(ErrorCode::malformed, "the pattern ends within a comparison");
    auto const sign = tokens_[at_++].text;
    if (sign == "=" || sign == "==") {
      if (at_ < tokens_.size()) note(path, tokens_[at_++]);
      return ok;
    }
    if (sign != "IN") return more_or_less(sign);
    for (; at_ < tokens_.size() && tokens_[at_].text != ")"; ++at_)
      if (tokens_[at_].kind != Token::Kind::sign) note(path, tokens_[at_]);
    ++at_;
    return ok;
  }

  void note(std::string const &path, Token const &token) {
    paths_.push_back(path);
    auto const type = token.kind == Token::Kind::text ? type_of(path, token.text) : std::nullopt;
    if (type)
      values_.push_back({*type, token.text});
    else
      ++others_;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool has_and_ = false;
  std::size_t others_ = 0;  // comparisons that give no value
  std::vector<std::string> paths_;
  std::vector<PatternValue> values_;
};

}  // namespace

auto pattern_values(std::string_view pattern) -> Result<std::vector<PatternValue>> {
  TRY(auto tokens, tokens_of(pattern));
  return PatternReader{std::move(tokens)}.values();
}

}  // namespace noroshi::understand::feeds
