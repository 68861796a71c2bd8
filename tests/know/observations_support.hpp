// What the observation store's tests share: folders, viewers, made-up observations, opening and applying.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "know/observation_store.hpp"
#include "model/batch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace noroshi::know::testing {

using Folder = test::TemporaryFolder;

/// All bytes of all files but the keys.
inline auto all_bytes(Folder const &folder) -> std::string {
  auto all = std::ostringstream{};
  for (auto const &entry : std::filesystem::recursive_directory_iterator{folder.path()})
    if (entry.is_regular_file() && entry.path().parent_path().filename() != "keys")
      all << std::ifstream{entry.path()}.rdbuf();
  return std::move(all).str();
}
/// Names of the files in `folder`/`below`, in order.
inline auto files(Folder const &folder, std::string_view below) -> std::vector<std::string> {
  auto names = std::vector<std::string>{};
  for (auto const &entry : std::filesystem::directory_iterator{folder / below})
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

inline auto viewer(model::UserRole role) -> model::Viewer { return {{1}, "test", role, {1}}; }
inline auto const kAnalyst = viewer(model::UserRole::analyst);
inline auto const kReader = viewer(model::UserRole::reader);

inline auto day(int number) -> Day { return Day{std::chrono::year{2026} / 11 / 1} + std::chrono::days{number - 1}; }
inline auto at(int day_number, std::int64_t micros = 0) -> Time { return Time{day(day_number)} + Duration{micros}; }

inline auto options_in(Folder const &folder) -> ObservationStoreOptions {
  auto options = ObservationStoreOptions{};
  options.directory = folder.path();
  return options;
}
inline auto open(ObservationStoreOptions options) -> std::unique_ptr<model::ObservationStore> {
  auto store = open_observation_store(std::move(options));
  INFO((store ? std::string{} : store.error().sentence));
  REQUIRE(store);
  return *std::move(store);
}

template <class T>
auto value_of(Result<T> result) -> T {
  INFO((result ? std::string{} : result.error().sentence));
  REQUIRE(result);
  return *std::move(result);
}
inline void require_ok(Result<void> const &result) {
  INFO((result ? std::string{} : result.error().sentence));
  REQUIRE(result);
}

inline auto frames_of(std::vector<model::Observation> const &observations) -> std::string {
  auto frames = std::string{};
  for (auto const &observation : observations) model::append_frame(frames, observation);
  return frames;
}

/// Applies one batch of sensor 7.
inline auto apply(model::ObservationStore &store, std::vector<model::Observation> const &observations, Time received,
                  std::uint64_t position) -> std::uint64_t {
  auto const frames = frames_of(observations);
  auto const batches = std::vector{model::ReceivedBatch{{7}, received, frames}};
  return value_of(store.apply(batches, position));
}

inline auto observation(model::Kind kind, model::IpAddress source, Time time, std::uint32_t sequence = 0)
    -> model::Observation {
  auto made = model::Observation{};
  made.time = time;
  made.visit = model::Uuid::v7(time, source.low(), source.high() + 1);
  made.sequence = sequence;
  made.kind = kind;
  made.source = {source, 40'000};
  made.destination = {model::IpAddress::v4(0xc000'0201), 23};
  made.service = "telnet";
  return made;
}

}  // namespace noroshi::know::testing
