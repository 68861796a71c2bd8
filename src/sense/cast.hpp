// Cast: every decoy, dressed in every persona that has something to say about it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sense/decoy.hpp"

namespace noroshi::sense {

/// Immutable once made; read from all event loops.
class Cast {
public:
  /// Reads every persona in `folder` (packs/personas) and dresses the decoys; a persona with an error is refused, with
  /// its file and key. `hostname`, where not empty, replaces the host name of each persona, and `secret` chooses what
  /// personas leave open, so that two nodes differ. What a persona has made once for this node (certificates) is kept
  /// in `kept`; empty: it lasts as long as the process.
  static auto create(std::string const &folder, std::string_view hostname, NodeSecret const &secret = {},
                     std::string const &kept = {}) -> Result<Cast>;

  /// Makes what a decoy in this persona shows of this node alone (`persona` empty: the usual one), unless that is made.
  /// Nobody may visit one that is not prepared.
  auto prepare(std::string_view decoy, std::string_view persona) -> Result<void>;
  /// The same of every decoy in every persona.
  auto prepare_all() -> Result<void>;
  /// `persona` empty: the decoy's usual one. nullptr where there is none such.
  [[nodiscard]] auto find(std::string_view decoy, std::string_view persona) const -> Decoy const *;
  /// The registered name of the decoy, for as long as the program runs.
  [[nodiscard]] auto service(std::string_view decoy) const -> std::string_view;
  [[nodiscard]] auto personas_of(std::string_view decoy) const -> std::vector<std::string>;

private:
  auto dress(std::string const &decoy, Persona const &persona) -> Result<void>;
  struct Dressed {
    std::unique_ptr<Decoy> decoy;
    bool is_prepared = false;
  };
  using Wardrobes = std::map<std::string, Dressed, std::less<>>;  // of one decoy, by persona
  static auto worn(Wardrobes const &dressed, std::string_view persona) -> std::string_view;
  std::vector<Persona> personas_;
  std::map<std::string, Wardrobes, std::less<>> decoys_;
};

}  // namespace noroshi::sense
