#include "sense/redis_machine.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace noroshi::sense {
namespace {

constexpr auto kSecondsADay = std::int64_t{86'400};

/// What only this node shows, the same after every restart.
void vary(RedisMachine &machine, Persona const &persona) {
  auto const keyed = [&](std::string_view label) { return persona.keyed(fmt::format("redis.{}", label)); };
  machine.run_id = persona.keyed_hex("redis.run_id", 40);
  machine.pid = static_cast<std::int64_t>(400 + keyed("pid") % 1800);
  machine.uptime_period = static_cast<std::int64_t>(25 + keyed("period") % 180) * kSecondsADay;
  machine.uptime_phase = static_cast<std::int64_t>(keyed("phase") % static_cast<std::uint64_t>(machine.uptime_period));
}

}  // namespace

auto RedisMachine::create(Persona const &persona) -> Result<RedisMachine> {
  auto machine = RedisMachine{};
  auto const builds = persona.count("redis.builds");
  auto const build = builds == 0 ? std::size_t{0} : static_cast<std::size_t>(persona.keyed("redis.build") % builds);
  for (auto i = std::size_t{0}; i < std::max<std::size_t>(builds, 1); ++i) {
    auto const text = [&](std::string_view name, std::string_view otherwise) {
      return persona.text(fmt::format("redis.builds.{}.{}", i, name), otherwise);
    };
    auto const version = text("version", "5.0.7");
    auto const os = text("os", "Linux 5.4.0-42-generic x86_64");
    auto const gcc = text("gcc", "9.2.1");
    auto const build_id = text("build_id", "636cde3b5c7a3923");
    if (version.size() < 3 || version[0] < '1' || version[0] > '9' || version[1] != '.')
      return fail(ErrorCode::malformed, "persona {}: redis.builds.{}.version \"{}\"; write it as 5.0.7", persona.name(),
                  i, version);
    if (i == build) machine.version = version, machine.os = os, machine.gcc = gcc, machine.build_id = build_id;
  }
  machine.major = machine.version[0] - '0';
  machine.executable = persona.text("redis.executable", "/usr/bin/redis-server");
  machine.config_file = persona.text("redis.config_file", "/etc/redis/redis.conf");
  machine.password = persona.text("redis.password", "");
  machine.folders = persona.list("redis.folders");
  for (auto i = std::size_t{0}; i < persona.count("redis.keys"); ++i)
    machine.keys.emplace_back(persona.text(fmt::format("redis.keys.{}.name", i), ""),
                              persona.text(fmt::format("redis.keys.{}.value", i), ""));
  TRY(machine.shell, ShellMachine::create(persona));
  vary(machine, persona);
  return machine;
}

auto RedisMachine::uptime(Time now) const -> std::int64_t {
  auto const seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return (seconds + uptime_phase) % uptime_period;
}

}  // namespace noroshi::sense
