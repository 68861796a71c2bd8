#include "sense/source_limits.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using Verdict = SourceLimits::Verdict;

auto address(std::string_view text) -> model::IpAddress { return *model::IpAddress::parse(text); }

}  // namespace

TEST_CASE("a source holds so many sessions at once, and more when some have ended") {
  auto limits = SourceLimits{{3, 0}};
  auto const now = std::chrono::steady_clock::now();
  auto tickets = std::vector<SourceLimits::Ticket>{};
  for (auto i = 0; i < 3; ++i) {
    auto const admission = limits.admit(address("192.0.2.1"), now);
    CHECK(admission.verdict == Verdict::admitted);
    tickets.push_back(admission.ticket);
  }
  CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::too_many);
  CHECK(limits.admit(address("192.0.2.2"), now).verdict == Verdict::admitted);
  limits.release(tickets.back());
  CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::admitted);
}

TEST_CASE("a source begins so many sessions a minute, and gets its share back as time passes") {
  auto limits = SourceLimits{{1'000, 60}};
  auto now = std::chrono::steady_clock::now() + std::chrono::hours{1};
  for (auto i = 0; i < 60; ++i) CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::admitted);
  CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::too_fast);
  now += std::chrono::seconds{2};
  CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::admitted);
  CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::admitted);
  CHECK(limits.admit(address("192.0.2.1"), now).verdict == Verdict::too_fast);
}

TEST_CASE("all addresses of an IPv6 /64 are one source, its neighbours others") {
  auto limits = SourceLimits{{1, 0}};
  auto const now = std::chrono::steady_clock::now();
  CHECK(limits.admit(address("2001:db8::1"), now).verdict == Verdict::admitted);
  CHECK(limits.admit(address("2001:db8::ffff:2"), now).verdict == Verdict::too_many);
  CHECK(limits.admit(address("2001:db8:0:1::1"), now).verdict == Verdict::admitted);
}

TEST_CASE("a million quiet sources use no more memory, and do not push out an active one") {
  auto limits = SourceLimits{{1, 0}};
  auto const now = std::chrono::steady_clock::now();
  CHECK(limits.admit(address("203.0.113.9"), now).verdict == Verdict::admitted);
  for (auto i = std::uint32_t{0}; i < 1'000'000; ++i) {
    auto const admission = limits.admit(model::IpAddress::v4(0x0a00'0000 + i), now);
    if (admission.verdict == Verdict::admitted) limits.release(admission.ticket);
  }
  CHECK(limits.admit(address("203.0.113.9"), now).verdict == Verdict::too_many);
}
