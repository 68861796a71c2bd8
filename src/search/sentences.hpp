// Reasons are a code and parameters; the sentence that a person reads comes from packs/text/<language>.toml.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace noroshi::search {

struct Reason {
  std::string code;  // stable, "observed_once"
  std::vector<std::pair<std::string, std::string>> parameters;
};

/// The sentences of every language. Immutable once loaded, so thread-safe.
class Sentences {
public:
  /// No language at all: text() falls back to code and parameters.
  Sentences() = default;

  /// Reads every <language>.toml in `folder`. English must be there; a language that lacks one of its codes, or knows
  /// one more, is an error that names file and code.
  static auto load(std::string const &folder) -> Result<Sentences>;

  /// The sentence of a reason. An unknown language falls back to English.
  /// "{name}" stands for a parameter; "{when}" for the parameter `days` in words ("today", "3 days ago");
  /// "{kind}" for what the parameter `kind` is called ("a Tor exit"); "{list:roles}" for what each of the parameter's
  /// words, separated by commas, is called ("scan sources, relays").
  [[nodiscard]] auto text(std::string_view language, Reason const &reason) const -> std::string;

  /// The best of our languages for an Accept-Language header (RFC 9110 section 12.5.4); "en" where none fits.
  [[nodiscard]] auto choose(std::string_view accept_language) const -> std::string;

private:
  [[nodiscard]] auto words(std::string_view language, std::string_view name, std::string_view codes) const
      -> std::string;
  using Texts = std::map<std::string, std::string, std::less<>>;
  [[nodiscard]] auto find(std::string_view language, std::string_view code) const -> std::string const *;
  std::map<std::string, Texts, std::less<>> languages_;
};

}  // namespace noroshi::search
