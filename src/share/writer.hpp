// Writer: a format in which observations or indicators leave the house. One file a format in writers/, registered on
// its last line. Pure and without memory: an export written in pages is, byte by byte, the export written at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/time.hpp"
#include "model/context.hpp"
#include "model/ports/observation_store.hpp"
#include "model/value.hpp"

namespace noroshi::share {

enum class Subject : std::uint8_t { observations, indicators };

struct WriterAbout {
  std::string_view summary;  // for `noroshi list formats` and --help
  std::string_view content_type;
  Subject subject = Subject::observations;
};

/// One observation on its way out. Without `sensor_shown` the destination is gone and the texts are scrubbed already
/// (secrecy.hpp), and `sensor` is a name that tells nothing.
struct OutObservation {
  model::StoredObservation const &seen;
  std::string_view sensor;
  bool sensor_shown = false;
};

/// One indicator on its way out: what its contexts say together.
struct OutIndicator {
  model::Value value;
  std::vector<model::Role> roles;  // sorted, unique
  model::Evidence evidence = model::Evidence::claimed;
  Time first_seen{}, last_seen{};
  Time expires{};
  std::uint64_t count = 1;
  std::uint8_t confidence = 0;
  model::Tlp tlp = model::Tlp::amber;  // the strictest
  std::vector<std::string> tags;
  bool blockable = false;   // may stand on a block list: see lists.hpp
  bool value_only = false;  // on a public list: value, type and expiry are for all eyes, nothing else is
};

class Writer {
public:
  virtual ~Writer() = default;
  [[nodiscard]] virtual auto about() const -> WriterAbout = 0;
  /// Before the first entry. `publisher` is the name of the node's organisation.
  virtual void begin(std::string_view publisher, std::string &to) const;
  /// False: the format has no place for it, and nothing was written. Writers of indicators take no observation, and the
  /// reverse.
  virtual auto write(OutObservation const &observation, std::string &to) const -> bool;
  virtual auto write(OutIndicator const &indicator, std::string &to) const -> bool;
  /// Behind the last one.
  virtual void end(std::string &to) const;
};

/// The stored form of a field as text that is UTF-8: texts as they are, bytes and secrets in base/text's lossless form,
/// numbers in decimal, flags as true and false; empty where absent.
auto field_text(model::StoredObservation const &seen, model::Field field) -> std::string;
auto find_field(model::StoredObservation const &seen, model::Field field)
    -> model::StoredObservation::FieldValue const *;

}  // namespace noroshi::share
