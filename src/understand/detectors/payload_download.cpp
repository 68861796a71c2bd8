// Payload download: a visitor tells the decoy to fetch a file, or leaves one behind. That says something sure about the
// visitor; the URL, the host in it and the hash are text of an attacker's choosing, so they are marked as claimed and
// are never fit for blocking by themselves.
#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

class PayloadDownload final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"a file that the decoy was told to fetch, or that was left behind",
            "download and file observations, with `url` or `sha256`",
            {{"T1105", "Ingress Tool Transfer"}}};
  }

  auto configure(Config const &config) -> Result<void> override {
    expiry_ = config.get(kClaimExpiry);
    return ok;
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    if (seen.kind != model::Kind::download && seen.kind != model::Kind::file) return;
    add_finding(input, {.confidence = 90, .tag = kTag}, derived);
    // A request's own target names the decoy, not the attacker's server, so only what is to be fetched counts.
    if (seen.kind == model::Kind::download && seen.has(model::Field::url)) add_url(input, derived);
    // A decoy of ours fetches nothing; an imported log may tell what a download turned out to be.
    if (seen.has(model::Field::sha256))
      if (auto const hash = model::canonical(model::ValueType::sha256, seen.text(model::Field::sha256)); hash)
        derived.add(*hash, claim(input));
  }

private:
  static constexpr auto kTag = std::string_view{"attack:T1105"};

  /// What a URL as typed names. Campaigns type the same one thousands of times, and canonical forms cost microseconds.
  struct Named {
    std::string typed;
    std::vector<model::Value> values;
    std::optional<model::IpAddress> address;  // of the host
  };
  static constexpr auto kRemembered = std::size_t{1024};

  void add_url(DetectorInput const &input, Derived &derived) {
    auto const typed = input.observation.text(model::Field::url);
    auto &named = remembered_[std::hash<std::string_view>{}(typed) % kRemembered];
    if (named.typed != typed) named = name(typed);
    auto const context = claim(input);
    for (auto const &value : named.values)
      if (value.type != model::ValueType::ip || input.addresses.allows(*named.address)) derived.add(value, context);
  }

  static auto name(std::string_view typed) -> Named {
    auto named = Named{std::string{typed}, {}, {}};
    auto url = model::canonical(model::ValueType::url, typed);
    if (!url) return named;  // what cannot be a URL stays an observation
    auto const host_text = std::string{model::split_url(url->text).host};
    named.values.push_back(*std::move(url));
    auto host = model::parse_value(host_text);
    if (!host || (host->type != model::ValueType::ip && host->type != model::ValueType::domain)) return named;
    if (host->type == model::ValueType::ip) {
      auto const address = model::IpAddress::parse(host->text);
      if (!address) return named;
      named.address = *address;
    }
    named.values.push_back(*std::move(host));
    return named;
  }

  [[nodiscard]] auto claim(DetectorInput const &input) const -> model::Context {
    auto const &seen = input.observation;
    auto context = model::Context{};
    context.source = input.source;
    context.attribute = std::string{"decoy/"}.append(seen.service);
    context.role = model::Role::download;
    context.direction = model::Direction::outbound;
    context.evidence = model::Evidence::claimed;
    context.collected_by = input.collected_by;
    context.first_seen = context.last_seen = seen.time;
    context.confidence = 30;
    context.tags.emplace_back(kTag);
    context.expiry = seen.time + expiry_;
    return context;
  }

  Duration expiry_{};
  std::vector<Named> remembered_ = std::vector<Named>(kRemembered);
};

}  // namespace

Registered<Detector, PayloadDownload> const payload_download{"payload_download"};

}  // namespace noroshi::understand
