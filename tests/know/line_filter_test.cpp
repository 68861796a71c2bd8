#include "know/line_filter.hpp"
#include "know/instructions.hpp"

#include <fstream>
#include <random>

#include <doctest/doctest.h>

#include "tests/support/temporary_folder.hpp"

using namespace noroshi;
using namespace noroshi::know;

namespace {

auto key() -> FilterKey {
  auto made = FilterKey{};
  for (auto i = std::size_t{0}; i < made.bytes.size(); ++i) made.bytes[i] = static_cast<unsigned char>(i * 7);
  return made;
}
auto hash_of(std::string_view prefix, std::uint64_t number) -> std::uint64_t {
  return key().hash(std::string{prefix} + std::to_string(number));
}

}  // namespace

TEST_CASE("a filter never denies what was inserted, and is wrong about others less than once in a thousand") {
  constexpr auto kEntries = std::uint64_t{200'000};
  auto filter = LineFilter{kEntries};
  auto growing = GrowingFilter{};
  for (auto i = std::uint64_t{0}; i < kEntries; ++i) {
    filter.insert(hash_of("in", i));
    growing.insert(hash_of("in", i));
  }
  auto missing = std::uint64_t{0}, wrong = std::uint64_t{0}, growing_wrong = std::uint64_t{0};
  for (auto i = std::uint64_t{0}; i < kEntries; ++i) {
    missing +=
        static_cast<std::uint64_t>(!filter.may_contain(hash_of("in", i)) || !growing.may_contain(hash_of("in", i)));
    wrong += static_cast<std::uint64_t>(filter.may_contain(hash_of("out", i)));
    growing_wrong += static_cast<std::uint64_t>(growing.may_contain(hash_of("out", i)));
  }
  CHECK(missing == 0);
  CHECK(wrong < kEntries / 1'000);
  CHECK(growing_wrong < kEntries / 300);  // three filters are asked
  CHECK(wrong > 0);                       // fingerprints have 16 bits: a filter that is never wrong was not asked
}

TEST_CASE("many hashes asked at once get the answers that each gets alone, whatever instructions the processor has") {
  for (auto const entries : {0U, 20U, 3'000U, 100'000U}) {
    auto filter = LineFilter{3'000};  // from empty to overfull
    for (auto i = std::uint64_t{0}; i < entries; ++i) filter.insert(hash_of("in", i));
    auto hashes = std::vector<std::uint64_t>{};
    auto alone = std::vector<std::uint32_t>{};
    for (auto i = std::uint64_t{0}; i < 20'000; ++i) {
      hashes.push_back(hash_of(i % 2 == 0 ? "in" : "out", i / 2));
      if (may_contain(filter.lines(), hashes.back())) alone.push_back(static_cast<std::uint32_t>(i));
    }
    for (auto const wanted : {Instructions::scalar, Instructions::avx2, Instructions::avx512}) {
      use_instructions(wanted);
      CAPTURE(static_cast<int>(instructions()));
      auto together = std::vector<std::uint32_t>{};
      find_candidates(filter.lines(), hashes, together);
      CHECK(together == alone);
    }
    use_instructions(best_instructions());
  }
  if (best_instructions() != Instructions::avx512)
    MESSAGE("SKIPPED: this processor has no AVX-512, so that path was not tested");
}

TEST_CASE("an overfull filter answers perhaps, never a wrong no") {
  auto filter = LineFilter{20};
  for (auto i = std::uint64_t{0}; i < 1'000; ++i) filter.insert(hash_of("in", i));
  for (auto i = std::uint64_t{0}; i < 1'000; ++i) CHECK(filter.may_contain(hash_of("in", i)));
}

TEST_CASE("a written filter answers as it did in memory, and takes at most four bytes an entry") {
  auto const folder = test::TemporaryFolder{};
  auto const path = folder / "day.filter";
  constexpr auto kEntries = std::uint64_t{50'000};
  auto filter = LineFilter{kEntries};
  for (auto i = std::uint64_t{0}; i < kEntries; ++i) filter.insert(hash_of("in", i));
  REQUIRE(filter.write(path));
  CHECK(std::filesystem::file_size(path) < kEntries * 4);
  auto const file = FilterFile::open(path);
  REQUIRE(file);
  auto different = std::uint64_t{0};
  for (auto i = std::uint64_t{0}; i < kEntries; ++i) {
    different += static_cast<std::uint64_t>(!(*file)->may_contain(hash_of("in", i)));
    different +=
        static_cast<std::uint64_t>((*file)->may_contain(hash_of("out", i)) != filter.may_contain(hash_of("out", i)));
  }
  CHECK(different == 0);
}

TEST_CASE("a cut or changed filter file is refused") {
  auto const folder = test::TemporaryFolder{};
  auto const path = folder / "day.filter";
  auto filter = LineFilter{1'000};
  filter.insert(1);
  REQUIRE(filter.write(path));
  auto const refused = [&] {
    auto const file = FilterFile::open(path);
    return !file && file.error().code == ErrorCode::malformed;
  };
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  CHECK(refused());
  REQUIRE(filter.write(path));
  std::fstream{path, std::ios::in | std::ios::out}.seekp(9).put('\x7f');
  CHECK(refused());
  std::filesystem::resize_file(path, 0);
  CHECK(refused());
}

TEST_CASE("a key of another store gives other hashes") {
  CHECK(key().hash("x") != FilterKey{}.hash("x"));
  CHECK(key().hash("x") == key().hash("x"));
}
