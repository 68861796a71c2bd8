// Log-in success: credentials that the decoy took. With a decoy's guessable pairs that is a guess that came true.
#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

class LoginSuccess final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"a log-in that the decoy accepted", "login observations with `accepted`", {{"T1078", "Valid Accounts"}}};
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    if (seen.kind != model::Kind::login || seen.number(model::Field::accepted) == 0) return;
    add_finding(input, {.confidence = 80, .tag = "attack:T1078"}, derived);
  }
};

}  // namespace

Registered<Detector, LoginSuccess> const login_success{"login_success"};

}  // namespace noroshi::understand
