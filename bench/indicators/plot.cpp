#include "bench/indicators/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.hpp"

namespace noroshi::bench {

namespace {

constexpr auto kWidth = 980.0, kHeight = 520.0;
constexpr auto kLeft = 80.0, kRight = 310.0, kTop = 60.0, kBottom = 60.0;
constexpr auto kLabelHeight = 14.0;
constexpr auto kColours =
    std::array{"#0b6e4f", "#1f5fa8", "#7b3fa0", "#c2410c", "#a16207", "#be185d", "#555555", "#888888", "#0891b2"};

/// Whole powers of ten around what is drawn.
struct Axis {
  double least, most, from, to;
  [[nodiscard]] auto at(double value) const -> double {
    return from + (std::log10(value) - least) / (most - least) * (to - from);
  }
};

auto axis(std::vector<Series> const &all, double Series::Point::*part, double from, double to) -> Axis {
  auto least = 1e300, most = 1e-300;
  for (auto const &series : all)
    for (auto const &point : series.points) {
      least = std::min(least, point.*part);
      most = std::max(most, point.*part);
    }
  if (least > most) least = most = 1;
  auto made = Axis{std::floor(std::log10(least)), std::ceil(std::log10(most)), from, to};
  if (made.most <= made.least) made.most = made.least + 1;
  return made;
}

auto amount(double power) -> std::string {
  if (power >= 6) return fmt::format("{:.0f} million", std::pow(10, power - 6));
  if (power >= 3) return fmt::format("{:.0f},000", std::pow(10, power - 3));
  return fmt::format("{:.0f}", std::pow(10, power));
}
auto duration(double power) -> std::string {
  return power >= 3 ? fmt::format("{:.0f} µs", std::pow(10, power - 3)) : fmt::format("{:.0f} ns", std::pow(10, power));
}

auto grid(Axis const &x, Axis const &y) -> std::string {
  auto drawn = std::string{};
  for (auto power = x.least; power <= x.most; ++power) {
    auto const at = x.at(std::pow(10, power));
    drawn += fmt::format(R"(<line class="grid" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)", at, y.to, y.from);
    drawn +=
        fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", at, y.from + 20, amount(power));
  }
  for (auto power = y.least; power <= y.most; ++power) {
    auto const at = y.at(std::pow(10, power));
    drawn += fmt::format(R"(<line class="grid" x1="{1}" y1="{0:.1f}" x2="{2}" y2="{0:.1f}"/>)", at, x.from, x.to);
    drawn +=
        fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", x.from - 8, at + 4, duration(power));
  }
  return drawn;
}

}  // namespace

auto draw(std::string const &path, std::vector<Series> const &all) -> Result<void> {
  auto const x = axis(all, &Series::Point::indicators, kLeft, kWidth - kRight);
  auto const y = axis(all, &Series::Point::nanoseconds, kHeight - kBottom, kTop);
  auto drawn = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">\n"
      "<style>text{{font:12px sans-serif;fill:#222}}.grid{{stroke:#ddd}}polyline{{fill:none;stroke-width:2}}</style>\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n"
      "<text x=\"{2}\" y=\"28\" style=\"font-size:15px\">Cost of one of a million look-ups, by indicators in the store"
      "</text>\n"
      "<text x=\"{2}\" y=\"44\">Noroshi: processor time of one core. Peers: wall time, half of the values "
      "known</text>\n",
      kWidth, kHeight, kLeft);
  drawn += grid(x, y);
  struct Label {
    double y;
    std::size_t series;
  };
  auto labels = std::vector<Label>{};
  for (auto i = std::size_t{0}; i < all.size(); ++i) {
    auto const *const colour = kColours[i % kColours.size()];
    auto points = std::string{};
    for (auto const &[indicators, nanoseconds] : all[i].points) {
      points += fmt::format("{:.1f},{:.1f} ", x.at(indicators), y.at(nanoseconds));
      drawn += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="{}"/>)", x.at(indicators),
                           y.at(nanoseconds), colour);
    }
    drawn += fmt::format("<polyline points=\"{}\" stroke=\"{}\"/>\n", points, colour);
    if (!all[i].points.empty()) labels.push_back({y.at(all[i].points.back().nanoseconds) + 4, i});
  }
  // Names stand at the ends of their lines; where two would meet, the lower one moves down.
  std::ranges::sort(labels, {}, &Label::y);
  for (auto i = std::size_t{0}; i < labels.size(); ++i) {
    if (i > 0) labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLabelHeight);
    auto const &series = all[labels[i].series];
    auto const &last = series.points.back();
    auto const power = std::log10(last.indicators);
    auto const where = power < x.most ? " at " + amount(power) : std::string{};
    drawn +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" style=\"fill:{}\">{}, {:.0f} ns{}</text>\n", x.to + 10,
                    labels[i].y, kColours[labels[i].series % kColours.size()], series.name, last.nanoseconds, where);
  }
  return write_file_durably(path, drawn + "</svg>\n", 0644);
}

}  // namespace noroshi::bench
