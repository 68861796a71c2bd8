// What visitors say: URLs they want fetched, the hosts in them, hashes of what they left behind. All of it is text of
// an attacker's choosing, so it is marked as claimed and never fit for blocking by itself.
#include <fmt/format.h>

#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

class ClaimedPayload final : public Detector {
public:
  void configure(Config const &config) override { expiry_ = config.get(kClaimExpiry); }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    // A request's own target names the decoy, not the attacker's server, so only what is to be fetched counts.
    if (seen.kind == model::Kind::download && seen.has(model::Field::url)) add_url(input, derived);
    if (seen.kind == model::Kind::file && seen.has(model::Field::sha256))
      if (auto hash = model::canonical(model::ValueType::sha256, seen.text(model::Field::sha256)); hash)
        derived.add(*std::move(hash), claim(input));
  }

private:
  void add_url(DetectorInput const &input, Derived &derived) {
    auto url = model::canonical(model::ValueType::url, input.observation.text(model::Field::url));
    if (!url) return;  // what cannot be a URL stays an observation
    auto const host_text = std::string{model::split_url(url->text).host};
    derived.add(*std::move(url), claim(input));
    auto host = model::parse_value(host_text);
    if (!host || (host->type != model::ValueType::ip && host->type != model::ValueType::domain)) return;
    if (host->type == model::ValueType::ip) {
      auto const address = model::IpAddress::parse(host->text);
      if (!address || !input.addresses.allows(*address)) return;
    }
    derived.add(*std::move(host), claim(input));
  }

  [[nodiscard]] auto claim(DetectorInput const &input) const -> model::Context {
    auto const &seen = input.observation;
    auto context = model::Context{};
    context.source = input.source;
    context.attribute = fmt::format("decoy/{}", seen.service);
    context.role = model::Role::download;
    context.direction = model::Direction::outbound;
    context.evidence = model::Evidence::claimed;
    context.collected_by = model::CollectedBy::decoy;
    context.first_seen = context.last_seen = seen.time;
    context.confidence = 30;
    context.expiry = seen.time + expiry_;
    return context;
  }

  Duration expiry_{};
};

}  // namespace

Registered<Detector, ClaimedPayload> const claimed_payload{"claimed_payload"};

}  // namespace noroshi::understand
