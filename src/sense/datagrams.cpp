#include "sense/datagrams.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <algorithm>
#include <cstring>

#include "base/metrics.hpp"
#include "sense/socket_address.hpp"
#include "sense/visit.hpp"

namespace noroshi::sense {
namespace {

/// Read with one system call, before others get their turn.
constexpr auto kBatch = std::size_t{32};
/// Kept of a datagram: more than any network carries in one piece; a longer one is recorded as cut.
constexpr auto kMaxDatagram = std::size_t{9216};
/// Room for IPV6_PKTINFO and SO_RXQ_OVFL.
constexpr auto kMaxControl = std::size_t{128};

Counter const received{"noroshi_datagrams_total", "UDP datagrams recorded."};
Counter const over_source{"noroshi_datagrams_dropped_total", "UDP datagrams not recorded, by cap.", "cap",
                          "source_rate"};
Counter const over_rate{"noroshi_datagrams_dropped_total", "UDP datagrams not recorded, by cap.", "cap", "rate"};
Counter const over_kernel{"noroshi_datagrams_dropped_total", "UDP datagrams not recorded, by cap.", "cap", "kernel"};
Counter const cut{"noroshi_datagrams_cut_total", "UDP datagrams of which the beginning was recorded."};

/// One datagram as a stream: its bytes, then the end. Nothing can be written to it, whatever a decoy tries.
class OneDatagram final : public Stream {
public:
  explicit OneDatagram(std::string_view bytes) : left_(bytes) {}
  auto try_read(char *to, std::size_t size) -> StreamStep override {
    if (left_.empty()) return {StreamStep::State::closed, 0};
    auto const moved = left_.copy(to, size);
    left_.remove_prefix(moved);
    return {StreamStep::State::done, moved};
  }
  auto try_write(std::string_view /*bytes*/) -> StreamStep override { return {StreamStep::State::failed, 0}; }
  void when_readable(StreamWaiter & /*waiter*/) override {}
  void when_writable(StreamWaiter & /*waiter*/) override {}

private:
  std::string_view left_;
};

/// The loop's services for a visit that lives on the stack: it never waits, and nobody needs to hear that it ended.
class BriefHost final : public VisitHost {
public:
  explicit BriefHost(VisitHost &loop) : loop_(loop) {}
  [[nodiscard]] auto clock() const -> Clock const & override { return loop_.clock(); }
  auto frame_arena() -> FrameArena & override { return loop_.frame_arena(); }
  auto lend_buffer() -> std::string override { return loop_.lend_buffer(); }
  void take_back(std::string buffer) override { loop_.take_back(std::move(buffer)); }
  auto spool(std::string_view frames, std::uint64_t count) -> bool override { return loop_.spool(frames, count); }
  void wake(Visit & /*visit*/, std::chrono::steady_clock::time_point /*when*/) override {}
  void visit_ended(Visit & /*visit*/) override { ended_ = true; }
  auto random() -> std::uint64_t override { return loop_.random(); }
  [[nodiscard]] auto decoy(std::string_view /*name*/) const -> Decoy const * override { return nullptr; }
  void unknown_command(std::string_view command) override { loop_.unknown_command(command); }
  [[nodiscard]] auto ended() const -> bool { return ended_; }

private:
  VisitHost &loop_;
  bool ended_ = false;
};

/// What the kernel says beside a datagram.
struct Beside {
  std::optional<model::IpAddress> destination;
  std::optional<std::uint32_t> overflowed;
};

auto read_beside(msghdr &header) -> Beside {
  auto beside = Beside{};
  for (auto *part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      auto info = in_pktinfo{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      beside.destination = model::IpAddress::v4(ntohl(info.ipi_addr.s_addr));
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      auto info = in6_pktinfo{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      auto bytes = std::array<std::uint8_t, 16>{};
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      beside.destination = model::IpAddress::from_bytes(bytes);
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
      auto count = std::uint32_t{};
      std::memcpy(&count, CMSG_DATA(part), sizeof count);
      beside.overflowed = count;
    }
  }
  return beside;
}

}  // namespace

auto TokenBucket::take(std::chrono::steady_clock::time_point now) -> bool {
  auto const elapsed = std::min<std::chrono::steady_clock::duration>(now - filled_, std::chrono::seconds{1});
  auto const fresh = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count() * per_second_ / 1'000'000;
  if (fresh > 0) {
    left_ = std::min(per_second_, left_ + fresh);
    filled_ = now;
  }
  if (left_ == 0) return false;
  --left_;
  return true;
}

struct DatagramDoor::Batch {
  std::array<std::array<char, kMaxDatagram>, kBatch> bytes;
  std::array<SocketAddress, kBatch> sources;
  alignas(cmsghdr) std::array<std::array<char, kMaxControl>, kBatch> control;
  std::array<iovec, kBatch> pieces{};
  std::array<mmsghdr, kBatch> messages{};

  auto receive(int socket) -> int {
    for (auto i = std::size_t{0}; i < kBatch; ++i) {
      pieces[i] = {bytes[i].data(), kMaxDatagram};
      auto &header = messages[i].msg_hdr;
      header = {};
      header.msg_name = sources[i].get();
      header.msg_namelen = *sources[i].room();
      header.msg_iov = &pieces[i];
      header.msg_iovlen = 1;
      header.msg_control = control[i].data();
      header.msg_controllen = kMaxControl;
    }
    return ::recvmmsg(socket, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  }
};

DatagramDoor::DatagramDoor(VisitHost &loop, Grounds &grounds, int socket, ListenerSpec const &spec)
    : loop_(loop),
      grounds_(grounds),
      socket_(socket),
      spec_(spec),
      service_(grounds.cast.service(spec.decoy)),
      wardrobe_(grounds.cast, grounds.secret, spec),
      bucket_(grounds.datagram_rate),
      limits_(grounds.limits),
      batch_(std::make_unique<Batch>()) {
  limits_.bytes_out = 0;
}

DatagramDoor::~DatagramDoor() = default;

void DatagramDoor::receive() {
  auto const count = batch_->receive(socket_);
  for (auto i = std::size_t{0}; count > 0 && i < static_cast<std::size_t>(count); ++i) {
    auto &message = batch_->messages[i];
    auto const beside = read_beside(message.msg_hdr);
    if (beside.overflowed && *beside.overflowed != overflowed_)
      over_kernel.add(*beside.overflowed - std::exchange(overflowed_, *beside.overflowed));
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) cut.add();
    auto const source = batch_->sources[i].endpoint();
    if (!admit(source.address)) continue;
    record({batch_->bytes[i].data(), message.msg_len}, source, beside.destination.value_or(spec_.endpoint.address));
  }
}

auto DatagramDoor::admit(model::IpAddress const &source) -> bool {
  auto const now = std::chrono::steady_clock::now();
  auto const admission = grounds_.sources.admit(source, now);
  if (admission.verdict != SourceLimits::Verdict::admitted) {
    over_source.add();
    return false;
  }
  grounds_.sources.release(admission.ticket);  // it is over at once: only the rate counts
  if (bucket_.take(now)) return true;
  over_rate.add();
  return false;
}

void DatagramDoor::record(std::string_view bytes, model::Endpoint const &source, model::IpAddress const &destination) {
  auto const &choice = wardrobe_.at(destination);
  auto host = BriefHost{loop_};
  auto stream = OneDatagram{bytes};
  auto const encounter = Encounter{source,
                                   {destination, spec_.endpoint.port},
                                   model::Uuid::v7(grounds_.clock.now(), loop_.random(), loop_.random()),
                                   model::Transport::udp,
                                   choice.persona};
  auto visit = Visit{host, stream, encounter, limits_, *choice.decoy, service_};
  visit.start();
  if (!host.ended()) visit.stop();  // a decoy that waits for more waits in vain
  received.add();
}

}  // namespace noroshi::sense
