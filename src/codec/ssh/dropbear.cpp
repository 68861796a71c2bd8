// How Dropbear's server answers (measured with 2022.83; what 2015 did otherwise follows its source history).
#include <algorithm>
#include <array>

#include "codec/ssh/manners.hpp"

namespace noroshi::codec::ssh {
namespace {

// The client's version may have so many characters; what goes on behind them is read as a packet.
constexpr auto kMostVersionBytes = std::size_t{255};
constexpr auto kLastBeforeLogin = 60U;  // a message with a higher number ends a connection that nobody logged in to
constexpr auto kLastOfTransport = 49U;

/// Says nothing, and goes: whatever is wrong, the connection just ends.
class Dropbear : public Manners {
public:
  [[nodiscard]] auto of(Offence /*offence*/, std::string_view /*detail*/) const -> Farewell override { return {}; }
  [[nodiscard]] auto of(PacketFault /*fault*/, unsigned /*padding*/) const -> Farewell override { return {}; }

  /// Carriage returns are left out wherever they stand; what follows a zero is no part of it.
  [[nodiscard]] auto read_version(std::string_view bytes) const -> VersionLine override {
    auto line = std::string{};
    for (auto at = std::size_t{0}; at < bytes.size(); ++at) {
      auto const ends = bytes[at] == '\n';
      if (!ends && bytes[at] != '\r') line.push_back(bytes[at]);
      if (!ends && line.size() < kMostVersionBytes) continue;
      line.resize(std::min(line.find('\0'), line.size()));
      return {VersionLine::State::whole, std::move(line), at + 1};
    }
    return {};
  }
  [[nodiscard]] auto judge_version(std::string_view line) const -> std::optional<Offence> override {
    if (line.starts_with("SSH-2.") || line.starts_with("SSH-1.99-")) return std::nullopt;
    return Offence::version_number;
  }
  [[nodiscard]] auto lines_before_version() const -> unsigned override { return 0; }
  [[nodiscard]] auto proposes_first() const -> bool override { return true; }
  [[nodiscard]] auto packets() const -> PacketHabits const & override {
    static constexpr auto habits = PacketHabits{.most_length = 35'000,
                                                .most_whole = 35'000,
                                                .least_length = 1,
                                                .least_padding = 0,
                                                .most_payload = 32'789,
                                                .most_inflated = 32'768,
                                                .least_sent = 16,
                                                .pads_with_zeros = false,
                                                .flushes_wholly = true};
    return habits;
  }
  [[nodiscard]] auto trailing() const -> Trailing override { return Trailing::ignored; }
  [[nodiscard]] auto most_names() const -> std::size_t override { return 50; }

  [[nodiscard]] auto fate(Message number, Moment const &moment) const -> Fate override {
    auto const is_small_talk =
        number == Message::ignore || number == Message::debug || number == Message::unimplemented;
    if (is_small_talk && !moment.is_strict) return Fate::ignored;
    if (moment.awaited && *moment.awaited != number) return out_of_turn(number, moment);
    if (moment.awaited) return Fate::read;
    if (!moment.is_logged_in && static_cast<unsigned>(number) > kLastBeforeLogin) return Fate::fatal;
    switch (number) {
      case Message::kexinit:
      case Message::service_request: return Fate::read;
      case Message::newkeys:
      case Message::kex_first: return Fate::fatal;
      case Message::auth_request: return moment.is_logged_in ? Fate::ignored : Fate::read;
      default: return moment.is_logged_in ? behind_login(number) : Fate::unimplemented;
    }
  }
  [[nodiscard]] auto least_dh_bits() const -> int override { return 1; }
  [[nodiscard]] auto leaves_unread() const -> Unread override { return Unread::anything; }
  [[nodiscard]] auto loses_unsent() const -> bool override { return false; }

  [[nodiscard]] auto wants_service() const -> bool override { return false; }
  [[nodiscard]] auto serves(std::string_view service, bool is_logged_in) const -> bool override {
    return service == "ssh-userauth" || (is_logged_in && service == "ssh-connection");
  }
  /// It compares the length, or else the beginning.
  [[nodiscard]] auto logs_in_to(std::string_view service) const -> bool override {
    constexpr auto kService = std::string_view{"ssh-connection"};
    return service.size() == kService.size() || service.starts_with(kService);
  }
  [[nodiscard]] auto most_user_bytes() const -> std::size_t override { return 100; }
  [[nodiscard]] auto most_password_bytes() const -> std::size_t override { return 100; }
  [[nodiscard]] auto may_change_user() const -> bool override { return false; }
  /// A key that is not known costs nothing, and is answered at once.
  [[nodiscard]] auto refusal(std::string_view method, bool /*is_offered*/, bool /*is_first*/) const
      -> RefusalCost override {
    auto const costs = method != "none" && method != "publickey";
    return {.counts = costs, .waits = costs};
  }

  [[nodiscard]] auto channels() const -> ChannelHabits const & override {
    static constexpr auto kWindow = std::uint32_t{24'576};
    static constexpr auto habits = ChannelHabits{.session_window = kWindow,
                                                 .program_window = 0,
                                                 .tunnel_window = kWindow,
                                                 .most_packet = 32'759,
                                                 .most_window = 500'000'000,
                                                 .clamps_window = true,
                                                 .extended_after = kWindow / 3,
                                                 .most_open = 1'000,
                                                 .too_many = 4,
                                                 .unknown_type = 3,
                                                 .failure_text = "",
                                                 .reuses_numbers = true,
                                                 .heeds_last_session = false,
                                                 .always_tells_port = true,
                                                 .is_strict = true,
                                                 .empty_eof_closes = true,
                                                 .resizes_any_session = false,
                                                 .reads_in_steps = false,
                                                 .close_awaits_program = false,
                                                 .greets_pipes = false,
                                                 .names_unresolved = true};
    return habits;
  }

private:
  static auto out_of_turn(Message number, Moment const &moment) -> Fate {
    auto const value = static_cast<unsigned>(number);
    auto const is_polite = value >= 1 && value <= kLastOfTransport && number != Message::service_request &&
                           number != Message::service_accept && number != Message::kexinit;
    return is_polite && !moment.is_strict ? Fate::unimplemented : Fate::fatal;
  }
  static auto behind_login(Message number) -> Fate {
    switch (number) {
      case Message::global_request:
      case Message::channel_open:
      case Message::channel_window_adjust:
      case Message::channel_data:
      case Message::channel_eof:
      case Message::channel_close:
      case Message::channel_request: return Fate::read;
      case Message::request_success:
      case Message::request_failure:
      case Message::channel_success:
      case Message::channel_failure: return Fate::ignored;
      case Message::channel_open_confirmation:
      case Message::channel_open_failure: return Fate::fatal;  // nothing was opened that this could answer
      default: return Fate::unimplemented;
    }
  }
};

/// Before 2018.
class OldDropbear final : public Dropbear {
public:
  [[nodiscard]] auto lines_before_version() const -> unsigned override { return 49; }
  [[nodiscard]] auto most_names() const -> std::size_t override { return std::numeric_limits<std::size_t>::max(); }
  [[nodiscard]] auto most_password_bytes() const -> std::size_t override { return 9'000; }
  [[nodiscard]] auto may_change_user() const -> bool override { return true; }
};

}  // namespace

auto dropbear_manners() -> Manners const & {
  static Dropbear const manners;
  return manners;
}

auto old_dropbear_manners() -> Manners const & {
  static OldDropbear const manners;
  return manners;
}

}  // namespace noroshi::codec::ssh
