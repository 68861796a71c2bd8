#include "sense/visit_files.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace noroshi::sense {
namespace {

/// Bots that are sent as files have up to a few megabytes; what a visit may send at all is capped as well.
constexpr auto kMaxKeptBytes = std::size_t{2} << 20;
/// So many large files are hashed as they are closed; 2 MiB take some 20 ms.
constexpr auto kCheapToHash = std::uint64_t{64} << 10;
constexpr auto kMostHashed = 64;
/// Names that one visit may add, change or take away; an unpacked kit has a hundred.
constexpr auto kMaxNodes = std::size_t{512};
constexpr auto kMaxPath = std::size_t{1} << 10;
constexpr auto kMaxName = std::size_t{255};  // NAME_MAX
constexpr auto kMaxLinks = 40;               // as Linux follows
constexpr auto kMaxNotedBytes = std::size_t{4} << 10;
constexpr auto kMaxFileSize = std::uint64_t{1} << 44;  // ext4's

}  // namespace

auto sentence_of(FileFault fault) -> std::string { return std::make_error_condition(fault).message(); }

auto folder_of(std::string_view path) -> std::string_view {
  auto const slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view{"/"} : path.substr(0, slash);
}

auto name_of(std::string_view path) -> std::string_view { return path.substr(path.rfind('/') + 1); }

auto VisitFiles::absolute(std::string_view path, std::string_view folder) -> std::string {
  auto whole = std::string{path.starts_with('/') || folder == "/" ? std::string_view{} : folder};
  while (!path.empty()) {
    auto const end = std::min(path.find('/'), path.size());
    auto const part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == "..")
      whole.resize(whole.empty() ? 0 : whole.rfind('/'));
    else if (!part.empty() && part != "." && whole.size() + part.size() < kMaxPath)
      whole.append("/").append(part);
  }
  return whole.empty() ? "/" : whole;
}

auto VisitFiles::find(std::string_view path) const -> Node const * {
  auto const node = nodes_.find(path);
  return node == nodes_.end() ? nullptr : &node->second;
}

auto VisitFiles::resolve(std::string path, Last last, std::string &found) const -> FileFault {
  found.clear();
  for (auto links = 0; !path.empty() && path != "/";) {
    auto const end = std::min(path.find('/', 1), path.size());
    auto const part = found + path.substr(0, end);
    path.erase(0, end);
    auto const *const node = find(part);
    auto const is_link = node != nullptr && !node->is_gone && node->status.type == FileType::link;
    if (!is_link || (path.empty() && last == Last::itself)) {
      found = part;
      continue;
    }
    if (++links > kMaxLinks) return FileFault::too_many_symbolic_link_levels;
    path = absolute(node->bytes + path, found.empty() ? "/" : found);
    found.clear();
  }
  if (found.empty()) found = "/";
  return {};
}

auto VisitFiles::status(std::string_view path, FileStatus &found, Last last) const -> FileFault {
  auto real = std::string{};
  if (auto const fault = resolve(std::string{path}, last, real); fault != FileFault{}) return fault;
  if (is_there(real, found)) return {};
  // A way that leads through a file is another fault than one that leads nowhere.
  auto above = FileStatus{};
  for (auto end = real.find('/', 1); end != std::string::npos; end = real.find('/', end + 1)) {
    if (!is_there(std::string_view{real}.substr(0, end), above)) break;
    if (above.type != FileType::folder) return FileFault::not_a_directory;
  }
  return name_of(real).size() > kMaxName ? FileFault::filename_too_long : FileFault::no_such_file_or_directory;
}

auto VisitFiles::is_there(std::string_view real, FileStatus &found) const -> bool {
  auto const *const node = find(real);
  if (node == nullptr) return own_status(real, found);
  if (!node->is_gone) found = node->status;
  return !node->is_gone;
}

auto VisitFiles::read(std::string_view path, std::string &bytes) const -> FileFault {
  return read_part(path, 0, ~std::uint64_t{0}, bytes);
}

auto VisitFiles::read_part(std::string_view path, std::uint64_t offset, std::uint64_t size, std::string &part) const
    -> FileFault {
  auto found = FileStatus{};
  if (auto const fault = status(path, found); fault != FileFault{}) return fault;
  if (found.type == FileType::folder) return FileFault::is_a_directory;
  auto real = std::string{};
  (void)resolve(std::string{path}, Last::followed, real);
  auto const *const node = find(real);
  auto const own = node == nullptr ? own_bytes(real) : std::string{};
  auto const bytes = std::string_view{node != nullptr ? node->bytes : own};
  part = bytes.substr(std::min<std::uint64_t>(offset, bytes.size()), size);
  return {};
}

auto VisitFiles::target(std::string_view path, std::string &found) const -> FileFault {
  auto seen = FileStatus{};
  if (auto const fault = status(path, seen, Last::itself); fault != FileFault{}) return fault;
  if (seen.type != FileType::link) return FileFault::invalid_argument;
  auto real = std::string{};
  (void)resolve(std::string{path}, Last::itself, real);
  found = find(real)->bytes;
  return {};
}

auto VisitFiles::room() const -> std::size_t { return kMaxKeptBytes - std::min(kMaxKeptBytes, kept_bytes_); }

auto VisitFiles::may_change(std::string_view path) const -> FileFault {
  auto above = FileStatus{};
  if (auto const fault = status(folder_of(path), above); fault != FileFault{}) return fault;
  if (above.type != FileType::folder) return FileFault::not_a_directory;
  if (name_of(path).size() > kMaxName) return FileFault::filename_too_long;
  return is_fixed(path) ? FileFault::read_only_file_system : FileFault{};
}

auto VisitFiles::change(std::string const &path) -> Node * {
  if (auto const known = nodes_.find(path); known != nodes_.end()) return &known->second;
  if (nodes_.size() >= kMaxNodes) return nullptr;
  auto &node = nodes_[path];
  (void)own_status(path, node.status);
  if (node.status.type == FileType::file) node.bytes = own_bytes(path).substr(0, room());
  node.status.size = node.status.type == FileType::file ? node.bytes.size() : node.status.size;
  node.digested = kUnknown;
  kept_bytes_ += node.bytes.size();
  return &node;
}

auto VisitFiles::add(std::string const &path, FileType type, std::uint32_t mode, Time now) -> Node * {
  if (!nodes_.contains(path) && nodes_.size() >= kMaxNodes) return nullptr;
  auto &node = nodes_[path];
  kept_bytes_ -= node.bytes.size();
  node = {};
  node.status = {type, type == FileType::folder ? std::uint64_t{4'096} : 0, mode & 07'777U, 0, 0, now, now};
  return &node;
}

void VisitFiles::take_away(std::string const &path) {
  auto own = FileStatus{};
  auto const node = nodes_.find(path);
  if (node != nodes_.end()) kept_bytes_ -= node->second.bytes.size();
  if (!own_status(path, own)) {
    if (node != nodes_.end()) nodes_.erase(node);
  } else if (node != nodes_.end() || nodes_.size() < kMaxNodes) {
    nodes_[path] = {};
    nodes_[path].is_gone = true;
  }
}

auto VisitFiles::create(std::string_view path, std::uint32_t mode, Time now) -> FileFault {
  auto real = std::string{};
  if (auto const fault = resolve(std::string{path}, Last::followed, real); fault != FileFault{}) return fault;
  auto found = FileStatus{};
  if (status(real, found) == FileFault{})
    return found.type == FileType::folder ? FileFault::is_a_directory
           : is_fixed(real)               ? FileFault::read_only_file_system
                                          : FileFault{};
  if (auto const fault = may_change(real); fault != FileFault{}) return fault;
  auto *const node = add(real, FileType::file, mode, now);
  if (node == nullptr) return FileFault::no_space_on_device;
  node->is_written = true;
  return {};
}

auto VisitFiles::write(std::string_view path, std::uint64_t offset, std::string_view bytes, Time now) -> FileFault {
  auto real = std::string{};
  auto found = FileStatus{};
  if (auto const fault = status(path, found); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::followed, real);
  if (found.type == FileType::folder) return FileFault::is_a_directory;
  if (offset > kMaxFileSize || bytes.size() > kMaxFileSize - offset) return FileFault::file_too_large;
  auto *const node = change(real);
  if (node == nullptr) return FileFault::no_space_on_device;
  auto &kept = node->bytes;
  auto const was = kept.size();
  auto const limit = was + room();  // of this file's kept bytes
  // A gap is filled with zeros, as the system fills it; what is past the cap is only counted.
  if (was == node->status.size && offset > was && offset < limit) kept.resize(offset);
  if (offset <= kept.size() && offset < limit) {
    auto const fits = bytes.substr(0, limit - offset);
    kept.replace(offset, std::min(fits.size(), kept.size() - offset), fits);
  }
  kept_bytes_ += kept.size() - was;
  if (offset == node->digested) {
    node->digest.add(bytes);
    node->digested += bytes.size();
  } else if (!bytes.empty()) {
    node->digested = kUnknown;
  }
  if (!bytes.empty()) node->status.size = std::max(node->status.size, offset + bytes.size());
  node->status.modified = now;
  node->is_written = true;
  return {};
}

auto VisitFiles::resize(std::string_view path, std::uint64_t size, Time now) -> FileFault {
  auto real = std::string{};
  auto found = FileStatus{};
  if (auto const fault = status(path, found); fault != FileFault{}) return fault;
  (void)resolve(std::string{path}, Last::followed, real);
  if (found.type == FileType::folder) return FileFault::is_a_directory;
  if (is_fixed(real)) return FileFault::read_only_file_system;
  if (size > kMaxFileSize) return FileFault::file_too_large;
  auto *const node = change(real);
  if (node == nullptr) return FileFault::no_space_on_device;
  auto &kept = node->bytes;
  auto const was = kept.size();
  if (size < was || (was == node->status.size && size - was <= room())) kept.resize(size);
  kept_bytes_ += kept.size();
  kept_bytes_ -= was;
  node->digest = {};
  node->digested = size == 0 ? 0 : kUnknown;
  node->status.size = size;
  node->status.modified = now;
  node->is_written = true;
  return {};
}

auto VisitFiles::make_folder(std::string_view path, std::uint32_t mode, Time now) -> FileFault {
  auto real = std::string{};
  if (auto const fault = resolve(std::string{path}, Last::itself, real); fault != FileFault{}) return fault;
  auto found = FileStatus{};
  if (status(real, found, Last::itself) == FileFault{}) return FileFault::file_exists;
  if (auto const fault = may_change(real); fault != FileFault{}) return fault;
  return add(real, FileType::folder, mode, now) != nullptr ? FileFault{} : FileFault::no_space_on_device;
}

auto VisitFiles::make_link(std::string_view target, std::string_view path, Time now) -> FileFault {
  auto real = std::string{};
  if (auto const fault = resolve(std::string{path}, Last::itself, real); fault != FileFault{}) return fault;
  auto found = FileStatus{};
  if (target.empty()) return FileFault::no_such_file_or_directory;
  if (status(real, found, Last::itself) == FileFault{}) return FileFault::file_exists;
  if (auto const fault = may_change(real); fault != FileFault{}) return fault;
  auto const kept = target.substr(0, std::min(kMaxPath, room()));
  auto *const node = add(real, FileType::link, 0777, now);
  if (node == nullptr) return FileFault::no_space_on_device;
  node->bytes = kept;
  node->status.size = kept.size();
  kept_bytes_ += kept.size();
  return {};
}

auto VisitFiles::is_visitors(std::string_view path) const -> bool {
  auto real = std::string{};
  if (resolve(std::string{path}, Last::followed, real) != FileFault{}) return false;
  auto const *const node = find(real);
  return node != nullptr && !node->is_gone && node->status.type == FileType::file;
}

void VisitFiles::count_lost(std::string_view path, std::uint64_t bytes) {
  auto real = std::string{};
  if (bytes == 0 || !is_visitors(path) || resolve(std::string{path}, Last::followed, real) != FileFault{}) return;
  auto &node = nodes_.find(real)->second;
  node.status.size += bytes;
  node.digested = kUnknown;
}

void VisitFiles::note(std::string_view path, Visit &visit) {
  auto real = std::string{};
  if (!is_visitors(path) || resolve(std::string{path}, Last::followed, real) != FileFault{}) return;
  note(real, nodes_.find(real)->second, visit);
}

void VisitFiles::note_all(Visit &visit) {
  is_last_ = true;
  for (auto &[path, node] : nodes_) note(path, node, visit);
}

void VisitFiles::note(std::string const &path, Node &node, Visit &visit) {
  if (!node.is_written || node.is_gone || node.status.size == 0) return;
  // Who closes a large file again and again is noted at the end: a hash of all of it costs milliseconds.
  if (node.status.size > kCheapToHash && ++hashed_ > kMostHashed && !is_last_) return;
  node.is_written = false;
  auto const is_whole = node.bytes.size() == node.status.size;
  auto digest = is_whole ? Sha256{} : node.digest;
  if (is_whole) digest.add(node.bytes);
  auto const sha256 = digest.hex();
  auto const extra = fmt::format(R"({{"size":{},"kept":{}}})", node.status.size, node.bytes.size());
  auto seen = model::Observation{};
  seen.kind = model::Kind::file;
  seen.extra = extra;
  seen.set(model::Field::file_name, std::string_view{path})
      .set(model::Field::payload, std::string_view{node.bytes}.substr(0, kMaxNotedBytes));
  // A hash of a part would name a file that nobody has.
  if (is_whole || node.digested == node.status.size) seen.set(model::Field::sha256, std::string_view{sha256});
  visit.note(seen);
}

}  // namespace noroshi::sense
