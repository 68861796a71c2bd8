// Attack sources: whoever completed a handshake with a decoy. How far the visitor went sets the confidence: nobody has
// business at a decoy, but a stray connection proves less than a typed command.
#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

class AttackSource final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"whoever completed a handshake with a decoy", "any observation of a TCP visit", {}};
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const kind = input.observation.kind;
    auto const confidence = confidence_of(kind);
    if (confidence == 0) return;
    auto const sessions = std::uint64_t{kind == model::Kind::opened ? 1U : 0U};
    add_finding(input, {.confidence = confidence, .tag = {}, .sessions = sessions}, derived);
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
};

}  // namespace

Registered<Detector, AttackSource> const attack_source{"attack_source"};

}  // namespace noroshi::understand
