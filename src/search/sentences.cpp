#include "search/sentences.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <toml++/toml.h>

namespace noroshi::search {
namespace {

constexpr auto kList = std::string_view{"list:"};
constexpr auto kEnglish = std::string_view{"en"};
// More languages than this in one header is nobody's list of preferences.
constexpr auto kMaxPreferences = 32;

auto read_texts(std::string const &path) -> Result<std::map<std::string, std::string, std::less<>>> {
  auto texts = std::map<std::string, std::string, std::less<>>{};
  try {
    auto const table = toml::parse_file(path);
    for (auto const &[code, node] : table) {
      auto const text = node.value<std::string>();
      if (!text) return fail(ErrorCode::malformed, "{}: \"{}\" is not a text", path, code.str());
      texts.emplace(code.str(), *text);
    }
  } catch (toml::parse_error const &error) {
    return fail(ErrorCode::malformed, "{} line {}: {}", path, error.source().begin.line, error.description());
  }
  return texts;
}

auto parameter(Reason const &reason, std::string_view name) -> std::string_view {
  for (auto const &[key, value] : reason.parameters)
    if (key == name) return value;
  return {};
}

auto when_code(std::string_view days) -> std::string_view {
  if (days == "0") return "when_today";
  return days == "1" ? "when_yesterday" : "when_days";
}

/// Splits at `separator`, which is dropped, and trims spaces.
auto next_part(std::string_view &rest, char separator) -> std::string_view {
  auto part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  while (part.starts_with(' ')) part.remove_prefix(1);
  while (part.ends_with(' ')) part.remove_suffix(1);
  return part;
}

auto quality_of(std::string_view parameters) -> double {
  auto quality = 1.0;
  while (!parameters.empty()) {
    auto const part = next_part(parameters, ';');
    if (!part.starts_with("q=")) continue;
    auto const number = part.substr(2);
    if (std::from_chars(number.data(), number.data() + number.size(), quality).ec != std::errc{}) return 0;
  }
  return quality;
}

}  // namespace

auto Sentences::load(std::string const &folder) -> Result<Sentences> {
  auto sentences = Sentences{};
  auto error = std::error_code{};
  for (auto const &entry : std::filesystem::directory_iterator{folder, error}) {
    if (entry.path().extension() != ".toml") continue;
    TRY(auto texts, read_texts(entry.path().string()));
    sentences.languages_.emplace(entry.path().stem().string(), std::move(texts));
  }
  auto const english = sentences.languages_.find(kEnglish);
  if (english == sentences.languages_.end())
    return fail(ErrorCode::not_found,
                "the product's texts are missing: no en.toml in {}; reinstall, or set the packs folder", folder);
  for (auto const &[language, texts] : sentences.languages_) {
    for (auto const &[code, text] : english->second)
      if (!texts.contains(code)) return fail(ErrorCode::malformed, "{}/{}.toml lacks \"{}\"", folder, language, code);
    for (auto const &[code, text] : texts)
      if (!english->second.contains(code))
        return fail(ErrorCode::malformed, "{}/{}.toml has \"{}\", which en.toml does not know", folder, language, code);
  }
  return sentences;
}

auto Sentences::find(std::string_view language, std::string_view code) const -> std::string const * {
  for (auto const tried : {language, kEnglish}) {
    auto const texts = languages_.find(tried);
    if (texts == languages_.end()) continue;
    auto const text = texts->second.find(code);
    if (text != texts->second.end()) return &text->second;
  }
  return nullptr;
}

auto Sentences::words(std::string_view language, std::string_view name, std::string_view codes) const -> std::string {
  auto joined = std::string{};
  while (!codes.empty()) {
    auto const code = next_part(codes, ',');
    if (!joined.empty()) joined += text(language, {"list_separator", {}});
    joined += text(language, {fmt::format("{}_{}", name, code), {}});
  }
  return joined;
}

auto Sentences::text(std::string_view language, Reason const &reason) const -> std::string {
  auto const *const pattern = find(language, reason.code);
  if (pattern == nullptr) {
    auto plain = reason.code;
    for (auto const &[name, value] : reason.parameters) plain += fmt::format(" {}={}", name, value);
    return plain;
  }
  auto sentence = std::string{};
  auto rest = std::string_view{*pattern};
  while (!rest.empty()) {
    auto const brace = rest.find('{');
    sentence += rest.substr(0, brace);
    if (brace == std::string_view::npos) break;
    auto const end = rest.find('}', brace);
    if (end == std::string_view::npos) break;
    auto const name = rest.substr(brace + 1, end - brace - 1);
    if (name == "when") {
      auto const days = parameter(reason, "days");
      sentence += text(language, Reason{std::string{when_code(days)}, {{"days", std::string{days}}}});
    } else if (name.starts_with(kList)) {
      sentence += words(language, name.substr(kList.size()), parameter(reason, name.substr(kList.size())));
    } else if (name == "kind") {
      sentence += text(language, Reason{fmt::format("kind_{}", parameter(reason, "kind")), {}});
    } else {
      sentence += parameter(reason, name);
    }
    rest.remove_prefix(end + 1);
  }
  return sentence;
}

auto Sentences::choose(std::string_view accept_language) const -> std::string {
  auto best = std::string{kEnglish};
  auto best_quality = 0.0;
  for (auto i = 0; i < kMaxPreferences && !accept_language.empty(); ++i) {
    auto parameters = next_part(accept_language, ',');
    auto range = next_part(parameters, ';');
    auto primary = std::string{range.substr(0, range.find('-'))};
    std::ranges::transform(primary, primary.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    auto const quality = quality_of(parameters);
    if (quality > best_quality && languages_.contains(primary)) {
      best = primary;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace noroshi::search
