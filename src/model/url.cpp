// URLs in canonical form, in the spirit of the WHATWG URL Standard. docs/reference/canonical.md has the rules.
#include <algorithm>
#include <array>
#include <vector>

#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/value.hpp"

namespace noroshi::model {

namespace {

struct Scheme {
  std::string_view name;
  std::uint16_t port;  // the default, dropped where it is written; 0: none
  bool special;        // read as browsers do: backslash is slash, the number of slashes is free
};

// The web's, and those that intrusions are made of: loaders (ftp, tftp), JNDI (ldap, rmi, dns, iiop…), miners
// (stratum), tunnels, brokers and databases. Any other word before "://" is refused by name.
constexpr auto kSchemes = std::to_array<Scheme>({
    {"http", 80, true},          {"https", 443, true},   {"ws", 80, true},          {"wss", 443, true},
    {"ftp", 21, true},           {"ftps", 990, false},   {"sftp", 22, false},       {"scp", 22, false},
    {"tftp", 69, false},         {"ssh", 22, false},     {"telnet", 23, false},     {"tcp", 0, false},
    {"udp", 0, false},           {"tls", 0, false},      {"ssl", 0, false},         {"ldap", 389, false},
    {"ldaps", 636, false},       {"rmi", 1099, false},   {"iiop", 0, false},        {"corba", 0, false},
    {"nis", 0, false},           {"nds", 0, false},      {"dns", 53, false},        {"smb", 445, false},
    {"nfs", 2049, false},        {"rsync", 873, false},  {"git", 9418, false},      {"svn", 3690, false},
    {"gopher", 70, false},       {"dict", 2628, false},  {"irc", 6667, false},      {"ircs", 6697, false},
    {"rtsp", 554, false},        {"rtmp", 1935, false},  {"mqtt", 1883, false},     {"mqtts", 8883, false},
    {"amqp", 5672, false},       {"redis", 6379, false}, {"mysql", 3306, false},    {"mongodb", 27017, false},
    {"postgresql", 5432, false}, {"rdp", 3389, false},   {"vnc", 5900, false},      {"socks4", 1080, false},
    {"socks5", 1080, false},     {"stratum", 0, false},  {"stratum+tcp", 0, false}, {"stratum+ssl", 0, false},
    {"stratum+tls", 0, false},   {"quic", 0, false},     {"kcp", 0, false},         {"stun", 3478, false},
    {"turn", 3478, false},
});

auto find_scheme(std::string_view name) -> Scheme const * {
  auto const *const found = std::ranges::find(kSchemes, name, &Scheme::name);
  return found == kSchemes.end() ? nullptr : found;
}

auto is_scheme_character(char character) -> bool {
  return is_letter(character) || is_digit(character) || character == '+' || character == '.' || character == '-';
}

/// The word before ":/" (or ":\"), in lower case; empty where there is none.
auto scheme_word(std::string_view text) -> std::string {
  auto const colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return {};
  if (!std::ranges::all_of(text.substr(0, colon), is_scheme_character)) return {};
  auto const after = text.substr(colon + 1);
  return after.starts_with('/') || after.starts_with('\\') ? lower(text.substr(0, colon)) : std::string{};
}

/// Where the authority ends.
auto authority_length(std::string_view text) -> std::size_t {
  return std::min(text.find_first_of("/\\?#"), text.size());
}

constexpr auto kUnreserved = CharacterSet{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"};
// Brackets and braces are always escaped, so that no "[.]" stands in a canonical URL and refanging leaves it alone.
constexpr auto kPathSigns = CharacterSet{"!$&'()*+,;=:@/"};
constexpr auto kQuerySigns = CharacterSet{"!$&()*+,;=:@/?"};  // browsers escape ' in a query

void append_encoded(std::string &to, unsigned char byte) {
  constexpr auto kDigits = std::string_view{"0123456789ABCDEF"};
  to += '%';
  to += kDigits[byte >> 4];
  to += kDigits[byte & 15];
}

/// RFC 3986 section 6.2.2: escapes in upper case, none where none is needed; all that is neither unreserved nor in
/// `allowed` is escaped, a "%" that begins no escape too, so that nothing can become one later.
void append_normal(std::string &to, std::string_view text, CharacterSet const &allowed) {
  for (auto at = std::size_t{0}; at < text.size(); ++at) {
    auto const character = text[at];
    if (kUnreserved.contains(character) || allowed.contains(character)) {
      to += character;
      continue;
    }
    auto const escape =
        character == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
    auto const byte = escape ? static_cast<unsigned char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]))
                             : static_cast<unsigned char>(character);
    if (escape) at += 2;
    if (escape && kUnreserved.contains(static_cast<char>(byte)))
      to += static_cast<char>(byte);
    else
      append_encoded(to, byte);
  }
}

/// RFC 3986 section 5.2.4, for a path that is empty or begins with "/". Empty segments stay.
auto without_dot_segments(std::string_view path) -> std::string {
  auto starts = std::vector<std::size_t>{};  // where each segment kept so far begins in `kept`
  auto kept = std::string{};
  while (!path.empty()) {
    path.remove_prefix(1);
    auto const length = std::min(path.find('/'), path.size());
    auto const segment = path.substr(0, length);
    path.remove_prefix(length);
    auto const up = segment == "..";
    if (up && !starts.empty()) {
      kept.resize(starts.back());
      starts.pop_back();
    }
    if (!up && segment != ".") {
      starts.push_back(kept.size());
      kept.append("/").append(segment);
    } else if (path.empty()) {
      kept += '/';  // "/a/.." names the folder
    }
  }
  return kept.empty() ? "/" : kept;
}

struct Authority {
  std::string_view host;
  std::string_view port;  // digits, or empty
};

auto split_authority(std::string_view text) -> Authority {
  // What stands before the last "@" is for the server's log-in: it does not change what is reached, disguises hosts
  // ("https://bank.example@evil.example") and carries secrets.
  text.remove_prefix(text.rfind('@') + 1);
  auto const colon = text.rfind(':');
  auto const in_brackets = text.find(']') != std::string_view::npos && colon < text.find(']');
  if (colon == std::string_view::npos || in_brackets) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// Host and port in canonical form.
auto canonical_authority(std::string_view text, Scheme const &scheme) -> Result<std::string> {
  auto const authority = split_authority(text);
  TRY(auto host, canonical_host(authority.host));
  if (host.contains(':')) host = "[" + host + "]";
  if (authority.port.empty()) return host;
  auto const port = parse_port(authority.port);
  if (!port) return fail(ErrorCode::malformed, "{} is not a port", quoted(authority.port));
  if (*port != scheme.port) host += fmt::format(":{}", *port);
  return host;
}

/// Without the tabs and line ends that mail programs put in, which browsers skip too.
auto without_breaks(std::string_view text) -> std::string {
  auto joined = std::string{text};
  std::erase_if(joined, [](char character) { return character == '\t' || character == '\r' || character == '\n'; });
  return joined;
}

struct Parts {
  Scheme const *scheme = nullptr;
  std::string_view authority, path, query;
};

/// `text` must outlive the parts; its backslashes are turned where the scheme is special.
auto take_apart(std::string &text) -> Result<Parts> {
  auto parts = Parts{};
  auto const word = scheme_word(text);
  parts.scheme = find_scheme(word.empty() ? "http" : word);
  if (parts.scheme == nullptr) return fail(ErrorCode::malformed, "\"{}\" is no scheme that is known here", word);
  if (parts.scheme->special)
    std::replace(text.begin(),
                 text.begin() + static_cast<std::ptrdiff_t>(std::min(text.find_first_of("?#"), text.size())), '\\',
                 '/');
  auto rest = std::string_view{text};
  if (!word.empty()) rest.remove_prefix(word.size() + 1);
  if (parts.scheme->special)
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  else if (rest.starts_with("//"))
    rest.remove_prefix(2);
  else
    return fail(ErrorCode::malformed, "{} has no \"//\" behind its scheme", quoted(text));
  parts.authority = rest.substr(0, authority_length(rest));
  rest.remove_prefix(parts.authority.size());
  rest = rest.substr(0, rest.find('#'));
  auto const question = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, question);
  parts.query = rest.substr(std::min(question + 1, rest.size()));
  return parts;
}

}  // namespace

auto looks_like_url(std::string_view text) -> bool {
  if (!scheme_word(text).empty()) return true;
  auto const length = authority_length(text);
  // A host with something behind it; "user@host/…" is neither this nor an e-mail address.
  return length < text.size() && (length > 0 || text.starts_with("//")) && !text.substr(0, length).contains('@');
}

auto canonical_url(std::string_view text) -> Result<std::string> {
  auto joined = without_breaks(text);
  TRY(auto const parts, take_apart(joined));
  TRY(auto const authority, canonical_authority(parts.authority, *parts.scheme));
  auto path = std::string{};
  append_normal(path, parts.path, kPathSigns);
  auto url = fmt::format("{}://{}{}", parts.scheme->name, authority, without_dot_segments(path));
  if (!parts.query.empty()) {
    url += '?';
    append_normal(url, parts.query, kQuerySigns);
  }
  if (url.size() > kMaxValueBytes)
    return fail(ErrorCode::too_large, "the URL {} has more than {} bytes", quoted(url), kMaxValueBytes);
  return url;
}

auto split_url(std::string_view canonical_url) -> UrlParts {
  auto parts = UrlParts{};
  auto const colon = canonical_url.find("://");
  if (colon == std::string_view::npos) return parts;
  parts.scheme = canonical_url.substr(0, colon);
  auto rest = canonical_url.substr(colon + 3);
  auto const authority = split_authority(rest.substr(0, authority_length(rest)));
  parts.host = authority.host;
  parts.port = authority.port;
  if (parts.host.starts_with('[')) parts.host = parts.host.substr(1, parts.host.size() - 2);
  rest.remove_prefix(authority_length(rest));
  auto const question = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, question);
  parts.query = rest.substr(std::min(question + 1, rest.size()));
  return parts;
}

}  // namespace noroshi::model
