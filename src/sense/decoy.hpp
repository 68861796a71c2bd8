// Decoy: one protocol's conversation. A new one is a new file in decoys/ that registers itself on its last line.
#pragma once

#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "sense/persona.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {

/// One object holds all conversations of a persona; what belongs to one conversation lives in its coroutine.
class Decoy {
public:
  virtual ~Decoy() = default;
  /// The persona it wears where the listener names none; empty where it needs none.
  [[nodiscard]] virtual auto usual_persona() const -> std::string_view { return {}; }
  /// The sections that a persona must have for it; none: the one of its own name.
  [[nodiscard]] virtual auto sections() const -> std::vector<std::string_view> { return {}; }
  /// udp: each datagram is a visit of its own, that is read and never answered.
  [[nodiscard]] virtual auto transport() const -> model::Transport { return model::Transport::tcp; }
  /// Reads what it shows from the persona, once, before the first visit. An error names the key.
  virtual auto dress(Persona const &persona) -> Result<void>;
  /// Makes what takes long and is made once for this node (keys), where a listener wears the persona: after dress(),
  /// before the first visit, and before the process confines itself.
  virtual auto prepare(Persona const &persona) -> Result<void>;
  /// Talks until the visitor leaves, the decoy is done, or a limit ends the visit (whose error it passes on). Called
  /// for many visits at once and from several threads.
  virtual auto converse(Visit &visit) const -> Task<Result<void>> = 0;
};

inline auto Decoy::dress(Persona const & /*persona*/) -> Result<void> { return ok; }
inline auto Decoy::prepare(Persona const & /*persona*/) -> Result<void> { return ok; }

}  // namespace noroshi::sense
