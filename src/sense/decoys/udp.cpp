// UDP: records what a datagram holds and which protocol it speaks. Nothing is answered: senders' addresses can be
// forged, and an answer would reach whoever was named (amplification).
#include <fmt/format.h>

#include "codec/recognise_datagram.hpp"
#include "sense/decoy.hpp"
#include "sense/sha256.hpp"

namespace noroshi::sense {
namespace {

/// Longer than any datagram.
constexpr auto kWholeDatagram = std::size_t{64} << 10;
/// Kept of it; size and hash are of the whole.
constexpr auto kMaxPayload = std::size_t{4} << 10;

void note_payload(Visit &visit, std::string_view bytes) {
  auto const recognised = codec::recognise_datagram(bytes);
  auto digest = Sha256{};
  digest.add(bytes);
  auto const sha256 = digest.hex();
  auto const asks = recognised.asks.empty() ? std::string{} : fmt::format(R"(,"asks":"{}")", recognised.asks);
  auto const extra = fmt::format(R"({{"size":{}{}}})", bytes.size(), asks);
  auto seen = model::Observation{};
  seen.kind = model::Kind::payload;
  seen.extra = extra;
  seen.set(model::Field::payload, bytes.substr(0, kMaxPayload)).set(model::Field::sha256, std::string_view{sha256});
  if (!recognised.protocol.empty()) seen.set(model::Field::protocol, recognised.protocol);
  visit.note(seen);
}

class Udp final : public Decoy {
public:
  [[nodiscard]] auto transport() const -> model::Transport override { return model::Transport::udp; }

  auto converse(Visit &visit) const -> Task<Result<void>> override {
    CO_TRY(auto const first, co_await visit.peek(1, std::chrono::minutes{1}));
    if (first.empty()) co_return ok;
    CO_TRY(auto const bytes, co_await visit.peek(kWholeDatagram, Duration{}));
    note_payload(visit, bytes);
    co_return ok;
  }
};

Registered<Decoy, Udp> const udp{"udp"};

}  // namespace
}  // namespace noroshi::sense
