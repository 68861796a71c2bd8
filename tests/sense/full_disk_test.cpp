// A disk that is full for a while. RLIMIT_FSIZE makes writes fail as ENOSPC does, without needing a disk of our own.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <csignal>

#include "running_server.hpp"
#include "sense/spool.hpp"

namespace {

using namespace noroshi;
using namespace noroshi::sense;
using namespace noroshi::sense::test;

/// Files of this process may not grow past `bytes` while this lives.
class FullDisk {
public:
  explicit FullDisk(rlim_t bytes) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    auto const limited = rlimit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limited) == 0);
  }
  FullDisk(FullDisk const &) = delete;
  auto operator=(FullDisk const &) -> FullDisk & = delete;
  ~FullDisk() { CHECK(::setrlimit(RLIMIT_FSIZE, &before_) == 0); }

private:
  rlimit before_{};
};

auto frame(std::uint32_t sequence) -> std::string {
  auto const text = std::string(1000, 'x');
  auto seen = model::Observation{};
  seen.time = *parse_rfc3339("2026-11-21T09:30:00Z");
  seen.sequence = sequence;
  seen.kind = model::Kind::command;
  seen.set(model::Field::command, std::string_view{text});
  auto bytes = std::string{};
  model::append_frame(bytes, seen);
  return bytes;
}

}  // namespace

TEST_CASE("while the disk is full frames wait in bounded memory, then are counted; afterwards nothing kept is torn") {
  auto const folder = TemporaryFolder{};
  auto descriptor = open_file(folder.path(), O_RDONLY | O_DIRECTORY);
  REQUIRE(descriptor);
  auto spool = Spool::create(std::move(*descriptor), {std::uint64_t{1} << 30, 1});
  REQUIRE(spool);
  auto &lane = (*spool)->lane(0);
  auto kept = std::uint64_t{0};
  auto next = std::uint32_t{0};
  {
    auto const full = FullDisk{50'000};
    for (; next < 10'000; ++next) {  // 10 MB: more than a lane may hold
      kept += lane.append(frame(next), 1) ? 1 : 0;
      lane.flush();
    }
  }
  CHECK((*spool)->counters().failures > 0);
  CHECK((*spool)->counters().lost == 10'000 - kept);
  CHECK(kept > 1'000);
  CHECK(kept < 6'000);
  (*spool)->start([] { return std::string{"{}"}; });
  lane.close();  // space is back
  (*spool)->stop();
  auto const all = read_spool(folder.path());
  CHECK(all.size() == kept);
  for (auto i = std::size_t{0}; i < all.size(); ++i) CHECK(all[i]->sequence == i);
}
