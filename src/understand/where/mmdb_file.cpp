#include "understand/where/mmdb_file.hpp"

#include <netinet/in.h>
#include <sys/mman.h>

#include <charconv>
#include <cstring>
#include <set>

#include "base/time.hpp"

namespace noroshi::understand {

namespace {

// The largest of the field (city data of the whole world) are some hundred megabytes.
constexpr auto kMaxFileBytes = std::uint64_t{1} << 30;

auto text_at(MMDB_entry_s entry, std::initializer_list<char const *> path) -> std::string_view {
  auto words = std::vector<char const *>{path};
  words.push_back(nullptr);
  auto found = MMDB_entry_data_s{};
  if (::MMDB_aget_value(&entry, &found, words.data()) != MMDB_SUCCESS || !found.has_data ||
      found.type != MMDB_DATA_TYPE_UTF8_STRING)
    return {};
  return {found.utf8_string, found.data_size};
}

auto number_at(MMDB_entry_s entry, char const *name) -> std::uint32_t {
  char const *const path[] = {name, nullptr};
  auto found = MMDB_entry_data_s{};
  if (::MMDB_aget_value(&entry, &found, path) != MMDB_SUCCESS || !found.has_data) return 0;
  switch (found.type) {
    case MMDB_DATA_TYPE_UINT16: return found.uint16;
    case MMDB_DATA_TYPE_UINT32: return found.uint32;
    case MMDB_DATA_TYPE_UINT64: return found.uint64 <= UINT32_MAX ? static_cast<std::uint32_t>(found.uint64) : 0;
    default: return 0;
  }
}

auto is_country(std::string_view text) -> bool {
  auto const is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() == 2 && is_letter(text[0]) && is_letter(text[1]);
}

/// MaxMind: country.iso_code; IPinfo and ip-location-db: country_code; older IPinfo: country.
auto country_of(MMDB_entry_s const &entry) -> std::string {
  for (auto const found : {text_at(entry, {"country", "iso_code"}), text_at(entry, {"country_code"}),
                           text_at(entry, {"country"}), text_at(entry, {"registered_country", "iso_code"})})
    if (is_country(found)) return std::string{found};
  return {};
}

/// MaxMind and ip-location-db: autonomous_system_number; IPinfo: asn, "AS15169".
auto asn_of(MMDB_entry_s const &entry) -> std::uint32_t {
  for (auto const *name : {"autonomous_system_number", "asn"})
    if (auto const number = number_at(entry, name); number != 0) return number;
  auto text = text_at(entry, {"asn"});
  if (text.starts_with("AS")) text.remove_prefix(2);
  auto number = std::uint32_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

auto network_of(MMDB_entry_s const &entry) -> std::string {
  for (auto const *name : {"autonomous_system_organization", "as_name"})
    if (auto const found = text_at(entry, {name}); !found.empty()) return std::string{found};
  return {};
}

/// Decodes a whole record once, as a look-up might.
auto is_sound(MMDB_s *database, std::uint32_t record) -> bool {
  auto entry = MMDB_entry_s{database, record};
  MMDB_entry_data_list_s *list = nullptr;
  auto const outcome = ::MMDB_get_entry_data_list(&entry, &list);
  ::MMDB_free_entry_data_list(list);
  return outcome == MMDB_SUCCESS;
}

auto in_memory(std::string const &bytes) -> Result<FileDescriptor> {
  auto file = FileDescriptor{::memfd_create("noroshi-mmdb", MFD_CLOEXEC)};
  if (!file.valid()) return system_error(errno, "memfd_create");
  TRY_VOID(write_all(file, bytes, "memory"));
  return file;
}

}  // namespace

auto MmdbFile::open(std::string const &path) -> Result<MmdbFile> {
  TRY(auto const bytes, read_file(path, kMaxFileBytes));
  TRY(auto const copy, in_memory(bytes));
  auto file = MmdbFile{};
  auto database = std::make_unique<MMDB_s>();
  auto const name = "/proc/self/fd/" + std::to_string(copy.get());
  if (auto const outcome = ::MMDB_open(name.c_str(), MMDB_MODE_MMAP, database.get()); outcome != MMDB_SUCCESS)
    return fail(ErrorCode::malformed, "it is no sound MaxMind DB file: {}; fetch it again", ::MMDB_strerror(outcome));
  file.database_.reset(database.release());
  TRY_VOID(file.check());
  return file;
}

auto MmdbFile::check() -> Result<void> {
  auto records = std::set<std::uint32_t>{};
  auto const damaged = [](std::uint32_t node) {
    return fail(ErrorCode::malformed, "the MaxMind DB file is damaged at node {}; fetch it again", node);
  };
  for (auto number = std::uint32_t{0}; number < database_->metadata.node_count; ++number) {
    auto node = MMDB_search_node_s{};
    if (::MMDB_read_node(database_.get(), number, &node) != MMDB_SUCCESS) return damaged(number);
    for (auto const &[type, entry] : {std::pair{node.left_record_type, node.left_record_entry},
                                      std::pair{node.right_record_type, node.right_record_entry}}) {
      if (type == MMDB_RECORD_TYPE_INVALID) return damaged(number);
      if (type != MMDB_RECORD_TYPE_DATA || !records.insert(entry.offset).second) continue;
      if (!is_sound(database_.get(), entry.offset)) return damaged(number);
    }
  }
  records_ = records.size();
  return ok;
}

auto MmdbFile::find(model::IpAddress address) const -> PlaceRecord {
  auto socket = sockaddr_storage{};
  if (address.is_v4()) {
    auto &v4 = reinterpret_cast<sockaddr_in &>(socket);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = ::htonl(static_cast<std::uint32_t>(address.low()));
  } else {
    auto &v6 = reinterpret_cast<sockaddr_in6 &>(socket);
    v6.sin6_family = AF_INET6;
    auto const bytes = address.bytes();
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
  }
  auto outcome = 0;
  auto const found = ::MMDB_lookup_sockaddr(database_.get(), reinterpret_cast<sockaddr const *>(&socket), &outcome);
  if (outcome != MMDB_SUCCESS || !found.found_entry) return {};  // a v4 file asked for a v6 address is no error
  return {country_of(found.entry), asn_of(found.entry), network_of(found.entry)};
}

auto MmdbFile::type() const -> std::string {
  return database_->metadata.database_type == nullptr ? std::string{} : database_->metadata.database_type;
}

auto MmdbFile::date() const -> std::string {
  auto const built = std::chrono::seconds{static_cast<std::int64_t>(database_->metadata.build_epoch)};
  constexpr auto kLatest = std::chrono::seconds{std::int64_t{1} << 36};  // year 4147: past it the number is nonsense
  return built.count() <= 0 || built > kLatest ? std::string{} : to_string(day_of(Time{built}));
}

}  // namespace noroshi::understand
