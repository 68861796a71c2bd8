// POST /peer/v1/enrol {"secret": hexadecimal}: a one-time code is used up, and the key that this connection proved to
// hold is the sensor's from now on. The one thing that a stranger may ask here.
#include <mutex>

#include "base/bytes.hpp"
#include "codec/enrolment_code.hpp"
#include "search/json_writer.hpp"
#include "serve/body.hpp"
#include "serve/peer_router.hpp"
#include "serve/reply.hpp"

namespace noroshi::serve {
namespace {

// 160 bits cannot be guessed; this keeps a stranger from filling the audit and the disk below it.
constexpr auto kRefusalsAnAddress = 5U;
constexpr auto kRefusals = 50U;
constexpr auto kWindow = std::chrono::minutes{1};

/// Counts refused attempts, from each address and in all, in windows of a minute. At most kRefusals addresses are held.
class Attempts {
public:
  auto may_try(model::IpAddress from, std::chrono::steady_clock::time_point now) -> bool {
    auto const lock = std::lock_guard{mutex_};
    if (now - began_ > kWindow) {
      began_ = now;
      refused_.clear();
      all_ = 0;
    }
    auto const found = refused_.find(from);
    return all_ < kRefusals && (found == refused_.end() || found->second < kRefusalsAnAddress);
  }
  void refuse(model::IpAddress from) {
    auto const lock = std::lock_guard{mutex_};
    ++all_;
    ++refused_[from];
  }

private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point began_{};
  std::map<model::IpAddress, unsigned> refused_;
  unsigned all_ = 0;
};

class Enrol final : public PeerEndpoint {
public:
  [[nodiscard]] auto is_for_strangers() const -> bool override { return true; }

  auto answer(PeerCall const &call) -> Result<net::HttpResponse> override {
    auto const from = call.request.peer;
    if (!attempts_.may_try(from, call.services.clock.steady()))
      return fail(ErrorCode::unavailable, "too many enrolment codes were refused in the last minute; try again later");
    TRY(auto const document, parse_object(call.request.body, {"secret"}));
    TRY(auto const hex, text_member(document.get_object(), "secret", Presence::required));
    TRY(auto const secret, from_hex(hex));
    auto const joined =
        call.services.registry.join_sensor(codec::sha256(secret), *call.request.peer_key, "peer " + from.to_string());
    if (!joined && joined.error().code == ErrorCode::denied) attempts_.refuse(from);
    if (!joined) return joined.error();
    auto body = std::string{};
    auto json = search::JsonWriter{body};
    json.begin_object().member("sensor", joined->name).end_object();
    return json_reply(std::move(body));
  }

private:
  Attempts attempts_;
};

Registered<PeerEndpoint, Enrol> const enrol{"POST /peer/v1/enrol"};

}  // namespace
}  // namespace noroshi::serve
