#include "sense/wardrobe.hpp"

namespace noroshi::sense {

Wardrobe::Wardrobe(Cast const &cast, NodeSecret const &secret, ListenerSpec const &spec)
    : secret_(secret), names_(spec.personas()) {
  for (auto const &name : names_) choices_.push_back({cast.find(spec.decoy, name), name});
}

auto Wardrobe::at(model::IpAddress const &destination) const -> Choice const & {
  if (choices_.size() == 1) return choices_.front();
  auto const bytes = destination.bytes();
  auto of = std::string{reinterpret_cast<char const *>(bytes.data()), bytes.size()};
  auto const *best = &choices_.front();
  auto highest = std::uint64_t{0};
  for (auto const &choice : choices_) {
    of.resize(bytes.size());
    of += choice.persona;
    auto const weight = secret_.hash(of);
    if (weight < highest) continue;
    highest = weight;
    best = &choice;
  }
  return *best;
}

}  // namespace noroshi::sense
