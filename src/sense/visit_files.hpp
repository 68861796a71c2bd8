// The files of one visit: the pretended machine's own, and over them what the visitor made, changed and took away.
// Every way in (shells, SFTP, scp) works on the same ones. Nothing touches a real file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/time.hpp"
#include "sense/sha256.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

struct ShellMachine;

enum class FileType : std::uint8_t { file, folder, link };

struct FileStatus {
  FileType type = FileType::file;
  std::uint64_t size = 0;
  std::uint32_t mode = 0;  // permission bits: 0 to 07777
  std::uint32_t owner = 0, group = 0;
  Time accessed{}, modified{};
};

/// What the pretended system says of a call, as errno would; FileFault{}: it was done.
using FileFault = std::errc;
/// Its sentence: "No such file or directory".
auto sentence_of(FileFault fault) -> std::string;

/// Paths are absolute, as absolute() gives them. `machine` outlives this.
class VisitFiles {
public:
  explicit VisitFiles(ShellMachine const &machine) : machine_(machine) {}

  enum class Last : std::uint8_t { followed, itself };  // a path that ends at a symbolic link

  /// `path` seen from `folder`, without ".", ".." and doubled slashes. Past kMaxPath bytes parts are left out.
  static auto absolute(std::string_view path, std::string_view folder) -> std::string;
  /// Without symbolic links; what does not exist stays. too_many_symbolic_link_levels: a circle.
  auto resolve(std::string path, Last last, std::string &found) const -> FileFault;

  auto status(std::string_view path, FileStatus &found, Last last = Last::followed) const -> FileFault;
  /// All bytes that were kept.
  auto read(std::string_view path, std::string &bytes) const -> FileFault;
  /// At most `size` bytes from `offset`; none past the end.
  auto read_part(std::string_view path, std::uint64_t offset, std::uint64_t size, std::string &part) const -> FileFault;
  /// The names in a folder, in order, without "." and "..".
  auto names(std::string_view path, std::vector<std::string> &found) const -> FileFault;
  auto target(std::string_view path, std::string &found) const -> FileFault;

  /// An empty file where there is none; one that is there stays.
  auto create(std::string_view path, std::uint32_t mode, Time now) -> FileFault;
  /// To a file that is there.
  auto write(std::string_view path, std::uint64_t offset, std::string_view bytes, Time now) -> FileFault;
  auto resize(std::string_view path, std::uint64_t size, Time now) -> FileFault;
  auto make_folder(std::string_view path, std::uint32_t mode, Time now) -> FileFault;
  auto make_link(std::string_view target, std::string_view path, Time now) -> FileFault;
  auto set_mode(std::string_view path, std::uint32_t mode) -> FileFault;
  auto set_owner(std::string_view path, std::uint32_t owner, std::uint32_t group) -> FileFault;
  auto set_times(std::string_view path, Time accessed, Time modified) -> FileFault;
  /// file_exists: `to` is there.
  auto copy(std::string_view from, std::string_view to, Time now) -> FileFault;
  /// Replaces what is there, as rename(2) does.
  auto rename(std::string_view from, std::string_view to) -> FileFault;
  /// Files and links. A file that the visitor wrote is noted before it goes.
  auto remove(std::string_view path, Visit &visit) -> FileFault;
  auto remove_folder(std::string_view path) -> FileFault;
  /// A folder with what the visitor put below it.
  void remove_all(std::string_view path, Visit &visit);

  /// Whether the visitor wrote it.
  [[nodiscard]] auto is_visitors(std::string_view path) const -> bool;
  /// `bytes` more were written to the file than came here.
  void count_lost(std::string_view path, std::uint64_t bytes);
  /// Notes a file that the visitor wrote, as it is now. Once between changes.
  void note(std::string_view path, Visit &visit);
  void note_all(Visit &visit);

private:
  struct Node {
    FileStatus status;
    bool is_gone = false;     // taken away: hides the machine's own
    bool is_written = false;  // by the visitor, and not noted since
    std::string bytes;        // the beginning of a file, a link's target
    Sha256 digest = {};
    std::uint64_t digested = 0;  // bytes from the beginning in it; kUnknown once they were changed
  };
  static constexpr auto kUnknown = ~std::uint64_t{0};

  [[nodiscard]] auto find(std::string_view path) const -> Node const *;
  /// Of a path without links.
  [[nodiscard]] auto is_there(std::string_view real, FileStatus &found) const -> bool;
  [[nodiscard]] auto own_status(std::string_view path, FileStatus &found) const -> bool;
  [[nodiscard]] auto own_bytes(std::string_view path) const -> std::string;
  [[nodiscard]] auto is_fixed(std::string_view path) const -> bool;
  /// That a name can be added to or taken from the folder above.
  [[nodiscard]] auto may_change(std::string_view path) const -> FileFault;
  /// The visitor's copy of what is there; nullptr: no room for one more.
  auto change(std::string const &path) -> Node *;
  auto add(std::string const &path, FileType type, std::uint32_t mode, Time now) -> Node *;
  void take_away(std::string const &path);
  [[nodiscard]] auto room() const -> std::size_t;
  void note(std::string const &path, Node &node, Visit &visit);

  int hashed_ = 0;  // large files, so far
  bool is_last_ = false;
  ShellMachine const &machine_;
  std::map<std::string, Node, std::less<>> nodes_;
  std::size_t kept_bytes_ = 0;
};

/// The folder that holds it.
auto folder_of(std::string_view path) -> std::string_view;
auto name_of(std::string_view path) -> std::string_view;

}  // namespace noroshi::sense
