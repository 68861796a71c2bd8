// Lists and CSV of addresses: what is read is in order, of one family a range, and nowhere wider than allowed.
#include <cstdint>
#include <cstdlib>

#include "codec/range_file.hpp"
#include "codec/range_index.hpp"
#include "codec/value_list.hpp"

extern "C" auto LLVMFuzzerTestOneInput(std::uint8_t const *data, std::size_t size) -> int {
  using namespace noroshi::codec;
  auto const bytes = std::string_view{reinterpret_cast<char const *>(data), size};
  if (auto const list = parse_value_list(bytes)) {
    auto all = std::vector<std::pair<AddressRange, std::uint32_t>>{};
    for (auto const &range : list->ranges) {
      if (range.last < range.first || range.first.is_v4() != range.last.is_v4()) std::abort();
      if (!all.empty() && range.first <= all.back().first.last) std::abort();
      all.emplace_back(range, 0);
    }
    auto const index = RangeIndex::build(all);
    for (auto const &[range, number] : all)
      if (index.find(range.first).size() != 1 || index.find(range.last).size() != 1) std::abort();
    for (auto const &value : list->values)
      if (noroshi::model::parse_value(value.text).value_or(noroshi::model::Value{}) != value) std::abort();
  }
  if (auto const ranges = read_asn_csv(bytes)) {
    auto const file = write_range_file(*ranges, "fuzz", "2026-11-21");
    auto const opened = RangeFile::open(file);
    if (!opened) std::abort();
    for (auto const &range : *ranges) (void)opened->find(range.range.last);
  }
  (void)RangeFile::open(bytes);
  return 0;
}
