#include "know/line_filter.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "know/instructions.hpp"

namespace noroshi::know {

namespace {

constexpr auto kMagic = std::string_view{"NRLINES1"};
constexpr auto kHeader = sizeof(FilterLine);
// With 20 of 32 slots used on average, a run of even two full lines is rare; past eight the filter is badly overfull.
constexpr auto kMaxSpill = std::size_t{8};
constexpr auto kFirstSize = std::uint64_t{50'000};
// 2^32 lines are 256 GB; the line number is drawn from 32 bits of the hash.
constexpr auto kMaxLines = std::uint64_t{1} << 32;

auto fingerprint_of(std::uint64_t hash) -> std::uint16_t {
  auto const fingerprint = static_cast<std::uint16_t>(hash);
  return fingerprint == 0 ? std::uint16_t{1} : fingerprint;
}

struct Probe {
  bool found = false;
  bool free = false;
};
/// No early exit: the compiler compares the whole line with a few vector instructions.
auto probe(FilterLine const &line, std::uint16_t fingerprint) -> Probe {
  auto found = 0U;
  auto free = 0U;
  for (auto const slot : line.slots) {
    found |= static_cast<unsigned>(slot == fingerprint);
    free |= static_cast<unsigned>(slot == 0);
  }
  return {found != 0, free != 0};
}

auto header(std::uint64_t lines, std::uint64_t entries, bool saturated) -> std::string {
  auto text = std::string{kMagic};
  append_le(text, lines);
  append_le(text, entries);
  append_le(text, std::uint64_t{saturated});
  append_le(text, std::uint64_t{::XXH3_64bits(text.data(), text.size())});
  text.resize(kHeader);
  return text;
}

}  // namespace

auto FilterKey::hash(std::string_view text) const -> std::uint64_t {
  auto out = std::array<unsigned char, crypto_shorthash_BYTES>{};
  crypto_shorthash(out.data(), reinterpret_cast<unsigned char const *>(text.data()), text.size(), bytes.data());
  return load_le<std::uint64_t>(reinterpret_cast<char const *>(out.data()));
}

auto may_contain(std::span<FilterLine const> lines, std::uint64_t hash) -> bool {
  auto at = filter_line(hash, lines.size());
  for (auto spill = std::size_t{0}; spill < kMaxSpill; ++spill) {
    auto const [found, free] = probe(lines[at], fingerprint_of(hash));
    if (found) return true;
    if (free) return false;
    at = at + 1 == lines.size() ? 0 : at + 1;
  }
  return false;
}

namespace {

void find_scalar(std::span<FilterLine const> lines, std::span<std::uint64_t const> hashes,
                 std::vector<std::uint32_t> &to) {
  for (auto i = std::uint32_t{0}; i < hashes.size(); ++i)
    if (may_contain(lines, hashes[i])) to.push_back(i);
}

#if defined(__x86_64__)
// A line that has no room goes on in the next one: rare enough for the general function.
[[gnu::target("avx2")]] void find_avx2(std::span<FilterLine const> lines, std::span<std::uint64_t const> hashes,
                                       std::vector<std::uint32_t> &to) {
  auto const zero = _mm256_setzero_si256();
  for (auto i = std::uint32_t{0}; i < hashes.size(); ++i) {
    auto const *const line = reinterpret_cast<__m256i const *>(&lines[filter_line(hashes[i], lines.size())]);
    auto const wanted = _mm256_set1_epi16(static_cast<short>(fingerprint_of(hashes[i])));
    auto const a = _mm256_loadu_si256(line);
    auto const b = _mm256_loadu_si256(line + 1);
    auto const found = _mm256_or_si256(_mm256_cmpeq_epi16(a, wanted), _mm256_cmpeq_epi16(b, wanted));
    auto const free = _mm256_or_si256(_mm256_cmpeq_epi16(a, zero), _mm256_cmpeq_epi16(b, zero));
    if (_mm256_testz_si256(found, found) == 0 || (_mm256_testz_si256(free, free) != 0 && may_contain(lines, hashes[i])))
      to.push_back(i);
  }
}

[[gnu::target("avx512f,avx512bw")]] void find_avx512(std::span<FilterLine const> lines,
                                                     std::span<std::uint64_t const> hashes,
                                                     std::vector<std::uint32_t> &to) {
  for (auto i = std::uint32_t{0}; i < hashes.size(); ++i) {
    auto const line = _mm512_loadu_si512(&lines[filter_line(hashes[i], lines.size())]);
    auto const wanted = _mm512_set1_epi16(static_cast<short>(fingerprint_of(hashes[i])));
    if (_mm512_cmpeq_epi16_mask(line, wanted) != 0 ||
        (_mm512_testn_epi16_mask(line, line) == 0 && may_contain(lines, hashes[i])))
      to.push_back(i);
  }
}
#endif

}  // namespace

void find_candidates(std::span<FilterLine const> lines, std::span<std::uint64_t const> hashes,
                     std::vector<std::uint32_t> &to) {
#if defined(__x86_64__)
  switch (instructions()) {
    case Instructions::avx512: return find_avx512(lines, hashes, to);
    case Instructions::avx2: return find_avx2(lines, hashes, to);
    case Instructions::scalar: break;
  }
#endif
  find_scalar(lines, hashes, to);
}

LineFilter::LineFilter(std::uint64_t entries) : lines_(std::min(entries / kEntriesPerLine + 1, kMaxLines)) {}

void LineFilter::insert(std::uint64_t hash) {
  auto const fingerprint = fingerprint_of(hash);
  auto at = filter_line(hash, lines_.size());
  for (auto spill = std::size_t{0}; spill < kMaxSpill; ++spill) {
    auto const [found, free] = probe(lines_[at], fingerprint);
    if (found) return;
    if (free) {
      *std::ranges::find(lines_[at].slots, std::uint16_t{0}) = fingerprint;
      ++entries_;
      return;
    }
    at = at + 1 == lines_.size() ? 0 : at + 1;
  }
  saturated_ = true;
}

auto LineFilter::write(std::string const &path) const -> Result<void> {
  auto const temporary = path + ".tmp";
  TRY(auto file, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  TRY_VOID(write_all(file, header(lines_.size(), entries_, saturated_), temporary));
  auto const bytes =
      std::string_view{reinterpret_cast<char const *>(lines_.data()), lines_.size() * sizeof(FilterLine)};
  TRY_VOID(write_all(file, bytes, temporary));
  if (::fsync(file.get()) != 0) return file_error(errno, "writing", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error(errno, "renaming", temporary);
  return sync_folder(path.substr(0, path.find_last_of('/')));
}

void GrowingFilter::insert(std::uint64_t hash) {
  if (may_contain(hash)) return;
  if (filters_.empty() || filters_.back().full()) filters_.emplace_back(kFirstSize << filters_.size());
  filters_.back().insert(hash);
}

auto GrowingFilter::may_contain(std::uint64_t hash) const -> bool {
  return std::ranges::any_of(filters_, [&](LineFilter const &filter) { return filter.may_contain(hash); });
}

auto FilterFile::open(std::string const &path) -> Result<std::unique_ptr<FilterFile>> {
  TRY(auto descriptor, open_file(path, O_RDONLY));
  struct stat state{};
  if (::fstat(descriptor.get(), &state) != 0) return file_error(errno, "reading", path);
  auto file = std::unique_ptr<FilterFile>{new FilterFile};
  file->bytes_ = static_cast<std::size_t>(state.st_size);
  auto const broken = [&] {
    return fail(ErrorCode::malformed, "{} is not a whole filter; delete it and it is built again", path);
  };
  if (file->bytes_ <= kHeader) return broken();
  auto *const mapping = ::mmap(nullptr, file->bytes_, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (mapping == MAP_FAILED) return file_error(errno, "mapping", path);
  file->mapping_ = mapping;
  auto const *const bytes = static_cast<char const *>(mapping);
  auto const lines = load_le<std::uint64_t>(bytes + 8);
  file->saturated_ = load_le<std::uint64_t>(bytes + 24) != 0;
  if (header(lines, load_le<std::uint64_t>(bytes + 16), file->saturated_) != std::string_view{bytes, kHeader})
    return broken();
  if (lines > kMaxLines || file->bytes_ != kHeader + lines * sizeof(FilterLine)) return broken();
  file->lines_ = {reinterpret_cast<FilterLine const *>(bytes + kHeader), lines};
  return file;
}

FilterFile::~FilterFile() {
  if (mapping_ != nullptr) ::munmap(mapping_, bytes_);
}

}  // namespace noroshi::know
