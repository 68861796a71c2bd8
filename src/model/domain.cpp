// Domain names in canonical form: lower-case A-labels without a trailing dot.
#include <algorithm>
#include <array>
#include <memory>

#include <idn2.h>

#include "model/canonical.hpp"
#include "model/characters.hpp"
#include "model/domain_names.hpp"

namespace noroshi::model {

namespace {

constexpr auto kMaxDomain = std::size_t{253};  // RFC 1035: 255 bytes on the wire
constexpr auto kMaxLabel = std::size_t{63};
/// Unicode text longer than this cannot become 253 bytes of A-labels; libidn2 is not asked about it.
constexpr auto kMaxUnicode = std::size_t{2048};

/// Endings of file names that are no top-level domain: "invoice.exe" is a file. Those that are one as well (com, zip,
/// sh, py…) are domains here; the public suffix list goes first.
constexpr auto kFileEndings = std::to_array<std::string_view>({
    "apk", "asp", "aspx", "avi", "bak",  "bat",  "bin",  "bmp", "cab",  "cfg",  "cgi",  "class", "cmd",  "conf", "cpl",
    "cpp", "css", "csv",  "dat", "db",   "deb",  "dll",  "dmg", "doc",  "docm", "docx", "dot",   "elf",  "eml",  "exe",
    "gif", "gz",  "hta",  "htm", "html", "ico",  "img",  "ini", "iso",  "jar",  "jpeg", "jpg",   "js",   "jse",  "json",
    "jsp", "key", "lnk",  "log", "lua",  "msi",  "msix", "ocx", "pdf",  "pem",  "php",  "png",   "pptx", "ppt",  "psd",
    "rar", "reg", "rpm",  "rtf", "scr",  "sql",  "svg",  "swf", "sys",  "tar",  "tgz",  "tmp",   "ttf",  "txt",  "vbe",
    "vbs", "wav", "webp", "wsf", "xls",  "xlsm", "xlsx", "xml", "yaml", "yml",  "yar",
});

auto is_label_character(char character) -> bool {
  return (character >= 'a' && character <= 'z') || is_digit(character) || character == '-' || character == '_';
}

auto check_label(std::string_view label) -> bool {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, is_label_character);
}

/// Letters only, or an A-label: no top-level domain has digits of its own (RFC 3696 section 2), and none ever may be
/// numeric, as it would read as an address.
auto plausible_top_level(std::string_view label) -> bool {
  if (label.size() < 2) return false;
  return label.starts_with("xn--") || std::ranges::all_of(label, is_letter);
}

auto is_file_ending(std::string_view label) -> bool {
  return std::ranges::find(kFileEndings, label) != kFileEndings.end() && !is_public_suffix(label);
}

auto is_ascii(std::string_view text) -> bool {
  return std::ranges::all_of(text, [](char character) { return static_cast<unsigned char>(character) < 0x80; });
}

}  // namespace

auto domain_to_ascii(std::string_view text) -> Result<std::string> {
  auto name = std::string{};
  if (is_ascii(text)) {
    // A-labels are taken as they are: names that IDNA 2008 refuses (emoji) are registered and answer.
    name = lower(text);
  } else {
    if (text.size() > kMaxUnicode) return fail(ErrorCode::malformed, "{} is too long for a domain name", quoted(text));
    if (text.contains('\0')) return fail(ErrorCode::malformed, "{} has a NUL inside", quoted(text));
    auto *found = static_cast<std::uint8_t *>(nullptr);
    auto const input = std::string{text};
    auto const outcome = ::idn2_lookup_u8(reinterpret_cast<std::uint8_t const *>(input.c_str()), &found,
                                          IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    auto const owner = std::unique_ptr<std::uint8_t, decltype(&::idn2_free)>{found, &::idn2_free};
    if (outcome != IDN2_OK)
      return fail(ErrorCode::malformed, "{} is not a domain name: {}", quoted(text), ::idn2_strerror(outcome));
    name = lower(reinterpret_cast<char const *>(found));
  }
  if (name.ends_with('.')) name.pop_back();
  return name;
}

auto check_domain(std::string_view domain) -> Result<void> {
  auto const refuse = [&](std::string_view why) {
    return fail(ErrorCode::malformed, "{} is not a domain name: {}", quoted(domain), why);
  };
  if (domain.size() > kMaxDomain) return refuse("it is longer than 253 characters");
  auto rest = domain;
  auto before = std::string_view{};
  auto labels = 0;
  for (auto last = false; !last; ++labels) {
    auto const dot = rest.find('.');
    last = dot == std::string_view::npos;
    auto const label = rest.substr(0, dot);
    if (!check_label(label))
      return refuse("between its dots stand 1 to 63 letters, digits, hyphens inside, and underscores");
    if (last && labels == 0) return refuse("it has no dot");
    if (last && is_file_ending(label))
      return refuse("its ending is a file's; a file's name is asked as file_name:NAME");
    if (last && !plausible_top_level(label)) return refuse("it does not end in a top-level domain");
    if (last && label == "onion" && !is_onion_label(before))
      return refuse("in front of .onion stand 16 base32 letters (version 2), or 56 with the right checksum");
    if (!last) rest.remove_prefix(dot + 1);
    before = label;
  }
  return ok;
}

auto canonical_domain(std::string_view text) -> Result<std::string> {
  TRY(auto domain, domain_to_ascii(without_port(text)));
  TRY_VOID(check_domain(domain));
  return domain;
}

}  // namespace noroshi::model
