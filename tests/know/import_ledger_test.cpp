#include "know/import_ledger.hpp"

#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

namespace noroshi::know {
namespace {

using Lines = std::vector<std::uint64_t>;
constexpr auto kOne = model::SensorId{1};
constexpr auto kTwo = model::SensorId{2};

auto sorted(Result<Lines> lines) -> Lines {
  REQUIRE(lines);
  std::ranges::sort(*lines);
  return *lines;
}

}  // namespace

TEST_CASE("a ledger keeps lines by sensor and slot, and its key, over a restart") {
  auto const folder = test::TemporaryFolder{};
  auto key = std::array<std::uint8_t, 16>{};
  {
    auto const ledger = *open_import_ledger(folder / "imports.sqlite");
    key = ledger->key();
    CHECK(key != std::array<std::uint8_t, 16>{});
    auto const parts = std::vector<model::LedgerPart>{{kOne, 1, 7, {3, 1}}, {kOne, 1, 8, {9}}, {kTwo, 1, 7, {5}}};
    REQUIRE(ledger->write(parts));
    auto const more = std::vector<model::LedgerPart>{{kOne, 2, 7, {~std::uint64_t{0}}}};
    REQUIRE(ledger->write(more));
  }
  auto const ledger = *open_import_ledger(folder / "imports.sqlite");
  CHECK(ledger->key() == key);
  CHECK(sorted(ledger->load(kOne, 7)) == Lines{1, 3, ~std::uint64_t{0}});
  CHECK(sorted(ledger->load(kOne, 8)) == Lines{9});
  CHECK(sorted(ledger->load(kTwo, 8)).empty());
  CHECK(ledger->sensors()->size() == 2);
}

TEST_CASE("a copy is whole, for its owner alone, and never written over another file") {
  auto const folder = test::TemporaryFolder{};
  auto const ledger = *open_import_ledger(folder / "imports.sqlite");
  auto const parts = std::vector<model::LedgerPart>{{kOne, 1, 7, {3, 1}}};
  REQUIRE(ledger->write(parts));
  REQUIRE(ledger->copy_to(folder / "copy.sqlite"));
  auto const mode = std::filesystem::status(folder / "copy.sqlite").permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(sorted((*open_import_ledger(folder / "copy.sqlite"))->load(kOne, 7)) == Lines{1, 3});
  CHECK_FALSE(ledger->copy_to(folder / "copy.sqlite"));
}

TEST_CASE("forgetting takes the batches beyond a sequence, of that sensor alone, and only those") {
  auto const folder = test::TemporaryFolder{};
  auto const ledger = *open_import_ledger(folder / "imports.sqlite");
  auto const parts = std::vector<model::LedgerPart>{{kOne, 1, 7, {1}}, {kOne, 2, 7, {2}}, {kTwo, 2, 7, {3}}};
  REQUIRE(ledger->write(parts));
  REQUIRE(ledger->forget_after(kOne, 2));
  CHECK(sorted(ledger->load(kOne, 7)) == Lines{1, 2});
  REQUIRE(ledger->forget_after(kOne, 1));
  CHECK(sorted(ledger->load(kOne, 7)) == Lines{1});
  CHECK(sorted(ledger->load(kTwo, 7)) == Lines{3});
  auto const again = std::vector<model::LedgerPart>{{kOne, 2, 7, {4}}};
  REQUIRE(ledger->write(again));
  CHECK(sorted(ledger->load(kOne, 7)) == Lines{1, 4});
}

}  // namespace noroshi::know
