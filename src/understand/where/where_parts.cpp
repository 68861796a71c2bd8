#include "understand/where/where_parts.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/text.hpp"
#include "base/time.hpp"

namespace noroshi::understand {

namespace {

constexpr auto kRangeMagic = std::string_view{"NRLRNG01"};
// All ranges of the internet's table are ten megabytes.
constexpr auto kMaxRangeFileBytes = std::uint64_t{1} << 30;

}  // namespace

auto FileMark::of(std::string const &path) -> FileMark {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ino};
}

auto FileMark::date() const -> std::string {
  return size < 0 ? std::string{} : to_string(day_of(Time{std::chrono::seconds{seconds}}));
}

auto MappedRangeFile::open(std::string const &path) -> Result<MappedRangeFile> {
  TRY(auto const descriptor, open_file(path, O_RDONLY));
  struct stat found = {};
  if (::fstat(descriptor.get(), &found) != 0) return file_error(errno, "reading", path);
  auto const size = static_cast<std::uint64_t>(found.st_size);
  if (size == 0 || size > kMaxRangeFileBytes)
    return fail(ErrorCode::malformed, "it is no range file: {} bytes; make it again with: noroshi geo convert", size);
  auto mapped = MappedRangeFile{};
  auto *const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (data == MAP_FAILED) return file_error(errno, "mapping", path);
  mapped.data_ = data;
  mapped.size_ = size;
  TRY(mapped.file_, codec::RangeFile::open({static_cast<char const *>(data), size}));
  return mapped;
}

MappedRangeFile::~MappedRangeFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

auto PlaceFile::open(std::string const &path) -> Result<PlaceFile> {
  auto place = PlaceFile{};
  auto start = std::string(kRangeMagic.size(), '\0');
  TRY(auto const descriptor, open_file(path, O_RDONLY));
  auto const got = ::pread(descriptor.get(), start.data(), start.size(), 0);
  if (got < 0) return file_error(errno, "reading", path);
  place.name = std::filesystem::path{path}.stem().string();
  if (start == kRangeMagic || path.ends_with(".ranges")) {
    TRY(auto ranges, MappedRangeFile::open(path));
    place.ranges.emplace(std::move(ranges));
    place.date = printable(place.ranges->file().date());
    place.entries = place.ranges->file().ranges();
    if (!place.ranges->file().source().empty()) place.name = printable(place.ranges->file().source());
    return place;
  }
  TRY(auto mmdb, MmdbFile::open(path));
  place.mmdb.emplace(std::move(mmdb));
  place.date = place.mmdb->date();
  place.entries = place.mmdb->records();
  if (auto const type = place.mmdb->type(); !type.empty()) place.name = printable(type);
  return place;
}

auto PlaceFile::find(model::IpAddress address) const -> PlaceRecord {
  if (mmdb) return mmdb->find(address);
  auto const system = ranges->file().find(address);
  return {{}, system.asn, std::string{system.name}};
}

}  // namespace noroshi::understand
