// hosts(5) files that block names by giving them an address where nobody answers.
#include <algorithm>
#include <array>

#include "model/ip.hpp"
#include "understand/feeds/lines.hpp"

namespace noroshi::understand::feeds {

namespace {

constexpr auto kLooked = std::size_t{50};

// What every hosts file begins with.
constexpr auto kOwnNames = std::to_array<std::string_view>(
    {"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet",
     "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"});

/// The next word of the line, which begins with none where there is no more.
auto next_word(std::string_view &line) -> std::string_view {
  line = trimmed(line);
  auto const word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

auto is_own_name(std::string_view name) -> bool { return std::ranges::find(kOwnNames, name) != kOwnNames.end(); }

auto is_sink(std::string_view address) -> bool {
  return address == "0.0.0.0" || address.starts_with("127.") || address == "::" || address == "::1" || address == "0";
}

class Hosts final : public LineFeed {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "hosts files (0.0.0.0 NAME…): the names, with all below them";
  }

  [[nodiscard]] auto recognises(FeedSample const &sample) const -> bool override {
    auto const lines = sample_lines(sample, kLooked);
    return !lines.empty() && std::ranges::all_of(lines, [](auto line) {
      auto const first = next_word(line);
      auto const second = next_word(line);
      return !second.empty() && (is_sink(first) || is_own_name(second));
    });
  }

protected:
  void read_line(std::string_view line, FeedSink &to) override {
    if (line.front() == '#') return to.comment();
    auto rest = line.substr(0, line.find('#'));
    auto const address = next_word(rest);
    auto name = next_word(rest);
    if (name.empty()) return to.refuse("no name behind the address", line);
    for (; !name.empty(); name = next_word(rest)) {
      if (is_own_name(name))
        to.leave_out("a name of the machine itself", name);
      else if (!is_sink(address))
        to.refuse("an address that answers", line, "only names at 0.0.0.0, 127.…, :: or ::1 are blocked ones");
      else
        to.value({.text = name, .type = model::ValueType::domain, .scope = model::Scope::subtree});
    }
  }
};

Registered<FeedFormat, Hosts> const hosts{"hosts"};

}  // namespace
}  // namespace noroshi::understand::feeds
