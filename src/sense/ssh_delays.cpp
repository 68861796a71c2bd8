#include "sense/ssh_delays.hpp"

#include <fmt/format.h>

namespace noroshi::sense {
namespace {

constexpr auto kMostDelay = std::int64_t{30'000};  // milliseconds
constexpr auto kMostDraws = std::int64_t{4};       // of 16 bits each
constexpr auto kDrawBits = 16U;
constexpr auto kOwnLeast = std::chrono::duration_cast<Duration>(std::chrono::microseconds{5'000});
constexpr auto kOwnSpan = std::uint64_t{4'200};  // microseconds

auto between(Persona const &persona, std::string_view key, std::int64_t least, std::int64_t otherwise,
             std::int64_t most) -> Result<std::int64_t> {
  TRY(auto const number, persona.number(key, otherwise));
  if (number < least || number > most)
    return fail(ErrorCode::malformed, "persona {}: {} is {} to {}", persona.name(), key, least, most);
  return number;
}

}  // namespace

auto SshDelays::create(Persona const &persona) -> Result<SshDelays> {
  auto delays = SshDelays{};
  delays.secret_ = persona.secret();
  auto const read = [&](std::string_view step, Duration &into, std::int64_t least, std::int64_t otherwise) {
    auto number = between(persona, fmt::format("ssh.{}_ms", step), least, otherwise, kMostDelay);
    if (number) into = std::chrono::milliseconds{*number};
    return number;
  };
  TRY_VOID(read("greeting_delay", delays.greeting, 0, 0));
  TRY_VOID(read("kex_delay", delays.kex, 0, 0));
  TRY_VOID(read("login_delay", delays.login, 0, 0));
  TRY_VOID(read("session_delay", delays.session, 0, 0));
  TRY(auto const least, read("fail_delay", delays.least_refusal_, 0, 2'000));
  TRY_VOID(read("fail_delay_max", delays.most_refusal_, least, least));
  TRY(delays.draws_, between(persona, "ssh.fail_delay_draws", 1, 1, kMostDraws));
  TRY(auto const doubles, between(persona, "ssh.fail_delay_doubles", 0, 0, 1));
  delays.doubles_ = doubles == 1;
  return delays;
}

auto SshDelays::of_refusal(std::uint64_t random) const -> Duration {
  constexpr auto kEnd = 1U << kDrawBits;
  auto sum = std::uint64_t{0};
  for (auto i = std::int64_t{0}; i < draws_; ++i, random >>= kDrawBits) sum += random % kEnd;
  auto const share = static_cast<double>(sum) / static_cast<double>(kEnd * static_cast<std::uint64_t>(draws_));
  return least_refusal_ + std::chrono::duration_cast<Duration>((most_refusal_ - least_refusal_) * share);
}

auto SshDelays::until_refusal(Duration spent, std::string_view user) const -> Duration {
  if (!doubles_) return spent;
  auto const own = secret_.hash(fmt::format("ssh refusal {}", user)) % kOwnSpan;
  auto whole = kOwnLeast + std::chrono::duration_cast<Duration>(std::chrono::microseconds{own});
  while (whole < spent) whole *= 2;
  return whole;
}

}  // namespace noroshi::sense
