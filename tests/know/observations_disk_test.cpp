#include "tests/know/child_process.hpp"
#include "tests/know/observations_support.hpp"

using namespace noroshi;
using namespace noroshi::know::testing;
using model::IpAddress;
using model::Kind;

namespace {

constexpr auto kGroupRows = std::size_t{2'000};

/// Frames of observations with texts that do not compress: about 2 MB.
auto large_frames(std::uint64_t position) -> std::string {
  auto random = std::mt19937_64{position};
  auto frames = std::string{};
  for (auto i = std::size_t{0}; i < kGroupRows; ++i) {
    auto text = std::string{};
    for (auto j = 0; j < 64; ++j) text += fmt::format("{:016x}", random());
    model::append_frame(frames, observation(Kind::command, IpAddress::v4(7), at(3), static_cast<std::uint32_t>(i))
                                    .set(model::Field::command, text));
  }
  return frames;
}

auto apply_large(model::ObservationStore &store, std::uint64_t position) -> Result<std::uint64_t> {
  auto const frames = large_frames(position);
  return store.apply(std::vector{model::ReceivedBatch{{7}, at(3), frames}}, position);
}

/// "rows of the table, of the profile, cursor", as they should agree.
auto totals(model::ObservationStore &store) -> std::string {
  auto const stats = store.stats(kReader);
  if (!stats) return stats.error().sentence;
  auto const profile = store.profile(IpAddress::v4(7), kReader);
  if (!profile || !*profile) return "no profile";
  auto const cursor = store.cursor();
  if (!cursor) return cursor.error().sentence;
  return fmt::format("{} {} {}", stats->rows, (*profile)->observations, *cursor * kGroupRows);
}

void check_child(test::ChildOutcome const &child) {
  if (child.ended_with(test::kNotPermitted)) {
    MESSAGE("left out: this machine permits no private disk");
    return;
  }
  INFO(child.said);
  CHECK(child.ended_with(0));
}

/// All but `left` bytes.
void fill_disk(std::string const &path, std::uintmax_t left) {
  auto ballast = std::ofstream{path, std::ios::app};
  auto const block = std::string(1 << 16, 'x');
  while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
  ballast.close();
  auto const size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - std::min(size, left));
}

}  // namespace

TEST_CASE("a group that the disk may not hold is refused with a sentence, and taken when there is space") {
  auto const folder = Folder{};
  check_child(test::in_child([&](std::string &said) -> int {
    if (!test::mount_small_disk(folder.path(), "size=64m")) return test::kNotPermitted;
    auto const ballast = folder / "ballast";
    std::ofstream{ballast} << std::string(16 << 20, 'x');
    auto store = know::open_observation_store(options_in(folder));
    if (!store) return said = store.error().sentence, 1;
    auto position = std::uint64_t{1};
    auto applied = apply_large(**store, position);
    while (applied && position < 60) applied = apply_large(**store, ++position);
    if (applied) return said = "never full", 2;
    said = applied.error().sentence;
    if (applied.error().code != ErrorCode::unavailable || !said.contains("free some space") || position < 3) return 3;
    auto const all = (position - 1) * kGroupRows;
    if (totals(**store) != fmt::format("{0} {0} {0}", all)) return said = totals(**store), 4;
    std::filesystem::remove(ballast);
    applied = apply_large(**store, position);
    if (!applied) return said = applied.error().sentence, 5;
    if (totals(**store) != fmt::format("{0} {0} {0}", all + kGroupRows)) return said = totals(**store), 6;
    return 0;
  }));
}

TEST_CASE("where others fill the disk while a group is written, the store opens its database again and loses nothing") {
  auto const folder = Folder{};
  check_child(test::in_child([&](std::string &said) -> int {
    if (!test::mount_small_disk(folder.path(), "size=160m")) return test::kNotPermitted;
    auto const ballast = folder / "ballast";
    auto writes = 0;
    auto options = options_in(folder);
    options.step = [&](std::string_view step) {
      if (step != "write" || ++writes < 3) return;
      // First not even the log finds room, later the log does and the checkpoint does not.
      fill_disk(ballast, writes == 3 ? 0 : 5 << 20);
    };
    auto store = know::open_observation_store(options);
    if (!store) return said = store.error().sentence, 1;
    auto failures = 0;
    for (auto position = std::uint64_t{1}; position <= 12; ++position) {
      auto applied = apply_large(**store, position);
      if (!applied) {
        ++failures;
        said += applied.error().sentence + "\n";
        if (applied.error().code != ErrorCode::unavailable) return 2;
        std::filesystem::remove(ballast);
        applied = apply_large(**store, position);
      }
      std::filesystem::remove(ballast);
      if (!applied) return said += "again: " + applied.error().sentence, 3;
      if (totals(**store) != fmt::format("{0} {0} {0}", position * kGroupRows)) return said += totals(**store), 4;
    }
    return failures >= 2 && said.contains("has been invalidated") ? 0 : 5;
  }));
}
