// Wardrobe: which of a listener's personas stands at which address.
#pragma once

#include <string_view>
#include <vector>

#include "model/ip.hpp"
#include "sense/cast.hpp"
#include "sense/listener.hpp"
#include "sense/node_secret.hpp"

namespace noroshi::sense {

/// Immutable; `cast` outlives it.
class Wardrobe {
public:
  /// Every persona of the spec must be in the cast (find() gives a decoy).
  Wardrobe(Cast const &cast, NodeSecret const &secret, ListenerSpec const &spec);

  struct Choice {
    Decoy const *decoy = nullptr;
    std::string_view persona;  // as the listener names it; empty: the usual one
  };
  /// Always the same for one address, secret and list. Where a persona is added to the list or taken away, only the
  /// addresses that it gets or had change (rendezvous hashing, Thaler and Ravishankar 1998).
  [[nodiscard]] auto at(model::IpAddress const &destination) const -> Choice const &;

private:
  NodeSecret secret_;
  std::vector<std::string> names_;
  std::vector<Choice> choices_;
};

}  // namespace noroshi::sense
