#include "apps/noroshi/given_id.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"

namespace noroshi::apps {

namespace {

constexpr auto kMostDigits = std::size_t{18};  // fits an std::int64_t
constexpr auto kMaxQuoted = std::size_t{40};

}  // namespace

void add_id(CLI::App &app, std::int64_t &id, std::string_view list) {
  auto const check = [list = std::string{list}](std::string const &text) -> std::string {
    auto const is_number =
        !text.empty() && text.size() <= kMostDigits && text.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? std::string{}
                     : fmt::format("it is the number that `{}` shows, not \"{}\"", list,
                                   printable(std::string_view{text}.substr(0, kMaxQuoted)));
  };
  app.add_option("ID", id, fmt::format("the number that `{}` shows", list))
      ->required()
      ->check(CLI::Validator{check, "", "number"});
}

}  // namespace noroshi::apps
