// Which log-ins open a machine: a persona's word, and for each source what it has found out so far, so that a second
// visit finds the same machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sense/persona.hpp"
#include "sense/visit_host.hpp"

namespace noroshi::sense {

/// Read from `SECTION.accept` and `SECTION.accept_try`. Thread-safe. What it knows of sources lasts as long as the
/// process; where there are more sources than it holds, it forgets those that it has not seen for longest.
class LoginPolicy {
public:
  /// An error names the persona's key.
  static auto create(Persona const &persona, std::string const &section) -> Result<std::shared_ptr<LoginPolicy const>>;
  ~LoginPolicy();

  /// Whether the machine at the visit's destination lets this pair in. A pair that it refused to a source once it will
  /// always refuse to it, and where a guess has opened it, no other guess does.
  [[nodiscard]] auto admits(Encounter const &visit, std::string_view user, std::string_view password) const -> bool;

private:
  LoginPolicy() = default;
  struct Memory;
  struct Source;
  [[nodiscard]] auto lists(std::string_view user, std::string_view password) const -> bool;

  NodeSecret secret_;
  std::vector<std::string> accept_;  // "root:admin"; "*" stands for anything
  std::int64_t accept_try_ = 0;      // the so-many-th different pair of a source is let in; 0: none is
  std::unique_ptr<Memory> memory_;
};

}  // namespace noroshi::sense
