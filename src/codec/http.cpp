#include "codec/http.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace noroshi::codec::http {
namespace {

auto lower(char character) -> char {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
}

auto same_word(std::string_view a, std::string_view b) -> bool {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

/// RFC 9110 section 5.6.2.
auto is_token(std::string_view text) -> bool {
  constexpr auto kOther = std::string_view{"!#$%&'*+-.^_`|~"};
  return !text.empty() && std::ranges::all_of(text, [kOther](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kOther.find(c) != std::string_view::npos;
  });
}

auto trim(std::string_view text) -> std::string_view {
  constexpr auto kSpace = std::string_view{" \t\r\n"};
  auto const first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Cuts the next line off `rest`, without its ending.
auto next_line(std::string_view &rest, RequestHead &head) -> std::string_view {
  auto const end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  else if (end != std::string_view::npos)
    head.add(Problem::bare_line_feed);
  return line;
}

void read_version(std::string_view version, RequestHead &head) {
  if (version == "HTTP/1.1") return;
  head.keep_alive = false;
  head.minor_version = 0;
  if (version != "HTTP/1.0") head.add(Problem::bad_version);
}

void read_target(RequestHead &head) {
  auto rest = head.target;
  if (head.method == "CONNECT" || rest == "*") {
    head.path = rest;
    if (head.method == "CONNECT") head.host = rest;
    return;
  }
  if (auto const scheme = rest.find("://"); !rest.starts_with('/') && scheme != std::string_view::npos && scheme < 8) {
    rest.remove_prefix(scheme + 3);
    auto const authority = std::min(rest.find_first_of("/?"), rest.size());
    head.host = rest.substr(0, authority);
    rest.remove_prefix(authority);
    if (rest.empty()) rest = "/";
  } else if (!rest.starts_with('/')) {
    head.add(Problem::bad_target);
  }
  auto const question = rest.find('?');
  head.path = rest.substr(0, question);
  if (question != std::string_view::npos) head.query = rest.substr(question + 1);
}

auto read_request_line(std::string_view line, RequestHead &head) -> Result<void> {
  auto const space = line.find(' ');
  if (space == std::string_view::npos || space == 0)
    return fail(ErrorCode::malformed, "no HTTP request line: no space behind a method");
  head.method = line.substr(0, space);
  if (!is_token(head.method)) head.add(Problem::bad_method);
  auto rest = line.substr(space + 1);
  auto const last = rest.rfind(' ');
  if (last != std::string_view::npos && same_word(rest.substr(last + 1, 5), "HTTP/")) {
    read_version(rest.substr(last + 1), head);
    rest = rest.substr(0, last);
  } else {
    head.minor_version = 9;
    head.keep_alive = false;
  }
  head.target = trim(rest);
  if (head.target.empty()) return fail(ErrorCode::malformed, "no HTTP request line: no target behind the method");
  if (head.target.find_first_of(" \t") != std::string_view::npos) head.add(Problem::bad_target);
  read_target(head);
  return ok;
}

void read_length(std::string_view value, RequestHead &head) {
  auto length = std::uint64_t{};
  auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc{} || end != value.data() + value.size() ||
      (head.content_length && *head.content_length != length))
    head.add(Problem::bad_length);
  else
    head.content_length = length;
}

/// What a header says about how the message goes on.
void apply(Header const &header, bool &host_seen, RequestHead &head) {
  if (same_word(header.name, "content-length")) {
    read_length(header.value, head);
  } else if (same_word(header.name, "transfer-encoding")) {
    head.chunked = same_word(header.value, "chunked");
    if (!head.chunked) head.add(Problem::bad_transfer_coding);
  } else if (same_word(header.name, "host")) {
    if (host_seen) head.add(Problem::two_hosts);
    host_seen = true;
    if (head.host.empty()) head.host = header.value;
  } else if (same_word(header.name, "connection")) {
    if (same_word(header.value, "close")) head.keep_alive = false;
    if (same_word(header.value, "keep-alive") && head.minor_version != 9) head.keep_alive = true;
  } else if (same_word(header.name, "expect")) {
    head.expects_continue = same_word(header.value, "100-continue");
  }
}

/// Joins `line` to the value of the header before it: both are views into one buffer, so the view only grows.
void fold(std::string_view line, RequestHead &head) {
  head.add(Problem::folded_header);
  auto &value = head.headers.back().value;
  auto const *const start = value.empty() ? line.data() : value.data();
  value = trim({start, static_cast<std::size_t>(line.data() + line.size() - start)});
}

void read_header_line(std::string_view line, RequestHead &head) {
  if ((line.front() == ' ' || line.front() == '\t') && !head.headers.empty()) return fold(line, head);
  auto const colon = line.find(':');
  if (colon == std::string_view::npos) return head.add(Problem::no_colon);
  auto name = line.substr(0, colon);
  if (trim(name).size() != name.size()) head.add(Problem::space_before_colon);
  name = trim(name);
  if (!is_token(name)) head.add(Problem::bad_header_name);
  head.headers.push_back({name, trim(line.substr(colon + 1))});
}

auto hex_digit(char character) -> int {
  if (character >= '0' && character <= '9') return character - '0';
  auto const letter = lower(character);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

auto form_decode(std::string_view text) -> std::string {
  auto decoded = std::string{};
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    auto const high = text[at] == '%' && at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    auto const low = high >= 0 ? hex_digit(text[at + 2]) : -1;
    if (low >= 0) {
      decoded.push_back(static_cast<char>(high * 16 + low));
      at += 2;
    } else {
      decoded.push_back(text[at] == '+' ? ' ' : text[at]);
    }
  }
  return decoded;
}

auto base64_digit(char c) -> int {
  constexpr auto kDigits = std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};
  auto const at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// As far as it is base64; attackers' padding is often wrong.
auto lenient_base64(std::string_view text) -> std::string {
  auto decoded = std::string{};
  auto bits = 0U;
  auto count = 0;
  for (auto const c : text) {
    auto const digit = base64_digit(c);
    if (digit < 0) break;
    bits = (bits << 6) | static_cast<unsigned>(digit);
    if (++count % 4 == 1) continue;
    auto const shift = (count % 4 == 2) ? 4U : (count % 4 == 3) ? 2U : 0U;
    decoded.push_back(static_cast<char>((bits >> shift) & 0xff));
  }
  return decoded;
}

constexpr auto kProblemNames = std::to_array<std::string_view>(
    {"bare_line_feed", "folded_header", "no_colon", "space_before_colon", "bad_header_name", "bad_method",
     "bad_version", "bad_target", "bad_length", "length_and_chunked", "bad_transfer_coding", "no_host", "two_hosts",
     "null_byte", "too_many_headers"});

}  // namespace

auto names(std::uint16_t problems) -> std::vector<std::string_view> {
  auto words = std::vector<std::string_view>{};
  for (auto i = std::size_t{0}; i < kProblemNames.size(); ++i)
    if ((problems >> i & 1) != 0) words.push_back(kProblemNames[i]);
  return words;
}

auto RequestHead::header(std::string_view name) const -> std::string_view {
  auto const found = std::ranges::find_if(headers, [name](Header const &h) { return same_word(h.name, name); });
  return found == headers.end() ? std::string_view{} : found->value;
}

auto head_size(std::string_view bytes, std::size_t searched) -> std::optional<std::size_t> {
  // Three bytes back: "\n\r\n" may straddle the border between two reads.
  auto at = searched > 3 ? searched - 3 : 0;
  while ((at = bytes.find('\n', at)) != std::string_view::npos) {
    auto const behind = bytes.substr(at + 1, 2);
    if (behind.starts_with('\n')) return at + 2;
    if (behind == "\r\n") return at + 3;
    ++at;
  }
  return std::nullopt;
}

auto parse_head(std::string_view bytes) -> Result<RequestHead> {
  auto head = RequestHead{};
  auto rest = bytes;
  while (rest.starts_with("\r\n")) rest.remove_prefix(2);  // RFC 9112 section 2.2: ignore empty lines before a request
  if (rest.find('\0') != std::string_view::npos) head.add(Problem::null_byte);
  TRY_VOID(read_request_line(next_line(rest, head), head));
  while (!rest.empty()) {
    auto const line = next_line(rest, head);
    if (line.empty()) break;
    if (head.headers.size() == kMaxHeaders) {
      head.add(Problem::too_many_headers);
      break;
    }
    read_header_line(line, head);
  }
  auto host_seen = false;
  for (auto const &header : head.headers) apply(header, host_seen, head);
  if (!host_seen && head.minor_version == 1) head.add(Problem::no_host);
  if (head.chunked && head.content_length) head.add(Problem::length_and_chunked);
  return head;
}

auto parse_form(std::string_view form) -> std::vector<FormField> {
  auto fields = std::vector<FormField>{};
  while (!form.empty() && fields.size() < kMaxFormFields) {
    auto const end = std::min(form.find('&'), form.size());
    auto const pair = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    auto const equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      fields.push_back(
          {form_decode(pair.substr(0, equals)), form_decode(pair.substr(std::min(equals + 1, pair.size())))});
  }
  return fields;
}

auto basic_credentials(std::string_view authorization) -> std::optional<FormField> {
  if (!same_word(authorization.substr(0, 6), "basic ")) return std::nullopt;
  auto const pair = lenient_base64(trim(authorization.substr(6)));
  auto const colon = pair.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return FormField{pair.substr(0, colon), pair.substr(colon + 1)};
}

}  // namespace noroshi::codec::http
