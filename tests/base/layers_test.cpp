// Keeps the total order of modules, and the size of files, by reading the source tree.
#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/file.hpp"

namespace {

namespace fs = std::filesystem;

/// A module may include itself and what stands before it. sense stands apart: see may_include().
constexpr auto kOrder = std::array<std::string_view, 11>{"base",  "model",    "codec",  "net", "know", "understand",
                                                         "share", "alliance", "search", "act", "serve"};
constexpr auto kBelowSense = std::array<std::string_view, 5>{"base", "model", "codec", "net", "sense"};

// House rules: past these sizes a second idea hides in the file.
constexpr auto kMaxSourceLines = 500;
constexpr auto kMaxHeaderLines = 160;
constexpr auto kMaxFileBytes = std::uint64_t{4} << 20;

/// A library whose headers only the modules named may include.
struct Fence {
  std::string_view header;
  std::vector<std::string_view> modules;
};
auto fences() -> std::vector<Fence> {
  return {{"boost/asio", {"net", "sense"}},
          {"boost/beast", {"net", "sense"}},
          {"duckdb", {"know"}},
          {"sqlite3", {"know"}},
          {"toml++", {"base", "understand", "search", "sense"}},
          {"spdlog", {"base"}}};
}

template <std::size_t kCount>
auto place_in(std::array<std::string_view, kCount> const &modules, std::string_view module)
    -> std::optional<std::size_t> {
  auto const found = std::ranges::find(modules, module);
  if (found == modules.end()) return std::nullopt;
  return static_cast<std::size_t>(found - modules.begin());
}

auto may_include(std::string_view from, std::string_view to) -> bool {
  auto const to_place = place_in(kOrder, to);
  if (from == "apps") return to == "apps" || to == "sense" || to_place;
  if (from == "sense") return place_in(kBelowSense, to).has_value();
  auto const from_place = place_in(kOrder, from);
  return from_place && to_place && *to_place <= *from_place;
}

/// The name between the quotes or angle brackets of an #include line, or nothing.
auto included(std::string_view line, char open, char close) -> std::string_view {
  auto const start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos || line[start] != '#') return {};
  line.remove_prefix(start + 1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (!line.starts_with("include")) return {};
  auto const first = line.find(open);
  auto const last = line.find(close, first == std::string_view::npos ? first : first + 1);
  return last == std::string_view::npos ? std::string_view{} : line.substr(first + 1, last - first - 1);
}

/// What is wrong with one file of `module` ("apps" for everything below apps/), a sentence each.
auto complaints(std::string_view module, std::string_view path, std::string_view text) -> std::vector<std::string> {
  auto found = std::vector<std::string>{};
  auto lines = 0;
  while (!text.empty()) {
    auto const line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ++lines;
    auto const own = included(line, '"', '"');
    // A file beside the including one has no folder in its name; sense and apps use their own folders so.
    auto const target = own.substr(0, own.find('/'));
    if (!own.empty() && !(own.find('/') == std::string_view::npos) && !may_include(module, target))
      found.push_back(fmt::format("{}:{}: {} may not include {}", path, lines, module, own));
    auto const system = included(line, '<', '>');
    for (auto const &fence : fences())
      if ((system.starts_with(fence.header) || own.starts_with(fence.header)) &&
          std::ranges::count(fence.modules, module) == 0)
        found.push_back(fmt::format("{}:{}: {} may not include {}", path, lines, module, fence.header));
  }
  auto const limit = path.ends_with(".hpp") ? kMaxHeaderLines : kMaxSourceLines;
  if (lines > limit) found.push_back(fmt::format("{}: {} lines, {} at most", path, lines, limit));
  return found;
}

/// All complaints about the tree below `root`, which has src/ and apps/.
auto complaints_in(fs::path const &root) -> std::vector<std::string> {
  auto found = std::vector<std::string>{};
  auto const look_at = [&](std::string_view module, fs::path const &folder) {
    for (auto const &entry : fs::recursive_directory_iterator{folder}) {
      auto const name = entry.path().string();
      if (!entry.is_regular_file() || !(name.ends_with(".cpp") || name.ends_with(".hpp"))) continue;
      auto const text = noroshi::read_file(name, kMaxFileBytes);
      if (!text) found.push_back(text.error().sentence);
      for (auto &complaint : complaints(module, fs::relative(name, root).string(), text.value_or(std::string{})))
        found.push_back(std::move(complaint));
    }
  };
  for (auto const &entry : fs::directory_iterator{root / "src"}) {
    auto const module = entry.path().filename().string();
    if (!place_in(kOrder, module) && module != "sense")
      found.push_back(fmt::format("src/{}: the order of modules does not name it", module));
    else
      look_at(module, entry.path());
  }
  look_at("apps", root / "apps");
  return found;
}

}  // namespace

TEST_CASE("every module includes only what stands before it, and files keep their size") {
  auto const found = complaints_in(NOROSHI_SOURCE_DIR);
  auto list = std::string{};
  for (auto const &complaint : found) list += complaint + "\n";
  INFO(list);
  CHECK(found.empty());
}

TEST_CASE("an arrow against the order is found") {
  auto const wrong = [](std::string_view module, std::string_view line) {
    return complaints(module, "file.cpp", line).size() == 1;
  };
  CHECK(wrong("model", "#include \"search/question.hpp\""));
  CHECK(wrong("base", "#include \"model/ip.hpp\"\n"));
  CHECK(wrong("sense", "#  include \"know/store.hpp\""));
  CHECK(wrong("serve", "\t#include \"sense/visit.hpp\""));
  CHECK(wrong("know", "#include \"tests/support/folder.hpp\""));
  CHECK(wrong("serve", "#include <boost/asio/io_context.hpp>"));
  CHECK(wrong("apps", "#include <boost/beast/http.hpp>"));
  CHECK(wrong("search", "#include <duckdb.h>"));
  CHECK(wrong("serve", "#include \"sqlite3.h\""));
  CHECK(wrong("model", "#include <spdlog/spdlog.h>"));
}

TEST_CASE("arrows along the order are fine") {
  auto const fine = [](std::string_view module, std::string_view line) {
    return complaints(module, "file.cpp", line).empty();
  };
  CHECK(fine("model", "#include \"base/time.hpp\""));
  CHECK(fine("model", "#include \"model/ip.hpp\""));
  CHECK(fine("act", "#include \"search/question.hpp\""));
  CHECK(fine("sense", "#include \"net/tls.hpp\""));
  CHECK(fine("sense", "#include <boost/asio/ip/tcp.hpp>"));
  CHECK(fine("know", "#include <sqlite3.h>"));
  CHECK(fine("apps", "#include \"sense/listener.hpp\""));
  CHECK(fine("apps", "#include \"command.hpp\""));
  CHECK(fine("model", "// #include \"search/question.hpp\""));
}

TEST_CASE("a file past its size is found") {
  CHECK(complaints("base", "a.cpp", std::string(500, '\n')).empty());
  CHECK(complaints("base", "a.cpp", std::string(501, '\n')) ==
        std::vector<std::string>{"a.cpp: 501 lines, 500 at most"});
  CHECK(complaints("base", "a.hpp", std::string(161, '\n')) ==
        std::vector<std::string>{"a.hpp: 161 lines, 160 at most"});
}
