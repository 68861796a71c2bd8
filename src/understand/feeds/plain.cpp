// A plain list: one value a line, of any type or mixed.
#include <algorithm>

#include "understand/feeds/lines.hpp"

namespace noroshi::understand::feeds {

namespace {

// So many lines are looked at, and nine tenths of them must be values.
constexpr auto kLooked = std::size_t{50};

class Plain final : public LineFeed {
public:
  [[nodiscard]] auto about() const -> std::string_view override {
    return "one value a line, of any type; # and ; begin comments, *.NAME and .NAME mean all names below";
  }

  [[nodiscard]] auto recognises(FeedSample const &sample) const -> bool override {
    auto const lines = sample_lines(sample, kLooked);
    auto const good = std::ranges::count_if(
        lines, [](auto line) { return model::parse_value(wildcard(without_remark(line, "#;")).name).has_value(); });
    return !lines.empty() && static_cast<std::size_t>(good) * 10 >= lines.size() * 9;
  }

protected:
  void read_line(std::string_view line, FeedSink &to) override {
    if (line.front() == '#' || line.front() == ';' || line.starts_with("//")) return to.comment();
    auto const [name, scope] = wildcard(without_remark(line, "#;"));
    to.value({.text = name, .scope = scope});
  }
};

Registered<FeedFormat, Plain> const plain{"plain"};

}  // namespace
}  // namespace noroshi::understand::feeds
