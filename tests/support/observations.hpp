// Synthetic observations: seeded, so that a failing test can be run again.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "model/batch.hpp"

namespace noroshi::test {

inline auto observation(std::string_view source, model::Kind kind, std::uint32_t sequence = 0,
                        Time time = Time{std::chrono::seconds{1'790'000'000}}) -> model::Observation {
  auto seen = model::Observation{};
  seen.time = time;
  seen.visit = model::VisitId{0x0199'0000'0000'7000U, 0x8000'0000'0000'0001U};
  seen.sequence = sequence;
  seen.kind = kind;
  seen.source = {*model::IpAddress::parse(source), 40000};
  seen.destination = {*model::IpAddress::parse("203.0.113.7"), 23};
  seen.service = "telnet";
  return seen;
}

/// A batch of `rows` openings from distinct addresses of 198.18.0.0/15, and the (epoch, sequence) given.
inline auto batch_of(std::int64_t sensor, std::uint64_t epoch, std::uint64_t sequence, std::uint32_t rows)
    -> model::Batch {
  auto batch = model::Batch{{sensor}, epoch, sequence, {}};
  for (auto row = std::uint32_t{0}; row < rows; ++row) {
    auto seen = observation("198.18.0.1", model::Kind::opened, row);
    seen.source.address = model::IpAddress::v4(0xc612'0000U + row % 0x1ffff);
    seen.visit = model::VisitId{epoch << 32 | sequence, row};
    model::append_frame(batch.frames, seen);
  }
  return batch;
}

}  // namespace noroshi::test
