#include "apps/noroshi/values_input.hpp"

#include <cerrno>
#include <fstream>
#include <iostream>

#include "base/error.hpp"

namespace noroshi::apps {
namespace {

auto trimmed(std::string const &line) -> std::string {
  auto const first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos || line[first] == '#') return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

auto each_values(std::vector<std::string> const &given, std::string const &file, std::size_t at_once,
                 std::function<Result<void>(std::vector<std::string> const &)> const &take) -> Result<void> {
  auto values = std::vector<std::string>{};
  auto const add = [&](std::string value) -> Result<void> {
    values.push_back(std::move(value));
    if (values.size() < at_once) return ok;
    TRY_VOID(take(values));
    values.clear();
    return ok;
  };
  for (auto const &value : given) TRY_VOID(add(value));
  auto opened = std::ifstream{};
  if (!file.empty() && file != "-") {
    opened.open(file);
    if (!opened) return system_error(errno, "reading " + file);
  }
  auto line = std::string{};
  auto &source = file == "-" ? std::cin : static_cast<std::istream &>(opened);
  while (!file.empty() && std::getline(source, line)) {
    if (auto value = trimmed(line); !value.empty()) TRY_VOID(add(std::move(value)));
  }
  if (!file.empty() && source.bad()) return system_error(errno, "reading " + file);
  return values.empty() ? Result<void>{ok} : take(values);
}

}  // namespace noroshi::apps
