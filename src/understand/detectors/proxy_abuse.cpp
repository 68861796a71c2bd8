// Proxy abuse: a visitor takes the decoy for an open proxy: CONNECT, a request for another host's URL, or SOCKS. Where
// it wanted to go is not derived: those are the victims.
#include "base/registry.hpp"
#include "understand/detector.hpp"

namespace noroshi::understand {

namespace {

class ProxyAbuse final : public Detector {
public:
  [[nodiscard]] auto about() const -> DetectorAbout override {
    return {"use of the decoy as an open proxy: CONNECT, another host's URL, SOCKS",
            "request observations with `method` and `path`, hello observations with `protocol`",
            {{"T1090", "Proxy"}}};
  }

  void look_at(DetectorInput const &input, Derived &derived) override {
    auto const &seen = input.observation;
    auto const abused = (seen.kind == model::Kind::request && asks_for_another(input)) ||
                        (seen.kind == model::Kind::hello && seen.text(model::Field::protocol).starts_with("socks"));
    if (abused) add_finding(input, {.confidence = 80, .tag = "attack:T1090"}, derived);
  }

private:
  static auto asks_for_another(DetectorInput const &input) -> bool {
    auto const &seen = input.observation;
    if (seen.text(model::Field::method) == "CONNECT") return true;
    auto target = seen.text(model::Field::path);
    auto const scheme = target.find("://");
    if (target.starts_with('/') || scheme == std::string_view::npos || scheme > 7) return false;
    target.remove_prefix(scheme + 3);
    auto const host = host_of(target.substr(0, target.find_first_of("/?#")));
    auto const address = model::IpAddress::parse(host);
    // The sensor's own address, also the public one behind translation, may be written out in full.
    return address ? *address != seen.destination.address && input.addresses.allows(*address) : host != "localhost";
  }

  /// Without user, port and brackets.
  static auto host_of(std::string_view authority) -> std::string_view {
    authority.remove_prefix(std::min(authority.rfind('@') + 1, authority.size()));
    if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
    return authority.substr(0, authority.rfind(':'));
  }
};

}  // namespace

Registered<Detector, ProxyAbuse> const proxy_abuse{"proxy_abuse"};

}  // namespace noroshi::understand
