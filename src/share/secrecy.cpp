#include "share/secrecy.hpp"

#include <algorithm>
#include <cctype>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/bytes.hpp"
#include "codec/base64.hpp"
#include "share/address_forms.hpp"
#include "understand/detector.hpp"

namespace noroshi::share {

namespace {

namespace json = boost::json;

ConfigKey<std::vector<std::string>> const own_names{
    "share.own_names", "", "host names",
    "names of sensors and of one's own, taken out of all that is exported, as their addresses are"};

// Encodings inside encodings: URL-encoded base64 of hexadecimal is what tools do at most.
constexpr auto kMostLayers = 3;
// Shorter runs hold no address: 7 letters of base64 are 5 bytes, 8 hexadecimal digits an IPv4 address.
constexpr auto kLeastBase64 = std::size_t{8};
constexpr auto kLeastHex = std::size_t{8};

auto hex_value(char c) -> int {
  if (c >= '0' && c <= '9') return c - '0';
  auto const lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// A text with an encoding undone, and for each of its bytes where it stood.
struct View {
  std::string text;
  std::vector<std::size_t> begin;  // of byte i in the source; one more at the end
  bool changed = false;

  void add(char byte, std::size_t at) {
    text.push_back(byte);
    begin.push_back(at);
  }
};

/// The byte of "%2e", "\x2e" or "\u002e" at `at`, and how long that is; 0: no escape stands there.
auto escape_at(std::string_view text, std::size_t at, char &byte) -> std::size_t {
  auto const digits = [&](std::size_t from) {
    if (from + 2 > text.size()) return false;
    auto const high = hex_value(text[from]);
    auto const low = hex_value(text[from + 1]);
    byte = static_cast<char>(high << 4 | low);
    return high >= 0 && low >= 0;
  };
  if (text[at] == '%') return digits(at + 1) ? 3 : 0;
  if (text[at] != '\\') return 0;
  if (text.substr(at + 1, 1) == "x") return digits(at + 2) ? 4 : 0;
  return text.substr(at + 1, 3) == "u00" && digits(at + 4) ? 6 : 0;
}

auto without_escapes(std::string_view text) -> View {
  auto view = View{};
  for (auto at = std::size_t{0}; at < text.size();) {
    auto byte = text[at];
    auto const size = escape_at(text, at, byte);
    view.add(byte, at);
    view.changed = view.changed || size != 0;
    at += std::max<std::size_t>(size, 1);
  }
  view.begin.push_back(text.size());
  return view;
}

/// UTF-16 with letters of ASCII, as Windows protocols write names.
auto without_zeros(std::string_view text) -> View {
  auto view = View{};
  for (auto at = std::size_t{0}; at < text.size(); ++at)
    if (text[at] != '\0') view.add(text[at], at);
  view.begin.push_back(text.size());
  view.changed = view.text.size() != text.size();
  return view;
}

struct Replacement {
  std::size_t begin = 0, end = 0;
  std::string text;
};

auto apply(std::string_view text, std::vector<Replacement> replacements) -> std::string {
  // Of those that begin together the longest goes first: it covers the others.
  std::ranges::sort(replacements, {}, [](Replacement const &one) { return std::pair{one.begin, ~one.end}; });
  auto out = std::string{};
  auto at = std::size_t{0};
  for (auto const &each : replacements) {
    if (each.begin < at) continue;  // inside one before; the next round looks again
    out.append(text.substr(at, each.begin - at)).append(each.text);
    at = each.end;
  }
  return out.append(text.substr(at));
}

class Scrubber {
public:
  explicit Scrubber(Wanted const &wanted) : wanted_(wanted) {}

  auto scrub(std::string_view text, int layers) const -> std::string {
    auto replacements = std::vector<Replacement>{};
    for (auto const &[begin, end, raw] : find_addresses(text, wanted_))
      replacements.push_back({begin, end, raw ? std::string(end - begin, '\0') : std::string{kSensorMark}});
    if (layers > 0) {
      add_from_view(text, without_escapes(text), layers, replacements);
      if (text.contains('\0')) add_from_view(text, without_zeros(text), layers, replacements);
      add_from_base64(text, layers, replacements);
      add_from_hex(text, layers, replacements);
    }
    return replacements.empty() ? std::string{text} : apply(text, std::move(replacements));
  }

private:
  /// What is found in the view stands in the text from the first byte's escape to the last one's.
  void add_from_view(std::string_view text, View const &view, int layers, std::vector<Replacement> &to) const {
    if (!view.changed) return;
    auto const inner = scrub(view.text, layers - 1);
    if (inner == view.text) return;
    // The unchanged beginning and end stay as they were written.
    auto const shorter = std::min(inner.size(), view.text.size());
    auto const first = static_cast<std::size_t>(std::ranges::mismatch(inner, view.text).in1 - inner.begin());
    auto same = std::size_t{0};
    while (same < shorter - first && inner[inner.size() - 1 - same] == view.text[view.text.size() - 1 - same]) ++same;
    auto const end = view.text.size() - same;
    to.push_back({view.begin[first], end == view.text.size() ? text.size() : view.begin[end],
                  inner.substr(first, inner.size() - same - first)});
  }

  template <class Is>
  static auto run_end(std::string_view text, std::size_t at, Is is) -> std::size_t {
    while (at < text.size() && is(text[at])) ++at;
    return at;
  }

  void add_from_base64(std::string_view text, int layers, std::vector<Replacement> &to) const {
    auto const is = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '-' || c == '_';
    };
    for (auto at = std::size_t{0}; at < text.size(); ++at) {
      auto const end = run_end(text, at, is);
      if (end - at >= kLeastBase64) scrub_base64(text, at, end, layers, to);
      at = std::max(at, end);
    }
  }
  /// Letters before the encoded text may look like a part of it, so all four beginnings are tried.
  void scrub_base64(std::string_view text, std::size_t begin, std::size_t end, int layers,
                    std::vector<Replacement> &to) const {
    for (auto shift = std::size_t{0}; shift < 4; ++shift) {
      auto run = std::string{text.substr(begin + shift, end - begin - shift)};
      if (run.size() % 4 == 1) run.pop_back();
      std::ranges::replace(run, '-', '+');
      std::ranges::replace(run, '_', '/');
      auto plain = std::string{};
      if (!codec::from_base64(run, plain)) continue;
      auto const inner = scrub(plain, layers - 1);
      if (inner == plain) continue;
      auto encoded = to_base64(inner);
      auto last = begin + shift + run.size();
      while (last < text.size() && text[last] == '=') ++last;
      to.push_back({begin + shift, last, std::move(encoded)});
      return;
    }
  }

  void add_from_hex(std::string_view text, int layers, std::vector<Replacement> &to) const {
    for (auto at = std::size_t{0}; at < text.size(); ++at) {
      auto const end = run_end(text, at, [](char c) { return hex_value(c) >= 0; });
      if (end - at >= kLeastHex)
        for (auto shift = std::size_t{0}; shift < 2; ++shift) {
          auto const run = text.substr(at + shift, (end - at - shift) / 2 * 2);
          auto const plain = from_hex(run);
          if (!plain) continue;
          auto const inner = scrub(*plain, layers - 1);
          if (inner == *plain) continue;
          to.push_back({at + shift, at + shift + run.size(), to_hex(inner)});
          break;
        }
      at = std::max(at, end);
    }
  }

  Wanted const &wanted_;
};

/// Texts, names and numbers of a document. Its depth was bounded by the parser.
void scrub_document(json::value &document, Wanted const &wanted, Secrecy const &secrecy) {
  if (auto *const text = document.if_string()) {
    *text = secrecy.scrubbed({text->data(), text->size()}, wanted.sensor);
  } else if (document.is_number()) {
    auto error = json::error_code{};
    auto const number = document.to_number<std::uint64_t>(error);
    if (!error && number <= 0xffff'ffff && wanted.sensor.is_v4() && number == (wanted.sensor.low() & 0xffff'ffff))
      document = nullptr;
  } else if (auto *const array = document.if_array()) {
    for (auto &entry : *array) scrub_document(entry, wanted, secrecy);
  } else if (auto *const object = document.if_object()) {
    auto clean = json::object{};
    for (auto &[name, value] : *object) {
      scrub_document(value, wanted, secrecy);
      clean[secrecy.scrubbed(name, wanted.sensor)] = std::move(value);
    }
    document = std::move(clean);
  }
}

}  // namespace

auto Secrecy::create(Config const &config) -> Result<Secrecy> {
  auto secrecy = Secrecy{};
  for (auto const &text : config.get(understand::kOwnAddresses)) {
    auto const address = model::IpAddress::parse(text);
    auto prefix = address ? Result<model::IpPrefix>{model::IpPrefix::of(*address, address->is_v4() ? 32 : 128)}
                          : model::IpPrefix::parse(text);
    if (!prefix) return at(understand::kOwnAddresses.name, prefix.error());
    secrecy.own_.push_back(*prefix);
  }
  for (auto name : config.get(own_names)) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!name.empty()) secrecy.names_.push_back(std::move(name));
  }
  return secrecy;
}

auto Secrecy::scrubbed(std::string_view text, model::IpAddress sensor) const -> std::string {
  // Text that was hidden behind a first find shows up in the next round; two are what real recordings need.
  constexpr auto kRounds = 4;
  auto const wanted = Wanted{sensor, own_, names_};
  auto const scrubber = Scrubber{wanted};
  auto clean = std::string{text};
  for (auto round = 0; round < kRounds; ++round) {
    auto next = scrubber.scrub(clean, kMostLayers);
    if (next == clean) break;
    clean = std::move(next);
  }
  return clean;
}

void Secrecy::scrub(model::StoredObservation &seen) const {
  auto const sensor = seen.destination.address;
  for (auto &field : seen.fields)
    if (!field.text.empty()) field.text = scrubbed(field.text, sensor);
  if (!seen.extra.empty()) {
    auto error = json::error_code{};
    auto document = json::parse(seen.extra, error);
    // What is no JSON cannot be cleaned part by part, and never came from our own writers.
    if (error) {
      seen.extra.clear();
    } else {
      scrub_document(document, {sensor, own_, names_}, *this);
      seen.extra = json::serialize(document);
    }
  }
  seen.destination.address = {};
}

}  // namespace noroshi::share
