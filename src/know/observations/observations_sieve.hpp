// Which of the texts that visitors wrote may mean one of some values: told for most without a canonical form, which
// costs a microsecond a text where a day has a hundred thousand.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

#include "model/characters.hpp"
#include "model/observation.hpp"
#include "model/value.hpp"

namespace noroshi::know::observations {

class Sieve {
public:
  void add(model::Value const &value) {
    if (value.type == model::ValueType::domain) hosts_.insert(value.text);
    if (value.type != model::ValueType::url) return;
    auto const host = model::split_url(value.text).host;
    hosts_.insert(std::string{host.substr(0, host.find(':'))});
  }

  /// False where no value that was added is in names_in(field, text).
  [[nodiscard]] auto may_mean(model::Field field, std::string_view text) const -> bool {
    auto host = text;
    if (field == model::Field::url) {
      // What stands before it may be a host with a port, too: "192.0.2.7://x".
      auto const colon = text.find("://");
      if (colon == std::string_view::npos || !std::ranges::all_of(text.substr(0, colon), is_letter)) return true;
      host = text.substr(colon + 3);
      host = host.substr(0, host.find_first_of("/?#"));
    } else if (field != model::Field::host && field != model::Field::sni) {
      return true;
    }
    if (auto const port = host.find(':'); port != std::string_view::npos) host = host.substr(0, port);
    // Anything that a canonical form might change is left to it: escapes, defanged dots, other alphabets, numbers.
    if (host.empty() || host.ends_with('.') || !std::ranges::all_of(host, is_plain)) return true;
    if (!std::ranges::any_of(host, is_no_digit_of_an_address)) return true;
    auto const name = model::lower(host);
    return name.contains("xn--") || hosts_.contains(name);
  }

private:
  static auto is_letter(char c) -> bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static auto is_plain(char c) -> bool { return is_letter(c) || model::is_digit(c) || c == '.' || c == '-'; }
  /// Addresses are written with decimal and hexadecimal digits and "0x".
  static auto is_no_digit_of_an_address(char c) -> bool {
    return (c >= 'g' && c <= 'z' && c != 'x') || (c >= 'G' && c <= 'Z' && c != 'X');
  }
  std::unordered_set<std::string> hosts_;
};

}  // namespace noroshi::know::observations
