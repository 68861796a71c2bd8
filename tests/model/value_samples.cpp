#include "tests/model/value_samples.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sodium.h>

#include "model/ip.hpp"
#include "model/keccak.hpp"

namespace noroshi::test {

namespace {

using model::ValueType;

constexpr auto kLetters = std::string_view{"abcdefghijklmnopqrstuvwxyz"};
constexpr auto kBase58 = std::string_view{"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"};
constexpr auto kBase64 = std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};

/// `bytes` as one number in base 58, filled up to `length` with the digit of zero.
auto base58(std::string_view bytes, std::size_t length) -> std::string {
  auto digits = std::string{};
  for (auto const byte : bytes) {
    auto carry = static_cast<unsigned>(static_cast<unsigned char>(byte));
    for (auto &digit : digits) {
      carry += static_cast<unsigned>(digit) * 256U;
      digit = static_cast<char>(carry % 58);
      carry /= 58;
    }
    for (; carry > 0; carry /= 58) digits.push_back(static_cast<char>(carry % 58));
  }
  auto text = std::string{};
  for (auto const digit : digits) text.insert(text.begin(), kBase58[static_cast<std::size_t>(digit)]);
  return std::string(length > text.size() ? length - text.size() : 0, '1') + text;
}

auto sha_256(std::string_view bytes) -> std::string {
  auto digest = std::string(32, '\0');
  ::crypto_hash_sha256(reinterpret_cast<unsigned char *>(digest.data()),
                       reinterpret_cast<unsigned char const *>(bytes.data()), bytes.size());
  return digest;
}

auto text_of(model::Digest256 const &digest) -> std::string {
  return {reinterpret_cast<char const *>(digest.data()), digest.size()};
}

auto replaced(std::string text, std::string_view what, std::string_view with) -> std::string {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

auto ValueSamples::of(std::string_view alphabet, std::size_t length) -> std::string {
  auto text = std::string{};
  while (text.size() < length) text += alphabet[below(alphabet.size())];
  return text;
}

auto ValueSamples::bytes(std::size_t length) -> std::string {
  auto text = std::string{};
  while (text.size() < length) text += static_cast<char>(below(256));
  return text;
}

auto ValueSamples::any_case(std::string text) -> std::string {
  for (auto &letter : text)
    if (below(2) == 0 && letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return text;
}

auto ValueSamples::onion() -> std::string {
  constexpr auto kAlphabet = std::string_view{"abcdefghijklmnopqrstuvwxyz234567"};
  if (below(2) == 0) return of(kAlphabet, 16) + ".onion";
  auto const key = bytes(32);
  auto const all = key + text_of(model::sha3_256(".onion checksum" + key + "\x03")).substr(0, 2) + "\x03";
  auto label = std::string{};
  for (auto bit = std::size_t{0}; bit < all.size() * 8; bit += 5) {
    auto symbol = std::size_t{0};
    for (auto i = bit; i < bit + 5; ++i)
      symbol = symbol << 1 | (static_cast<unsigned char>(all[i / 8]) >> (7 - i % 8) & 1U);
    label += kAlphabet[symbol];
  }
  return label + ".onion";
}

auto ValueSamples::host() -> std::string {
  constexpr auto kEndings = std::array{"com", "co.jp", "example", "xn--wgv71a119e", "zip", "bit"};
  if (below(8) == 0) return (below(2) == 0 ? "www." : "") + onion();
  auto name = of("abcxyz0189", 1 + below(12));
  if (below(4) == 0) name += "-" + of(kLetters, 3);
  if (below(6) == 0) name = std::array{"münchen", "日本語", "пример", "a_b"}[below(4)];
  return (below(2) == 0 ? of(kLetters, 1 + below(5)) + "." : "") + name + "." + kEndings[below(kEndings.size())];
}

auto ValueSamples::name() -> std::string {
  constexpr auto kPieces =
      std::array{"a",  "Z",  "\\", "/", ".exe", "[.]", " dot ", "{", "}",  "日本", "\u202e", "Global\\", "192.0.2.1",
                 "__", "\"", "'",  "@", ":",    " ",   "hxxp:", "%", "\t", "、",   "」",     "\u200b",   "md5:"};
  auto text = std::string{};
  for (auto count = 1 + below(8); count > 0; --count) text += kPieces[below(kPieces.size())];
  return text;
}

auto ValueSamples::bitcoin() -> std::string {
  if (below(3) == 0) {
    auto const address = std::array{"bc1qjn4s69dk92f2wzd9jwjya538je3w8929fvzm27",
                                    "bc1qsrp4r2gyhgtws446hx2rrcr2m94r58slr3tyc98m07jpy05469nqujk3h2",
                                    "bc1p73nhhcxjlvf8p4lr0ldkalmqzqfg9qtudfmdtp2g5cd2zw7wzn7seecgsy"}[below(3)];
    auto upper = std::string{address};
    if (below(2) == 0) std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' ? c - 32 : c; });
    return upper;
  }
  auto content = std::string(1, below(2) == 0 ? '\0' : '\x05') + bytes(20);
  content += sha_256(sha_256(content)).substr(0, 4);
  auto const zeros = std::min(content.find_first_not_of('\0'), content.size());
  return std::string(zeros, '1') + base58(content, 0);
}

auto ValueSamples::monero() -> std::string {
  auto const kind = std::array{'\x12', '\x13', '\x2a'}[below(3)];
  auto content = kind + bytes(kind == '\x13' ? 72 : 64);
  content += text_of(model::keccak_256(content)).substr(0, 4);
  auto text = std::string{};
  for (auto at = std::size_t{0}; at < content.size(); at += 8)
    text += base58(std::string_view{content}.substr(at, 8), content.size() - at >= 8 ? 11 : 7);
  return text;
}

auto ValueSamples::registry_key() -> std::string {
  constexpr auto kHives = std::array{"HKLM",           "hkcu", "HKEY_LOCAL_MACHINE", "HKCU:", "Registry::HKEY_USERS",
                                     "Computer\\HKCR", "Run",  "\\Registry\\Machine"};
  auto const separator = std::string{std::array{"\\", "\\\\", "/", "¥"}[below(4)]};
  auto text = std::string{kHives[below(kHives.size())]};
  for (auto count = 1 + below(4); count > 0; --count)
    text += separator + of("aBcD .[]", 1 + below(6)) + (below(4) == 0 ? "é" : "x");
  return text + (below(3) == 0 ? separator : "");
}

auto ValueSamples::text(ValueType type) -> std::string {
  auto const address = [&] {
    return below(2) == 0 ? model::IpAddress::v4(static_cast<std::uint32_t>(below(1ULL << 32))).to_string()
                         : fmt::format("2001:{:X}::{:x}", below(65'536), below(65'536));
  };
  switch (type) {
    case ValueType::ip: return address();
    case ValueType::cidr: return fmt::format("{}/{}", address(), below(33));
    case ValueType::domain: return any_case(host());
    case ValueType::url:
      return fmt::format("{}://{}{}/{}", any_case("http"), host(), below(3) == 0 ? ":8080" : "", of("aZ/.%[]é?=", 8));
    case ValueType::email: return of("aZ.+_{}'", 5) + "x@" + host();
    case ValueType::md5:
    case ValueType::imphash:
    case ValueType::ja3:
    case ValueType::hassh: return hex(32);
    case ValueType::sha1: return hex(40);
    case ValueType::sha256: return hex(64);
    case ValueType::sha512: return hex(128);
    case ValueType::ssdeep:
      return fmt::format("{}:{}:{}{}", 3ULL << below(31), of(kBase64, 1 + below(64)), of(kBase64, 1 + below(32)),
                         below(2) == 0 ? ",\"a b.exe\"" : "");
    case ValueType::tlsh: return (below(2) == 0 ? "T1" : "") + hex(70);
    case ValueType::ja4:
      return fmt::format("{}{}{}{}{}_{}_{}", of("tqdTQD", 1), std::array{"13", "12", "s3", "d1", "00"}[below(5)],
                         of("diDI", 1), digits(4), of("h2H300", 2), hex(12), hex(12));
    case ValueType::asn:
      return below(3) == 0 ? fmt::format("AS{}.{}", below(65'536), below(65'536))
                           : fmt::format("{}{}", std::array{"AS", "asn ", "As-", ""}[below(4)], below(1ULL << 32));
    case ValueType::file_name:
    case ValueType::mutex:
    case ValueType::user_agent: return name();
    case ValueType::registry_key: return registry_key();
    case ValueType::cve: return fmt::format("{}-{}-{}", any_case("cve"), 1999 + below(50), 1000 + below(1'000'000));
    case ValueType::attack:
      return std::array{"T", "ta", "G", "s", "C", "m", "ds", "DC", "det", "AN", "a"}[below(11)] + digits(4);
    case ValueType::btc: return bitcoin();
    case ValueType::eth: return below(2) == 0 ? "0x" + of("0123456789abcdef", 40) : "0X" + of("0123456789ABCDEF", 40);
    case ValueType::xmr: return monero();
  }
  return {};
}

auto ValueSamples::defanged(std::string const &text) -> std::string {
  constexpr auto kDots = std::array{"[.]",   "(.)", "{.}", "<.>",    "[dot]",    "(DOT)",          " dot ",
                                    " [.] ", "．",  "。",  "［．］", "[ドット]", "【.】",          "[ . ]",
                                    "\\.",   "[.",  ".]",  "(.",     " ドット ", "\u200b[.]\u00ad"};
  constexpr auto kAts = std::array{"[at]", "(@)", " at ", "＠", "[アットマーク]", " [ AT ] "};
  constexpr auto kSchemes = std::array{"hxxp:", "hXXp[:]", "h**p:", "meow:", "ｈｘｘｐ：", "h__p[:]", "hxp:"};
  constexpr auto kAround = std::array<std::array<char const *, 2>, 7>{
      {{"", ""}, {" \"", "\" "}, {"「", "」"}, {"<", ">"}, {"（", "）。"}, {"`", "`"}, {"", "、"}}};
  // Only the host is written so here: a path's dots are its own.
  auto const scheme = text.starts_with("http:") ? std::string{"http:"} : std::string{};
  auto const end = std::min(text.find_first_of("/?#", scheme.empty() ? 0 : scheme.size() + 2), text.size());
  auto const host = text.substr(scheme.size(), end - scheme.size());
  auto out = scheme.empty() ? "" : std::string{kSchemes[below(kSchemes.size())]};
  auto const at = host.find('@');
  auto const local = at == std::string::npos ? std::string{} : host.substr(0, at);
  out += local +
         replaced(replaced(host.substr(local.size()), ".", kDots[below(kDots.size())]), "@", kAts[below(kAts.size())]);
  out += text.substr(end);
  auto const &[open, close] = kAround[below(kAround.size())];
  return open + out + close;
}

}  // namespace noroshi::test
