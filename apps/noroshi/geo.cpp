// noroshi geo: makes the file of networks that `where.asn_file` reads.
#include <CLI/CLI.hpp>

#include "apps/noroshi/command.hpp"
#include "apps/noroshi/output.hpp"
#include "base/file.hpp"
#include "codec/range_file.hpp"

namespace noroshi::apps {

namespace {

// Today's table of the whole internet is 35 MB of text.
constexpr auto kMaxCsvBytes = std::uint64_t{1} << 30;

class Geo final : public Command {
public:
  [[nodiscard]] auto summary() const -> std::string_view override {
    return "make the file that tells an address's network";
  }
  [[nodiscard]] auto forms() const -> std::string_view override {
    return "noroshi geo convert CSV… --out FILE [--source NAME] [--date DAY]\n\n"
           "CSV is what the npm package @ip-location-db/asn holds: first address, last address, AS number, name.\n"
           "The file is replaced as a whole; a node that runs takes the new one within a minute.\n\n"
           "Example:\n"
           "  noroshi geo convert asn-ipv4.csv asn-ipv6.csv --out /etc/noroshi/asn.ranges --date 2026-06-17";
  }
  void set_up(CLI::App &app) override {
    app.require_subcommand(1);
    auto *const convert = app.add_subcommand("convert", "from CSV");
    convert->add_option("CSV", inputs_, "of both families, in any order")->required();
    convert->add_option("--out", output_, "the file to make")->required();
    convert->add_option("--source", source_, "whom claims are attributed to")->capture_default_str();
    convert->add_option("--date", date_, "the data's own day; default: today");
  }

  auto run(Global const &) -> Result<Exit> override {
    if (date_.empty()) date_ = to_string(day_of(system_clock().now()));
    TRY_VOID(parse_day(date_));
    auto ranges = std::vector<codec::NamedRange>{};
    for (auto const &input : inputs_) {
      TRY(auto const csv, read_file(input, kMaxCsvBytes));
      auto read = codec::read_asn_csv(csv);
      if (!read) return at(input, std::move(read).error());
      std::ranges::move(*read, std::back_inserter(ranges));
    }
    auto const file = codec::write_range_file(ranges, source_, date_);
    constexpr auto kForAll = mode_t{0644};  // public data, read by whoever runs the node
    TRY_VOID(write_file_durably(output_, file, kForAll));
    print(fmt::format("{}: {} ranges, {} bytes\n", output_, ranges.size(), file.size()));
    return Exit::done;
  }

private:
  std::vector<std::string> inputs_;
  std::string output_, source_ = "ip-location-db asn", date_;
};

}  // namespace

Registered<Command, Geo> const geo{"geo"};

}  // namespace noroshi::apps
