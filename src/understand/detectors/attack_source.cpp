// Attack sources: whoever completed a handshake with a decoy. How far the visitor went sets the confidence: nobody has
// business at a decoy, but a stray connection proves less than a typed command.
#include <fmt/format.h>

#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

class AttackSource final : public Detector {
public:
  void configure(Config const &config) override { expiry_ = config.get(kAddressExpiry); }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    auto const confidence = confidence_of(seen.kind);
    // A UDP datagram's sender is whatever its sender wrote there: never an attack source.
    if (confidence == 0 || seen.transport != model::Transport::tcp) return;
    if (!input.addresses.allows(seen.source.address)) return;
    auto context = model::Context{};
    context.source = input.source;
    context.attribute = fmt::format("decoy/{}", seen.service);
    context.role = model::Role::scanner;
    context.direction = model::Direction::inbound;
    context.evidence = model::Evidence::observed;
    context.collected_by = model::CollectedBy::decoy;
    context.first_seen = context.last_seen = seen.time;
    context.count = seen.kind == model::Kind::opened ? 1 : 0;  // counts sessions
    context.confidence = confidence;
    context.to_ids = true;
    context.expiry = seen.time + expiry_;
    derived.add(model::Value{model::ValueType::ip, seen.source.address.to_string()}, std::move(context));
  }

private:
  static auto confidence_of(model::Kind kind) -> std::uint8_t {
    switch (kind) {
      case model::Kind::opened: return 40;
      case model::Kind::request:
      case model::Kind::payload: return 50;
      case model::Kind::login: return 70;
      case model::Kind::command:
      case model::Kind::download:
      case model::Kind::file: return 90;
      default: return 0;
    }
  }

  Duration expiry_{};
};

}  // namespace

Registered<Detector, AttackSource> const attack_source{"attack_source"};

}  // namespace noroshi::understand
