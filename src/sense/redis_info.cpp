// INFO, as redis 5.0 and 6.0 write it (server.c, genRedisInfoString). Values that change are drawn from the node's own
// uptime, so that two looks agree.
#include <array>

#include <fmt/format.h>

#include "codec/resp.hpp"
#include "sense/redis_server.hpp"

namespace noroshi::sense {
namespace {

constexpr auto kSections = std::to_array<std::string_view>(
    {"server", "clients", "memory", "persistence", "stats", "replication", "cpu", "cluster", "keyspace"});

/// What an instance with few keys takes, growing a little with its age.
auto used_memory(std::int64_t uptime, std::size_t kept) -> std::int64_t {
  return 853'000 + (uptime / 3600 % 977) * 16 + static_cast<std::int64_t>(kept) * 3 / 2;
}

auto kilobytes(std::int64_t bytes) -> std::string {
  return bytes < (1 << 20) ? fmt::format("{:.2f}K", static_cast<double>(bytes) / 1024)
                           : fmt::format("{:.2f}M", static_cast<double>(bytes) / (1 << 20));
}

auto memory_section(std::int64_t uptime, std::size_t kept) -> std::string {
  auto const used = used_memory(uptime, kept);
  auto const peak = used + 57'344;
  auto const resident = used * 6;
  return fmt::format(
      "# Memory\r\nused_memory:{}\r\nused_memory_human:{}\r\nused_memory_rss:{}\r\nused_memory_rss_human:{}\r\n"
      "used_memory_peak:{}\r\nused_memory_peak_human:{}\r\nused_memory_lua:37888\r\nused_memory_lua_human:37.00K\r\n"
      "maxmemory:0\r\nmaxmemory_human:0B\r\nmaxmemory_policy:noeviction\r\nmem_fragmentation_ratio:{:.2f}\r\n"
      "mem_allocator:jemalloc-5.1.0\r\nactive_defrag_running:0\r\nlazyfree_pending_objects:0\r\n",
      used, kilobytes(used), resident, kilobytes(resident), peak, kilobytes(peak),
      static_cast<double>(resident) / static_cast<double>(used));
}

auto cpu_section(std::int64_t uptime) -> std::string {
  auto const seconds = static_cast<double>(uptime);
  return fmt::format(
      "# CPU\r\nused_cpu_sys:{:.6f}\r\nused_cpu_user:{:.6f}\r\nused_cpu_sys_children:0.000000\r\n"
      "used_cpu_user_children:0.000000\r\n",
      seconds * 0.000731, seconds * 0.000552);
}

}  // namespace

auto RedisServer::replication_section() const -> std::string {
  auto text = std::string{"# Replication\r\n"};
  if (master_host_.empty())
    text += "role:master\r\n";
  else
    text += fmt::format(
        "role:slave\r\nmaster_host:{}\r\nmaster_port:{}\r\nmaster_link_status:down\r\n"
        "master_last_io_seconds_ago:-1\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:1\r\n"
        "master_link_down_since_seconds:1\r\nslave_priority:100\r\nslave_read_only:1\r\n",
        master_host_, master_port_);
  return text + fmt::format(
                    "connected_slaves:0\r\nmaster_replid:{}\r\nmaster_replid2:{:0>40}\r\nmaster_repl_offset:0\r\n"
                    "second_repl_offset:-1\r\nrepl_backlog_active:0\r\nrepl_backlog_size:1048576\r\n",
                    machine_.run_id, "");
}

auto RedisServer::info_section(std::string_view section, Visit &visit) const -> std::string {
  auto const now = std::chrono::floor<std::chrono::seconds>(visit.now()).time_since_epoch().count();
  auto const uptime = machine_.uptime(visit.now());
  if (section == "server")
    return fmt::format(
        "# Server\r\nredis_version:{}\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:{}\r\n"
        "redis_mode:standalone\r\nos:{}\r\narch_bits:64\r\nmultiplexing_api:epoll\r\natomicvar_api:atomic-builtin\r\n"
        "gcc_version:{}\r\nprocess_id:{}\r\nrun_id:{}\r\ntcp_port:{}\r\nuptime_in_seconds:{}\r\nuptime_in_days:{}\r\n"
        "hz:10\r\nconfigured_hz:10\r\nlru_clock:{}\r\nexecutable:{}\r\nconfig_file:{}\r\n",
        machine_.version, machine_.build_id, machine_.os, machine_.gcc, machine_.pid, machine_.run_id,
        visit.encounter().destination.port, uptime, uptime / 86'400, now & 0xff'ffff, machine_.executable,
        machine_.config_file);
  if (section == "clients")
    return "# Clients\r\nconnected_clients:1\r\nclient_recent_max_input_buffer:2\r\n"
           "client_recent_max_output_buffer:0\r\nblocked_clients:0\r\n";
  if (section == "memory") return memory_section(uptime, kept_bytes_);
  if (section == "persistence")
    return fmt::format(
        "# Persistence\r\nloading:0\r\nrdb_changes_since_last_save:{}\r\nrdb_bgsave_in_progress:0\r\n"
        "rdb_last_save_time:{}\r\nrdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_sec:-1\r\n"
        "rdb_current_bgsave_time_sec:-1\r\nrdb_last_cow_size:0\r\naof_enabled:0\r\naof_rewrite_in_progress:0\r\n",
        changes_, now - uptime);
  if (section == "stats")
    return fmt::format(
        "# Stats\r\ntotal_connections_received:{}\r\ntotal_commands_processed:{}\r\ninstantaneous_ops_per_sec:0\r\n"
        "rejected_connections:0\r\nsync_full:0\r\nsync_partial_ok:0\r\nsync_partial_err:0\r\nexpired_keys:0\r\n"
        "evicted_keys:0\r\nkeyspace_hits:0\r\nkeyspace_misses:0\r\n",
        1 + uptime / 1907, commands_ + uptime / 613);
  if (section == "replication") return replication_section();
  if (section == "cpu") return cpu_section(uptime);
  if (section == "cluster") return "# Cluster\r\ncluster_enabled:0\r\n";
  auto counts = std::map<std::int64_t, std::size_t>{};
  for (auto const &[id, value] : keys_) ++counts[id.first];
  auto text = std::string{"# Keyspace\r\n"};
  for (auto const &[database, count] : counts)
    text += fmt::format("db{}:keys={},expires=0,avg_ttl=0\r\n", database, count);
  return text;
}

void RedisServer::info(Call &call) {
  if (call.words.size() > 2) return codec::resp::append_error(call.output, "ERR syntax error");
  auto const asked = call.words.size() == 2 ? lower(call.words[1]) : std::string{"default"};
  auto const everything = asked == "default" || asked == "all" || asked == "everything";
  auto text = std::string{};
  for (auto const section : kSections) {
    if (!everything && section != asked) continue;
    if (!text.empty()) text += "\r\n";
    text += info_section(section, call.visit);
  }
  codec::resp::append_bulk(call.output, text);
}

}  // namespace noroshi::sense
