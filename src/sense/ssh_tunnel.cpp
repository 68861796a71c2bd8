#include "sense/ssh_tunnel.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/text.hpp"

namespace noroshi::sense {
namespace {

/// Kept of what nobody understands.
constexpr auto kMaxFirst = std::size_t{4} << 10;
constexpr auto kMaxText = std::size_t{256};
/// By these many bytes every protocol is known.
constexpr auto kMaxUnknown = std::size_t{64};
/// Of the machine itself: its own door, and those behind which visitors look for a service that only it may use.
constexpr auto kOwnPorts = std::to_array<std::uint32_t>({22, 25, 80, 443, 587, 3128, 8080, 8443});

class Tunnel final : public SshProgram {
public:
  explicit Tunnel(TunnelTarget target) : target_(std::move(target)) {}

  auto take(std::string_view bytes, SshReply &reply, Visit &visit) -> std::size_t override {
    if (!std::exchange(has_begun_, true)) greet(reply, visit);
    auto taken = std::size_t{0};
    if (!protocol_ && !is_unknown_ && !bytes.empty() && !choose(bytes)) return 0;
    if (protocol_)
      taken = protocol_->take(bytes, target_, reply, visit);
    else
      taken = bytes.size();  // a server that has nothing to say
    first_ += bytes.substr(0, std::min(taken, kMaxFirst - std::min(kMaxFirst, first_.size())));
    return taken;
  }

  void take_end(SshReply &reply, Visit & /*visit*/) override { reply.is_over = true; }

  void finish(Visit &visit) override {
    if (protocol_ && protocol_->finish(target_, visit)) return;
    if (first_.empty()) return;
    auto const host = lossless_utf8(std::string_view{target_.host}.substr(0, kMaxText));
    auto const extra = boost::json::serialize(boost::json::object{{"host", host}, {"port", target_.port}});
    auto seen = model::Observation{};
    seen.kind = model::Kind::payload;
    seen.extra = extra;
    seen.set(model::Field::protocol, std::string_view{"ssh"}).set(model::Field::payload, std::string_view{first_});
    visit.note(seen);
  }

private:
  void greet(SshReply &reply, Visit &visit) {
    for (auto const &name : Registry<TunnelProtocol>::instance().names()) {
      auto protocol = Registry<TunnelProtocol>::instance().create(name);
      if (protocol_ || !protocol->greets_at(target_.port)) continue;
      protocol->greet(target_, reply, visit);
      protocol_ = std::move(protocol);
    }
  }

  /// False while it is not clear.
  auto choose(std::string_view bytes) -> bool {
    auto is_clear = true;
    for (auto const &name : Registry<TunnelProtocol>::instance().names()) {
      auto protocol = Registry<TunnelProtocol>::instance().create(name);
      auto const fits = protocol->fits(bytes);
      if (fits == TunnelProtocol::Fits::maybe && bytes.size() < kMaxUnknown) is_clear = false;
      if (fits != TunnelProtocol::Fits::yes) continue;
      protocol_ = std::move(protocol);
      return true;
    }
    is_unknown_ = is_clear;
    return is_clear;
  }

  TunnelTarget target_;
  std::unique_ptr<TunnelProtocol> protocol_;
  std::string first_;
  bool has_begun_ = false, is_unknown_ = false;
};

}  // namespace

auto through(TunnelTarget const &target) -> std::string {
  return fmt::format("direct-tcpip {}:{}", lossless_utf8(std::string_view{target.host}.substr(0, kMaxText)),
                     target.port);
}

auto tunnel_failure(TunnelTarget const &target, bool names_unresolved) -> std::string {
  auto const host = std::string_view{target.host};
  // RFC 6761 section 6.4.
  constexpr auto kUnresolved = std::string_view{"Name or service not known"};
  if (host.ends_with(".invalid") || host.ends_with(".invalid."))
    return names_unresolved
               ? fmt::format("Error resolving '{}' port '{}'. {}", host.substr(0, kMaxText), target.port, kUnresolved)
               : std::string{kUnresolved};
  auto const is_own = host.starts_with("127.") || host == "localhost" || host == "::1";
  if (is_own && std::ranges::find(kOwnPorts, target.port) == kOwnPorts.end()) return "Connection refused";
  return {};
}

auto make_tunnel(TunnelTarget target) -> std::unique_ptr<SshProgram> {
  return std::make_unique<Tunnel>(std::move(target));
}

}  // namespace noroshi::sense
