// Any port: lets the visitor speak first, tells the protocol from its first bytes, hands over where a decoy speaks it,
// and else records what came.
#include "codec/recognise.hpp"
#include "sense/decoy.hpp"
#include "sense/sha256.hpp"

namespace noroshi::sense {
namespace {

/// Long enough for every first message that we know, exploit stages included.
constexpr auto kMaxPayload = std::size_t{4} << 10;
/// Clients of protocols in which the server speaks first wait about so long before they give up.
constexpr auto kFirstBytes = std::chrono::seconds{30};
/// A first message comes in one piece or nearly so; waiting longer would only hold the session.
constexpr auto kQuiet = std::chrono::seconds{3};

/// A decoy is named after the protocol it speaks; what is inside TLS is nearly always HTTP.
auto decoy_for(std::string_view protocol) -> std::string_view {
  if (protocol == "tls") return "https";
  return Registry<Decoy>::instance().contains(protocol) ? protocol : std::string_view{};
}

// Not inlined: an Observation on the coroutine's frame would cost every silent session half a kilobyte.
[[gnu::noinline]] void note_hello(Visit &visit, std::string_view protocol) {
  auto seen = model::Observation{};
  seen.kind = model::Kind::hello;
  seen.set(model::Field::protocol, protocol);
  visit.note(seen);
}

[[gnu::noinline]] void note_payload(Visit &visit, std::string_view bytes, std::string_view protocol) {
  auto digest = Sha256{};
  digest.add(bytes);
  auto const sha256 = digest.hex();
  auto seen = model::Observation{};
  seen.kind = model::Kind::payload;
  seen.set(model::Field::payload, bytes).set(model::Field::sha256, std::string_view{sha256});
  if (!protocol.empty()) seen.set(model::Field::protocol, protocol);
  visit.note(seen);
}

class AnyPort final : public Decoy {
public:
  auto converse(Visit &visit) const -> Task<Result<void>> override {
    CO_TRY(auto bytes, co_await visit.peek(1, kFirstBytes));
    auto recognised = codec::recognise(bytes);
    auto quiet = false;
    while (recognised.more_could_tell && bytes.size() < codec::kRecogniseBytes && !quiet) {
      auto const wanted = bytes.size() + 1;
      CO_TRY(bytes, co_await visit.peek(wanted, kQuiet));
      quiet = bytes.size() < wanted;
      bytes = visit.unread();
      recognised = codec::recognise(bytes);
    }
    if (bytes.empty()) co_return ok;
    if (!recognised.protocol.empty()) note_hello(visit, recognised.protocol);
    if (auto const decoy = decoy_for(recognised.protocol); !decoy.empty()) {
      visit.hand_over(decoy);
      co_return ok;
    }
    CO_TRY(auto const payload, co_await visit.peek(kMaxPayload, quiet ? Duration{} : kQuiet));
    note_payload(visit, payload, recognised.protocol);
    co_return ok;
  }
};

Registered<Decoy, AnyPort> const any_port{"any"};

}  // namespace
}  // namespace noroshi::sense
