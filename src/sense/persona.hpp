// Persona: what a decoy pretends to be, as data (packs/personas/*.toml).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sense/node_secret.hpp"

namespace noroshi::sense {

/// The values of one TOML file by their path: "http.server", "http.pages.0.path". Reading marks a key as known, so that
/// a decoy can refuse keys that it never asked for.
class Persona {
public:
  /// Without any value: every read gives its default.
  Persona() = default;
  /// `name` is for messages. Damaged TOML is an error with line and column.
  static auto parse(std::string name, std::string_view toml) -> Result<Persona>;
  static auto load(std::string const &file) -> Result<Persona>;

  [[nodiscard]] auto name() const -> std::string const & { return name_; }
  [[nodiscard]] auto text(std::string_view path, std::string_view otherwise) const -> std::string;
  [[nodiscard]] auto number(std::string_view path, std::int64_t otherwise) const -> Result<std::int64_t>;
  /// A list of texts.
  [[nodiscard]] auto list(std::string_view path) const -> std::vector<std::string>;
  /// How many tables the array of that path holds: read them as "path.0.key"…
  [[nodiscard]] auto count(std::string_view path) const -> std::size_t;
  /// An error that names the first key below `section` that nobody read.
  [[nodiscard]] auto refuse_unread(std::string_view section) const -> Result<void>;
  /// Whether it has anything to say about `section`.
  [[nodiscard]] auto has(std::string_view section) const -> bool;
  /// Replaces one value, so that nodes can differ ("host.name").
  void set(std::string path, std::string value) { values_.insert_or_assign(std::move(path), std::move(value)); }
  /// The folder for what is made once for a persona of this node (certificates); empty: nowhere.
  void keep_in(std::string folder) { folder_ = std::move(folder); }
  [[nodiscard]] auto kept_in() const -> std::string const & { return folder_; }
  /// The folder of packs that it was read from (its file is in PACKS/personas); empty: it was parsed.
  [[nodiscard]] auto packs() const -> std::string const & { return packs_; }
  /// Which node wears it: what keyed() gives depends on this.
  void set_secret(NodeSecret const &secret) { secret_ = secret; }
  [[nodiscard]] auto secret() const -> NodeSecret const & { return secret_; }
  /// A number for `label` that is the same at every start of this node, and another at other nodes and for other
  /// personas: for choices and values by which nodes differ.
  [[nodiscard]] auto keyed(std::string_view label) const -> std::uint64_t;
  /// The same as lower-case hexadecimal digits, at most 128.
  [[nodiscard]] auto keyed_hex(std::string_view label, std::size_t digits) const -> std::string;
  /// One of `patterns`, and in it a digit of its own for each {d}, a hexadecimal one for each {x}.
  [[nodiscard]] auto drawn(std::string_view label, std::vector<std::string> const &patterns) const -> std::string;
  /// `text` with the host name for each {host}.
  [[nodiscard]] auto with_host(std::string text) const -> std::string;

private:
  std::string name_ = "plain";
  NodeSecret secret_;
  std::string folder_;
  std::string packs_;
  std::map<std::string, std::string, std::less<>> values_;
  mutable std::set<std::string, std::less<>> read_;  // personas are read on one thread, before the first visit
};

}  // namespace noroshi::sense
